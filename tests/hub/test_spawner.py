"""Servers through the real hub: who gets one, of what it is made, and what the page says to whoever does not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import docker
import pytest

from core.audit.log import entries
from core.people.models import SystemActor
from hub.container import RESEARCHER
from hub.models import ServerState
from hub.names import network_name
from hub.servers import move, servers_of
from tests.support.hub import (
    House,
    RunningHub,
    Visitor,
    change_project,
    containers_of,
    end_membership,
    hub_settings,
    running_hub,
)


def events(hub: RunningHub, subject: str) -> list[str]:
    with hub.database.read() as connection:
        return [entry.action for entry, _ in entries(connection, subject=subject)]


def wait_until_down(hub: RunningHub, username: str) -> None:
    deadline = monotonic() + 10
    while servers_of(hub.database, username):
        assert monotonic() < deadline, "The server is still on record after ten seconds."
        sleep(0.1)


@pytest.fixture
def rosa(house: House) -> str:
    return house.person("rosa")


@pytest.fixture
def study(house: House, rosa: str) -> str:
    return house.project(rosa)


@pytest.fixture
def visitor(hub: RunningHub, rosa: str) -> Visitor:
    return hub.visitor(rosa)


@pytest.fixture
def running(hub: RunningHub, visitor: Visitor, rosa: str, study: str) -> Any:
    """Rosa's running server, as Docker describes it."""
    answer = visitor.spawn(rosa, study)
    assert answer.is_success, answer.text
    (container,) = containers_of(study)
    return container


class TestWhatItIs:
    def test_it_opens_at_an_address_of_its_own(self, visitor: Visitor, rosa: str, study: str) -> None:
        answer = visitor.spawn(rosa, study)
        assert answer.url.host == f"{rosa}.notebooks.localhost"
        assert answer.url.path == f"/user/{rosa}/{study}/lab"

    def test_it_sees_the_cut_the_team_and_its_own_home(
        self, running: Any, hub: RunningHub, rosa: str, study: str
    ) -> None:
        state = hub.settings.state
        mounts = {m["Destination"]: (m["Source"], m["RW"]) for m in running.attrs["Mounts"]}
        assert mounts == {
            "/data": (f"{state}/cuts/{study}/1", False),
            "/team": (f"{state}/teams/{study}", True),
            "/home/researcher": (f"{state}/homes/{study}/{rosa}", True),
        }

    def test_it_is_confined(self, running: Any, hub: RunningHub, study: str) -> None:
        config = running.attrs["HostConfig"]
        assert config["CapDrop"] == ["ALL"]
        assert config["CapAdd"] is None
        assert config["SecurityOpt"] == ["no-new-privileges:true"]
        assert config["ReadonlyRootfs"]
        assert not config["Privileged"]
        assert (config["Memory"], config["MemorySwap"]) == (4 << 30, 4 << 30)
        assert config["CpuQuota"] / config["CpuPeriod"] == hub.settings.server_cpus
        assert config["PidsLimit"] == hub.settings.server_pids
        assert config["Dns"] == ["203.0.113.53"]
        assert config["NetworkMode"] == network_name(hub.settings, study)
        assert not config["PortBindings"]
        assert running.attrs["Config"]["User"] == f"{RESEARCHER}:{RESEARCHER}"

    def test_it_is_told_one_secret_only(self, running: Any) -> None:
        told = dict(line.split("=", 1) for line in running.attrs["Config"]["Env"])
        token = told["JUPYTERHUB_API_TOKEN"]
        secrets = {name for name, value in told.items() if value == token}
        assert secrets == {"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"}
        assert not {name for name in told if "SECRET" in name or "PASSWORD" in name or "COOKIE_SECRET" in name}

    def test_what_the_browser_asks_for_is_not_read(
        self, hub: RunningHub, visitor: Visitor, rosa: str, study: str
    ) -> None:
        asked = {"image": "myelin-test/evil", "mounts": [{"source": "/", "target": "/host", "type": "bind"}]}
        answer = visitor.api("POST", f"/users/{rosa}/servers/{study}", json=asked)
        assert answer.is_success, answer.text
        (container,) = containers_of(study)
        assert container.attrs["Config"]["Image"] == hub.settings.notebook_image
        assert "/host" not in {m["Destination"] for m in container.attrs["Mounts"]}

    def test_start_and_stop_are_on_record_as_intent_and_outcome(
        self, running: Any, hub: RunningHub, visitor: Visitor, rosa: str, study: str
    ) -> None:
        assert [server.state for server in servers_of(hub.database, rosa)] == [ServerState.RUNNING]
        assert visitor.api("DELETE", f"/users/{rosa}/servers/{study}").is_success
        wait_until_down(hub, rosa)
        steps = ["start", "started", "stop", "stopped"]
        assert events(hub, f"server:{rosa}/{study}") == [f"hub:server:{step}" for step in steps]
        assert containers_of(study) == []

    def test_what_was_stopped_starts_anew(
        self, running: Any, hub: RunningHub, visitor: Visitor, rosa: str, study: str
    ) -> None:
        visitor.api("DELETE", f"/users/{rosa}/servers/{study}")
        wait_until_down(hub, rosa)
        assert visitor.spawn(rosa, study).is_success
        (again,) = containers_of(study)
        assert again.id != running.id
        assert again.attrs["Config"]["Env"] != running.attrs["Config"]["Env"]


