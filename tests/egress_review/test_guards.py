"""What the database itself refuses, on both engines: raw SQL against each wall, and again with the wall gone."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.guards import all_statements
from core.people.models import Person, Role
from core.people.service import confirm_role, propose_role
from core.settings import Settings
from egress_review.models import State, Verdict
from tests.egress_review.world import PROJECT, World, build_world
from tests.support.guards import run, tear_down

ROOM = ("release_request", "release_round", "request_file", "finding", "vote", "comment", "decision")
KEPT_BY_CORE = {"update", "delete", "replace", "change"}
AT = "2026-06-01T09:00:00.000000Z"


def vote(request_id: str, checker: str) -> str:
    return f"INSERT INTO vote VALUES ('{request_id}', 1, 1, '{checker}', 'approve', '{AT}')"


def submitted(world: World) -> str:
    return world.bring_to(State.SUBMITTED)


def withdrawn(world: World) -> str:
    request_id = world.bring_to(State.SUBMITTED)
    world.withdraw(request_id)
    return request_id


def draft_without_files(world: World) -> str:
    run(world.database, f"INSERT INTO release_request VALUES ('bare', '{PROJECT}', 'rosa', 'draft', 1, '{AT}')")
    return "bare"


def with_a_change_asked_for(world: World) -> str:
    request_id = world.bring_to(State.PARTLY_REVIEWED)
    world.review(request_id, "chloe", Verdict.CHANGE)
    return request_id


def with_one_approval(world: World) -> str:
    request_id = world.bring_to(State.PARTLY_REVIEWED)
    run(world.database, f"UPDATE release_request SET state = 'reviewed' WHERE id = '{request_id}'")
    return request_id


def approved_by_somebody_who_then_joined(world: World) -> str:
    request_id = world.bring_to(State.APPROVED)
    run(world.database, f"INSERT INTO membership VALUES ('{PROJECT}', 'chloe', '{AT}', 'researcher', NULL)")
    return request_id


def with_a_checker_in_the_team(world: World) -> str:
    grant = propose_role(world.database, world.people["olga"], "lena", Role.CHECKER)
    confirm_role(world.database, world.people["otto"], grant.id)
    return submitted(world)


def with_two_votes_already(world: World) -> str:
    request_id = world.bring_to(State.PARTLY_REVIEWED)
    run(world.database, vote(request_id, "chloe"))
    return request_id


@dataclass(frozen=True)
class Attack:
    """Something somebody with the database in their hands would try, and the guard that stands against it."""

    table: str
    guard: str
    name: str
    sql: Callable[[str], str]
    prepare: Callable[[World], str] = field(default=submitted)


def to_state(state: str, round_: int = 1) -> Callable[[str], str]:
    return lambda request: f"UPDATE release_request SET state = '{state}', round = {round_} WHERE id = '{request}'"


ATTACKS = [
    Attack(
        "release_request",
        "birth",
        "a request born released",
        lambda _: f"INSERT INTO release_request VALUES ('forged', '{PROJECT}', 'rosa', 'released', 1, '{AT}')",
    ),
    Attack("release_request", "state", "a step skipped", to_state("reviewed")),
    Attack("release_request", "state", "a withdrawn request revived", to_state("submitted"), withdrawn),
    Attack("release_request", "state", "a round without a return", to_state("withdrawn", 2)),
    Attack("release_request", "files", "a submission of nothing", to_state("submitted"), draft_without_files),
    Attack("release_request", "two_approvals", "one approval", to_state("approved"), with_one_approval),
    Attack("release_request", "two_approvals", "a change asked for", to_state("approved"), with_a_change_asked_for),
    Attack(
        "release_request",
        "two_approvals",
        "an approval by a later member",
        to_state("released"),
        approved_by_somebody_who_then_joined,
    ),
    Attack(
        "release_round",
        "draft",
        "a round slipped in",
        lambda request: (
            f"INSERT INTO release_round VALUES ('{request}', 2, '{AT}', '{'a' * 64}', '1', '{'b' * 64}', '{'c' * 64}')"
        ),
    ),
    Attack(
        "request_file",
        "draft",
        "a file slipped in after submission",
        lambda request: f"INSERT INTO request_file VALUES ('{request}', 1, 2, '{'d' * 64}', 5)",
    ),
    Attack(
        "finding",
        "draft",
        "a finding slipped in",
        lambda request: f"INSERT INTO finding VALUES ('{request}', 1, 1, 99, 'counts', 'low', 'pass', '{'e' * 64}')",
    ),
    Attack("vote", "open", "a vote on a settled request", lambda request: vote(request, "carl"), withdrawn),
    Attack(
        "vote",
        "team",
        "a vote by the team's own checker",
        lambda request: vote(request, "lena"),
        with_a_checker_in_the_team,
    ),
    Attack("vote", "checker", "a vote by somebody without the role", lambda request: vote(request, "ravi")),
    Attack("vote", "two", "a third review", lambda request: vote(request, "carl"), with_two_votes_already),
]


@pytest.fixture
def world(owned_database: Database, settings: Settings, people: dict[str, Person]) -> World:
    """A world in the hands of the database's owner: what is refused here, guards refuse, not missing rights."""
    return build_world(owned_database, settings, people)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.table}.{attack.guard}: {attack.name}")
