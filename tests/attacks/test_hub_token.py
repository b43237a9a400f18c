"""What the token in a container can do at the hub: say that it is alive, open its own server; nothing else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from tests.support.hub import House, RunningHub, containers_of
from tests.support.outside import run_inside

CALL = """
import json, os, sys, urllib.error, urllib.request
def call(method, path, body):
    request = urllib.request.Request(
        os.environ["JUPYTERHUB_API_URL"] + path,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"], "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
print(json.dumps([call(*each) for each in json.loads(sys.argv[1])]))
"""


@dataclass
class Servers:
    """Rosa's running server, another project of hers, and Lena's running server."""

    rosa: str
    study: str
    second: str
    lena: str
    other: str
    container: Any

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the hub from inside Rosa's container with its own token."""
        path = path.format(**self.__dict__)
        ((status, text),) = json.loads(run_inside(self.container, CALL, json.dumps([[method, path, body]])))
        return status, json.loads(text) if text else None


@pytest.fixture(scope="module")
def servers(hub: RunningHub) -> Iterator[Servers]:
    house = House(hub)
    rosa, lena = house.person("rosa"), house.person("lena")
    study, second, other = house.project(rosa), house.project(rosa), house.project(lena)
    for username, project_id in ((rosa, study), (lena, other)):
        assert hub.visitor(username).spawn(username, project_id).is_success
    (container,) = containers_of(study)
    yield Servers(rosa, study, second, lena, other, container)
    for running in containers_of(study) + containers_of(other):
        running.remove(force=True)


def test_the_hub_says_what_the_token_is(servers: Servers) -> None:
    """What the egress API relies on: the person's name, and one scope that names the server."""
    status, said = servers.call("GET", "/user")
    assert status == 200
    assert {**said, "last_activity": None, "token_id": None} == {
        "kind": "user",
        "name": servers.rosa,
        "token_id": None,
        "session_id": None,
        "scopes": [
            f"access:servers!server={servers.rosa}/{servers.study}",
            f"custom:egress:submit!server={servers.rosa}/{servers.study}",
            f"read:users:activity!user={servers.rosa}",
            f"read:users:groups!user={servers.rosa}",
            f"read:users:name!user={servers.rosa}",
            f"users:activity!user={servers.rosa}",
        ],
        "admin": False,
        "groups": [],
        "last_activity": None,
        "user_info": None,
    }


def test_it_may_say_that_it_is_alive(servers: Servers) -> None:
    activity = {"servers": {servers.study: {"last_activity": "2026-01-01T00:00:00Z"}}}
    assert servers.call("POST", "/users/{rosa}/activity", activity)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users", None),
        ("GET", "/users/{lena}", None),
        ("GET", "/users?state=active", None),
        ("GET", "/groups", None),
        ("GET", "/services", None),
        ("GET", "/proxy", None),
        ("GET", "/info", None),
        ("GET", "/users/{rosa}/tokens", None),
        ("GET", "/users/{lena}/tokens", None),
        ("POST", "/users/{rosa}/tokens", {"scopes": ["custom:egress:submit"]}),
        ("POST", "/users/{rosa}/tokens", {"roles": ["user"]}),
        ("POST", "/users/{lena}/tokens", {}),
        ("POST", "/users/{rosa}/server", {}),
        ("POST", "/users/{rosa}/servers/{second}", {}),
        ("POST", "/users/{lena}/servers/{other}", {}),
        ("DELETE", "/users/{rosa}/servers/{study}", None),
        ("DELETE", "/users/{lena}/servers/{other}", None),
        ("POST", "/users/{lena}/activity", {"last_activity": "2026-01-01T00:00:00Z"}),
        ("GET", "/users/{lena}/servers/{other}/progress", None),
        ("POST", "/users/mallory", {}),
        ("PATCH", "/users/{rosa}", {"admin": True}),
        ("DELETE", "/users/{rosa}", None),
        ("POST", "/groups/any", {}),
        ("POST", "/groups/any/users", {"users": ["rosa"]}),
        ("POST", "/shares/{rosa}/{study}", {"user": "lena"}),
        ("POST", "/share-codes/{rosa}/{study}", {}),
        ("POST", "/shutdown", {}),
        ("POST", "/proxy", {}),
        ("GET", "/authorizations/token/abc", None),
    ],
)
def test_it_may_do_nothing_else(servers: Servers, method: str, path: str, body: Any) -> None:
    status, said = servers.call(method, path, body)
    assert status in (403, 404)
    assert set(said) == {"status", "message"}


def test_it_reads_nothing_of_its_own_person_but_name_and_activity(servers: Servers) -> None:
    status, said = servers.call("GET", "/users/{rosa}")
    assert status == 200
    assert set(said) == {"kind", "name", "admin", "groups", "last_activity", "user_info"}
    assert (said["admin"], said["groups"], said["user_info"]) == (False, [], None)


def test_the_metrics_are_closed_to_it(servers: Servers) -> None:
    program = """
import os, urllib.error, urllib.request
url = os.environ["JUPYTERHUB_API_URL"].replace("/api", "/metrics")
request = urllib.request.Request(url, headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
try:
    print(urllib.request.urlopen(request, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
    assert run_inside(servers.container, program).strip() == "403"


def test_it_is_void_once_the_server_stopped(hub: RunningHub) -> None:
    house = House(hub)
    rosa = house.person()
    study = house.project(rosa)
    visitor = hub.visitor(rosa)
    visitor.spawn(rosa, study)
    (container,) = containers_of(study)
    told = dict(line.split("=", 1) for line in container.attrs["Config"]["Env"])
    headers = {"Authorization": f"token {told['JUPYTERHUB_API_TOKEN']}"}
    assert httpx.get(f"{hub.api}/user", headers=headers).status_code == 200
    assert visitor.api("DELETE", f"/users/{rosa}/servers/{study}").is_success
    deadline = monotonic() + 10
    while httpx.get(f"{hub.api}/user", headers=headers).status_code == 200:
        assert monotonic() < deadline
        sleep(0.1)
    assert httpx.get(f"{hub.api}/user", headers=headers).status_code == 403