class TestRefusals:
    def assert_refused(self, hub: RunningHub, visitor: Visitor, rosa: str, server: str, says: str) -> None:
        answer = visitor.spawn(rosa, server)
        assert answer.status_code == 403
        assert says in answer.text
        assert containers_of(server) == []
        assert events(hub, f"server:{rosa}/{server}")[-1] == "hub:server:refuse"

    def test_no_server_without_a_project(self, hub: RunningHub, visitor: Visitor, rosa: str) -> None:
        self.assert_refused(hub, visitor, rosa, "", "Open one of your projects at http://portal.localhost")

    def test_no_server_of_a_project_there_is_not(self, hub: RunningHub, visitor: Visitor, rosa: str) -> None:
        self.assert_refused(hub, visitor, rosa, "no-such-study", "no-such-study")

    def test_no_server_of_somebody_elses_project(
        self, house: House, hub: RunningHub, visitor: Visitor, rosa: str
    ) -> None:
        self.assert_refused(hub, visitor, rosa, house.project(house.person("lena")), "not in the team")

    def test_no_server_after_leaving_the_team(self, hub: RunningHub, visitor: Visitor, rosa: str, study: str) -> None:
        end_membership(hub.database, study, rosa)
        self.assert_refused(hub, visitor, rosa, study, "not in the team")

    def test_no_server_of_a_suspended_project(self, hub: RunningHub, visitor: Visitor, rosa: str, study: str) -> None:
        change_project(hub.database, study, state="suspended")
        self.assert_refused(hub, visitor, rosa, study, "suspended")

    def test_nobody_starts_anothers_server(self, house: House, hub: RunningHub, visitor: Visitor) -> None:
        lena = house.person("lena")
        study = house.project(lena)
        assert visitor.spawn(lena, study).status_code == 404
        assert visitor.api("POST", f"/users/{lena}/servers/{study}").status_code == 404

    def test_one_projects_server_at_a_time(
        self, running: Any, house: House, hub: RunningHub, visitor: Visitor, rosa: str, study: str
    ) -> None:
        other = house.project(rosa)
        answer = visitor.spawn(rosa, other)
        assert answer.status_code == 403
        assert f"Your server in {study} is running" in answer.text
        assert f"{hub.settings.hub_url}/hub/home" in answer.text
        assert containers_of(other) == []
        home = visitor.get("/hub/home").text
        assert study in home
        assert other not in home

    def test_a_server_on_record_elsewhere_counts(
        self, house: House, hub: RunningHub, visitor: Visitor, rosa: str, study: str
    ) -> None:
        other = house.project(rosa)
        move(hub.database, SystemActor("hub"), rosa, other, ServerState.RUNNING, "hub:server:started")
        self.assert_refused(hub, visitor, rosa, study, f"Your server in {other} is running")