def test_the_wall_holds_and_without_it_the_attack_works(world: World, attack: Attack) -> None:
    request_id = attack.prepare(world)
    with pytest.raises(DBAPIError, match=_message(world.database, attack)):
        run(world.database, attack.sql(request_id))
    tear_down(world.database, attack.table, attack.guard)
    run(world.database, attack.sql(request_id))


def _message(database: Database, attack: Attack) -> str:
    """What this very guard says, so that no other one is taken for it."""
    mine = [s for s in all_statements(database.engine.dialect.name) if f"guard_{attack.table}_{attack.guard}" in s]
    return mine[0].split("'")[-2]


def test_every_wall_of_this_room_is_attacked() -> None:
    triggers = [statement.split()[2] for statement in all_statements("sqlite")]
    starts = [(table, f"guard_{table}_") for table in ROOM]
    standing = {(table, name.removeprefix(start)) for table, start in starts for name in triggers if start in name}
    own = {(table, guard) for table, guard in standing if guard not in KEPT_BY_CORE}
    assert own == {(attack.table, attack.guard) for attack in ATTACKS}


KEPT = {
    "release_round": "text_ref",
    "request_file": "sha256",
    "finding": "status",
    "vote": "verdict",
    "comment": "author",
    "decision": "decided_by",
    "release_request": "author",
}


def overwrite(database: Database, table: str) -> str:
    """SQL that inserts a table's rows once more over themselves, with one column changed."""
    if database.engine.dialect.name == "sqlite":
        return f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    change = f"ON CONFLICT ON CONSTRAINT pk_{table} DO UPDATE SET {KEPT[table]} = 'pass'"
    return f"INSERT INTO {table} SELECT * FROM {table} {change}"


def rewriting(database: Database, table: str) -> dict[str, str]:
    """SQL that would change or remove what a table holds, and what the refusal of each says."""
    attempts = {
        f"UPDATE {table} SET {KEPT[table]} = 'pass'": r"append-only|can not change",
        f"DELETE FROM {table}": r"append-only|are kept",
        overwrite(database, table): r"append-only|are kept|as draft|does not change|under review",
    }
    if database.engine.dialect.name == "postgresql":
        attempts[f"TRUNCATE {table} CASCADE"] = "are kept"
    return attempts


def test_nothing_that_was_written_can_be_changed_or_removed(world: World) -> None:
    world.bring_to(State.RETURNED)  # every table of this room has a row now
    for table in KEPT:
        for sql, message in rewriting(world.database, table).items():
            with pytest.raises(DBAPIError, match=message):
                run(world.database, sql)
