"""Signing in to the real hub with the real provider: only people with an open account, and only while it is open."""

import subprocess
import sys
from time import monotonic, sleep

import pytest
from sqlalchemy import insert, update

from core.audit.log import entries
from core.people.models import Role
from core.people.service import person_by_username
from core.people.sessions import end_other_sessions
from core.people.tables import person, role_grant
from core.settings import Settings
from data_catalog.tables import edition
from hub.firewall import remove_firewall
from hub.sign_in import RECHECK_SECONDS
from tests.support.hub import CHECKOUT, SETUP, House, RunningHub, Visitor, environment_of, hub_settings
from tests.support.provider import know


def actions(hub: RunningHub, subject: str) -> list[str]:
    with hub.database.read() as connection:
        return [entry.action for entry, _ in entries(connection, subject=subject)]


def close_account(hub: RunningHub, username: str) -> None:
    with hub.database.write(SETUP) as tx:
        tx.execute(update(person).where(person.c.username == username).values(active=False))
        tx.record("core:person:close", f"person:{username}")


def test_somebody_with_an_account_is_let_in_under_their_own_name(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    answer = Visitor(hub).sign_in(f"subject-{rosa}")
    assert answer.url.path == "/hub/home"
    assert rosa in answer.text
    assert actions(hub, f"person:{rosa}") == ["core:sign-in:accept", "core:session:open"]


def test_the_hubs_pages_say_that_there_are_synthetic_data(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    visitor = Visitor(hub)
    assert "Synthetic data." not in visitor.sign_in(f"subject-{rosa}").text
    made = {"dataset_id": "drawn", "number": 1, "declaration": "", "manifest_sha256": "0" * 64, "rows": 0, "bytes": 0}
    with hub.database.write(SETUP) as tx:
        facts = {**made, "synthetic": True, "published_by": rosa, "published_at": tx.now}
        tx.execute(insert(edition).values(facts))
        tx.record("data_catalog:edition:publish", "edition:drawn-1")
    for path in ("/hub/home", "/hub/nowhere"):
        assert "Synthetic data." in visitor.get(path).text


def test_a_stranger_is_told_what_to_do(hub: RunningHub) -> None:
    visitor = Visitor(hub)
    answer = visitor.sign_in("a-stranger")
    assert answer.status_code == 403
    assert "There is no such person here" in answer.text
    assert visitor.get("/hub/home").url.host == "id.localhost"
    with hub.database.read() as connection:
        refused = [entry for entry, _ in entries(connection) if entry.action == "core:sign-in:refuse"]
    assert refused[-1].subject.startswith("subject:")
    assert "stranger" not in refused[-1].subject


def test_the_subject_decides_and_not_the_name(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    assert Visitor(hub).sign_in(rosa).status_code == 403


def test_a_closed_account_is_refused(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    close_account(hub, rosa)
    answer = Visitor(hub).sign_in(f"subject-{rosa}")
    assert answer.status_code == 403
    assert "This account is closed" in answer.text


def test_a_password_alone_is_refused_where_a_role_asks_for_more(hub: RunningHub, house: House, provider: int) -> None:
    rosa = house.person()
    with hub.database.write(SETUP) as tx:
        word = {"proposed_by": rosa, "proposed_at": tx.now, "confirmed_by": "setup", "confirmed_at": tx.now}
        tx.execute(insert(role_grant).values(id=f"grant-{rosa}"[:16], username=rosa, role=Role.DATA_MANAGER, **word))
        tx.record("core:role:grant", f"person:{rosa}")
    know(provider, f"subject-{rosa}", ["pwd"])
    answer = Visitor(hub).sign_in(f"subject-{rosa}")
    assert answer.status_code == 403
    assert "You signed in without a second factor" in answer.text
    know(provider, f"subject-{rosa}", ["pwd", "otp"])
    assert Visitor(hub).sign_in(f"subject-{rosa}").url.path == "/hub/home"


def test_a_sign_in_ends_the_one_before_in_another_browser(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    first = hub.visitor(rosa)
    assert first.api("GET", f"/users/{rosa}").is_success
    second = hub.visitor(rosa)
    assert not first.api("GET", f"/users/{rosa}").is_success
    assert second.api("GET", f"/users/{rosa}").is_success


def test_a_session_ended_at_the_portal_ends_at_the_hub(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    visitor = hub.visitor(rosa)
    end_other_sessions(hub.database, person_by_username(hub.database, rosa), "the portal's token")
    deadline = monotonic() + RECHECK_SECONDS + 2
    while visitor.api("GET", f"/users/{rosa}").is_success:
        assert monotonic() < deadline, "The session still stands."
        sleep(0.5)


def test_a_session_ends_soon_after_the_account_is_closed(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    visitor = hub.visitor(rosa)
    assert visitor.api("GET", f"/users/{rosa}").is_success
    close_account(hub, rosa)
    deadline = monotonic() + RECHECK_SECONDS + 2
    while visitor.api("GET", f"/users/{rosa}").is_success:
        assert monotonic() < deadline, "The session still stands."
        sleep(0.5)
    assert visitor.get("/hub/home").url.host == "id.localhost"


def test_a_server_is_refused_at_once_when_the_account_is_closed(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    study = house.project(rosa)
    visitor = hub.visitor(rosa)
    close_account(hub, rosa)
    assert visitor.spawn(rosa, study).status_code == 403


def test_after_signing_in_one_is_sent_to_the_portal(hub: RunningHub, house: House) -> None:
    visitor = hub.visitor(house.person())
    answer = visitor.client.get(f"{hub.settings.hub_url}/hub/", follow_redirects=False)
    assert answer.headers["location"] == hub.settings.portal_url


def test_nobody_is_an_administrator_and_nobody_makes_tokens(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    visitor = hub.visitor(rosa)
    assert visitor.get("/hub/admin").status_code == 403
    assert visitor.api("POST", f"/users/{rosa}/tokens", json={}).status_code == 403
    assert visitor.api("GET", "/users").status_code == 403
    assert visitor.api("GET", f"/users/{rosa}").json()["admin"] is False


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "The sign-in provider http://id.localhost"),
        ({"oidc_issuer": "https://id.example.org"}, "The portal http://portal.localhost:8090"),
    ],
)
def test_in_production_the_hub_does_not_start_with_the_demos_provider(
    tmp_path_factory: pytest.TempPathFactory, provider: int, wrong: dict[str, str], says: str
) -> None:
    settings = hub_settings(tmp_path_factory.mktemp("production"), provider, mode="production", **wrong)
    ended = start_and_end(settings)
    assert ended.returncode != 0
    assert says in ended.stderr
    assert "is for a demo only" in ended.stderr
    remove_firewall(settings)


def start_and_end(settings: Settings) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jupyterhub", "-f", str(CHECKOUT / "jupyterhub_config.py")]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment_of(settings)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, cwd="/")