@pytest.fixture
def dying_image() -> Iterator[str]:
    """An image whose program says something and ends at once."""
    client = docker.from_env()
    container = client.containers.create("myelin/notebook:latest")
    container.commit("myelin-test/dies", "latest", changes='CMD ["sh", "-c", "echo a row of data; exit 3"]')
    container.remove()
    yield "myelin-test/dies:latest"
    client.images.remove("myelin-test/dies:latest")


def test_a_server_that_dies_at_start_says_so(tmp_path: Path, provider: int, dying_image: str) -> None:
    with running_hub(hub_settings(tmp_path, provider, notebook_image=dying_image)) as hub:
        house = House(hub)
        rosa = house.person()
        study = house.project(rosa)
        answer = hub.visitor(rosa).spawn(rosa, study)
        assert answer.status_code == 503
        assert "Your server stopped while it was starting." in answer.text
        assert "a row of data" not in answer.text
        said = hub.log.read_text()  # how it ended, and how much it said, but not a word of it (ADR 2)
        assert "died at start: exit code 3, out of memory: False, 14 bytes of output" in said
        assert "a row of data" not in said
        assert events(hub, f"server:{rosa}/{study}") == ["hub:server:start", "hub:server:failed"]
        assert containers_of(study) == []


def test_a_server_whose_image_is_missing_says_so(tmp_path: Path, provider: int) -> None:
    with running_hub(hub_settings(tmp_path, provider, notebook_image="myelin-test/none:latest")) as hub:
        house = House(hub)
        rosa = house.person()
        study = house.project(rosa)
        answer = hub.visitor(rosa).spawn(rosa, study)
        assert answer.status_code == 503
        assert "the hub&#39;s log holds the reason" in answer.text
        assert servers_of(hub.database, rosa) == []


class TestRestart:
    """The hub's own end is not the servers': people's work goes on, and the hub knows it again."""

    def test_a_running_server_is_known_again(self, tmp_path: Path, provider: int) -> None:
        settings = hub_settings(tmp_path, provider)
        with running_hub(settings) as hub:
            house = House(hub)
            rosa = house.person()
            study, other = house.project(rosa), house.project(rosa)
            visitor = hub.visitor(rosa)
            assert visitor.spawn(rosa, study).is_success
            (before,) = containers_of(study)
            hub.restart()
            (after,) = containers_of(study)
            assert (after.id, after.status) == (before.id, "running")
            assert visitor.spawn(rosa, study).url.path.endswith("/lab")
            assert f"Your server in {study} is running" in visitor.spawn(rosa, other).text

    def test_a_server_that_ended_meanwhile_starts_anew(self, tmp_path: Path, provider: int) -> None:
        with running_hub(hub_settings(tmp_path, provider)) as hub:
            house = House(hub)
            rosa = house.person()
            study = house.project(rosa)
            visitor = hub.visitor(rosa)
            assert visitor.spawn(rosa, study).is_success
            (before,) = containers_of(study)
            before.kill()
            hub.restart()
            assert visitor.spawn(rosa, study).is_success
            (after,) = containers_of(study)
            assert after.id != before.id


def test_of_two_servers_asked_for_at_once_one_starts_at_most(
    house: House, hub: RunningHub, visitor: Visitor, rosa: str
) -> None:
    studies = [house.project(rosa), house.project(rosa)]
    with ThreadPoolExecutor(2) as both:
        for _ in both.map(lambda study: visitor.api("POST", f"/users/{rosa}/servers/{study}"), studies):
            pass
    assert sum(len(containers_of(study)) for study in studies) <= 1
