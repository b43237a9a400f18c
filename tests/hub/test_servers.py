"""Servers on record, on both databases: every move is written with its audit row, and only what is up is listed."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from core.audit.log import entries
from core.database import Database
from core.errors import NotFound
from core.people.models import Person, SystemActor
from hub.errors import SpawnRefused
from hub.models import Server, ServerState
from hub.servers import move, record_refusal, request_stop, servers_of, servers_up, settle
from hub.tables import notebook_server
from tests.conftest import HandClock
from tests.support.projects import insert_project

HUB = SystemActor("hub")
STUDY = "study"


@pytest.fixture(autouse=True)
def _study(database: Database, people: dict[str, Person]) -> None:
    today = database.clock().date()
    with database.write(HUB) as tx:
        insert_project(tx, STUDY, "lena", "dirk", today, today + timedelta(days=1))
        tx.record("projects:project:create", f"project:{STUDY}")


def put(database: Database, state: ServerState) -> None:
    move(database, HUB, "rosa", STUDY, state, f"hub:server:{state}")


def history(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(entry.actor, entry.action) for entry, _ in entries(connection, subject=f"server:rosa/{STUDY}")]


def test_a_server_is_known_by_its_last_state(database: Database, clock: HandClock) -> None:
    put(database, ServerState.STARTING)
    clock.turn(seconds=3)
    put(database, ServerState.RUNNING)
    assert servers_of(database, "rosa") == [Server("rosa", STUDY, ServerState.RUNNING, clock.now)]
    assert servers_up(database) == servers_of(database, "rosa")
    assert servers_of(database, "ravi") == []


def test_a_stopped_server_is_not_listed(database: Database) -> None:
    put(database, ServerState.RUNNING)
    put(database, ServerState.STOPPED)
    assert servers_of(database, "rosa") == servers_up(database) == []


def test_one_may_have_ones_own_server_stopped(database: Database, people: dict[str, Person]) -> None:
    put(database, ServerState.RUNNING)
    request_stop(database, people["rosa"], STUDY)
    assert [server.state for server in servers_of(database, "rosa")] == [ServerState.STOPPING]
    assert history(database)[-1] == ("person:rosa", "hub:server:stop")


def test_nobody_has_anothers_server_stopped(database: Database, people: dict[str, Person]) -> None:
    put(database, ServerState.RUNNING)
    with pytest.raises(NotFound, match="lena has no server"):
        request_stop(database, people["lena"], STUDY)


def test_the_end_is_recorded_once(database: Database) -> None:
    put(database, ServerState.RUNNING)
    settle(database, HUB, "rosa", STUDY, "hub:server:stopped")
    settle(database, HUB, "rosa", STUDY, "hub:server:ended")
    assert [action for _, action in history(database)] == ["hub:server:running", "hub:server:stopped"]


def test_a_refusal_keeps_the_kind_of_reason_and_not_its_words(database: Database) -> None:
    record_refusal(database, HUB, "rosa", STUDY, SpawnRefused("Your server in another-study is running."))
    with database.read() as connection:
        ((entry, _),) = entries(connection, subject=f"server:rosa/{STUDY}")
    assert entry.detail == {"reason": "SpawnRefused"}
    assert servers_of(database, "rosa") == []


def test_a_server_of_no_project_can_not_be_recorded(database: Database) -> None:
    with pytest.raises(IntegrityError):
        move(database, HUB, "rosa", "no-study", ServerState.RUNNING, "hub:server:started")


def test_an_unknown_state_can_not_be_recorded(database: Database) -> None:
    values = {"username": "rosa", "project_id": STUDY, "state": "paused", "changed_at": database.clock()}
    with pytest.raises(IntegrityError), database.write(HUB) as tx:
        tx.execute(insert(notebook_server).values(values))
