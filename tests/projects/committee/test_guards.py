"""What the database itself refuses of applications, votes and rules, on both engines: raw SQL against each wall, and
again with it gone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.applications.exemptions import answer_exemption, ask_exemption
from projects.applications.service import apply_from_file, begin_application, save_answer
from projects.committee.models import Word
from projects.committee.service import appeal_decision, cast_vote, declare_interest, return_application
from projects.resource_rules.models import RuleId, load_rules
from projects.resource_rules.service import propose_rules
from tests.support.catalog import RULES, active_project, application_file, applied, ingest, ready
from tests.support.guards import Attack, check_wall, run, walls_of

ROOM = (
    "application",
    "draft_answer",
    "submission",
    "exemption_request",
    "exemption_word",
    "seat",
    "interest",
    "dac_vote",
    "declined_variable",
    "body_decision",
    "return_note",
    "appeal",
    "resource_rules",
)
AT = "2026-06-01T10:00:00.000000Z"
ID = "cis-spinal"
ROUND = f"'{ID}', 0, 1, FALSE, 'house'"


@dataclass
class World:
    """An application for the cohort, and everybody around it."""

    database: Database
    settings: Settings
    people: dict[str, Person]
    folder: Path

    def ready(self) -> None:
        ingest(self.database, self.settings, self.people["dana"], "cis_cohort", self.folder)
        ready(self.database, self.people)

    def propose(self) -> None:
        self.ready()
        propose_rules(self.database, self.people["olga"], load_rules(RULES / "open.toml"))

    def begin(self) -> None:
        self.ready()
        begin_application(self.database, self.people["lena"], "open", ID)
        save_answer(self.database, self.people["lena"], ID, "population", "Adults.", 0)

    def ask(self) -> None:
        self.begin()
        ask_exemption(self.database, self.people["lena"], ID, RuleId.TERM, "It is a long study.")

    def submit(self) -> None:
        self.ready()
        apply_from_file(self.database, self.people["lena"], application_file())

    def declare(self) -> None:
        self.ready()
        applied(self.database, self.people)

    def conflict(self) -> None:
        self.submit()
        declare_interest(self.database, self.people["dirk"], ID, conflict=True, words="She is my sister.")

    def declare_lena(self) -> None:
        self.declare()
        run(self.database, f"INSERT INTO interest VALUES ('{ID}', 0, 'lena', '{AT}', FALSE, '')")

    def vote_without_deciding(self) -> None:
        """A vote slipped in, so that the body has not decided."""
        self.declare()
        run(self.database, vote_of("dirk"))

    def decline(self) -> None:
        self.declare()
        cast_vote(self.database, self.people["dirk"], ID, "house", Word.DECLINE, reason="Too few people.")

    def activate(self) -> None:
        active_project(self.database, self.settings, self.people, self.folder)

    def everything(self) -> None:
        """A row in every table."""
        self.ask()
        answer_exemption(self.database, self.people["dirk"], ID, RuleId.TERM, granted=True, reason="It is.")
        applied(self.database, self.people)
        return_application(self.database, self.people["dirk"], ID, "Say why the age.")
        save_answer(self.database, self.people["lena"], ID, "population", "Adults only.", 2)
        apply_from_file(self.database, self.people["lena"], application_file())
        declined = {"cis_cohort.patients.age": "Not needed."}
        cast_vote(self.database, self.people["dirk"], ID, "house", Word.DECLINE, reason="Too few.", declined=declined)
        appeal_decision(self.database, self.people["lena"], ID, "We have more.")


def vote_of(username: str, word: str = "approve") -> str:
    return f"INSERT INTO dac_vote VALUES ({ROUND}, '{username}', '{word}', 'r', '', '{AT}')"


@pytest.fixture
def world(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> World:
    return World(database, settings, people, tmp_path)


NEW_APPLICATION = (
    "INSERT INTO application VALUES ('x', {number}, 'open', '{state}', '" + AT + "', 'lena', '" + AT + "')"
)
NEW_AMENDMENT = f"INSERT INTO application VALUES ('{ID}', {{number}}, 'open', 'draft', '{AT}', 'lena', '{AT}')"
NEW_SUBMISSION = f"INSERT INTO submission VALUES ('{ID}', 0, {{round}}, '{{{{}}}}', 'x', 'x', '[]', 'lena', '{AT}')"
NEW_RULES = (
    "INSERT INTO resource_rules VALUES ('open', {number}, 'x', '{{}}', 'olga', '"
    + AT
    + "', {confirmed_by}, {confirmed_at})"
)

ATTACKS = [
    Attack("application", "birth", "born approved", NEW_APPLICATION.format(number=0, state="approved"), World.ready),
    Attack("application", "order", "a number kept for later", NEW_AMENDMENT.format(number=7), World.activate),
    Attack("application", "running", "of no project that has its cut", NEW_AMENDMENT.format(number=1), World.decline),
    Attack("application", "state", "a draft approved", "UPDATE application SET state = 'approved'", World.begin),
    Attack(
        "application", "state", "approved after a decline", "UPDATE application SET state = 'approved'", World.decline
    ),
    Attack(
        "application",
        "whole",
        "before the committee without a submission",
        "UPDATE application SET state = 'submitted'",
        World.begin,
    ),
    Attack(
        "draft_answer",
        "open_insert",
        "one more answer after it was submitted",
        f"INSERT INTO draft_answer VALUES ('{ID}', 0, 'afterthought', '\"\"', 1, 'lena', '{AT}')",
        World.submit,
    ),
    Attack(
        "draft_answer",
        "open_update",
        "an answer changed after it was submitted",
        "UPDATE draft_answer SET value = '1', version = version + 1",
        World.submit,
    ),
    Attack("draft_answer", "version", "over somebody else's", "UPDATE draft_answer SET value = '1'", World.begin),
    Attack("submission", "order", "a round kept for later", NEW_SUBMISSION.format(round=2), World.begin),
    Attack("submission", "open", "another text put before the committee", NEW_SUBMISSION.format(round=2), World.submit),
    Attack(
        "exemption_word",
        "own",
        "one's own exemption granted",
        f"INSERT INTO exemption_word VALUES ('{ID}', 0, 'term', 'lena', TRUE, 'r', '{AT}')",
        World.ask,
    ),
    Attack("dac_vote", "own", "one's own application approved", vote_of("lena"), World.declare_lena),
    Attack("dac_vote", "interest", "a vote without a declaration", vote_of("dirk"), World.submit),
    Attack("dac_vote", "interest", "a vote with a conflict of interest", vote_of("dirk"), World.conflict),
    Attack("dac_vote", "open", "a vote after the body decided", vote_of("dora"), World.decline),
    Attack(
        "body_decision",
        "majority",
        "approved without a vote",
        f"INSERT INTO body_decision VALUES ({ROUND}, TRUE, '{AT}', FALSE)",
        World.declare,
    ),
    Attack(
        "body_decision",
        "majority",
        "declined against the votes",
        f"INSERT INTO body_decision VALUES ({ROUND}, FALSE, '{AT}', FALSE)",
        World.vote_without_deciding,
    ),
    Attack(
        "body_decision",
        "lapsed",
        "passed over where no other body has decided",
        f"INSERT INTO body_decision VALUES ({ROUND}, FALSE, '{AT}', TRUE)",
        World.declare,
    ),
    Attack(
        "resource_rules",
        "order",
        "a version kept for later",
        NEW_RULES.format(number=7, confirmed_by="NULL", confirmed_at="NULL"),
        World.ready,
    ),
    Attack(
        "resource_rules",
        "birth",
        "rules born in force",
        NEW_RULES.format(number=2, confirmed_by="'dirk'", confirmed_at=f"'{AT}'"),
        World.ready,
    ),
    Attack("resource_rules", "once", "another's word", "UPDATE resource_rules SET confirmed_by = 'dora'", World.ready),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_wall_holds_and_without_it_the_attack_works(world: World, owned_database: Database, attack: Attack) -> None:
    attack.prepare(world)
    check_wall(owned_database, attack)


def test_every_wall_of_these_packages_is_attacked() -> None:
    assert walls_of(ROOM) == {(attack.table, attack.guard) for attack in ATTACKS}


CONSTRAINTS: dict[str, tuple[Callable[[World], None], str]] = {
    "a seat given to oneself": (
        World.ready,
        f"INSERT INTO seat VALUES ('open', 'house', 'olga', '{AT}', 'olga', NULL)",
    ),
    "a word that is none": (World.declare, vote_of("dirk", "maybe")),
    "two votes of one member": (World.vote_without_deciding, vote_of("dirk", "decline")),
    "rules confirmed by who proposed them": (
        World.propose,
        f"UPDATE resource_rules SET confirmed_by = 'olga', confirmed_at = '{AT}' WHERE confirmed_by IS NULL",
    ),
    "rules confirmed at no time": (
        World.propose,
        "UPDATE resource_rules SET confirmed_by = 'dirk' WHERE confirmed_by IS NULL",
    ),
}


@pytest.mark.parametrize(("prepare", "sql"), CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_constraints_refuse(world: World, owned_database: Database, prepare: Callable[[World], None], sql: str) -> None:
    prepare(world)
    with pytest.raises(IntegrityError):
        run(owned_database, sql)


KEPT = {
    "application": "resource",
    "draft_answer": "field",
    "submission": "content",
    "exemption_request": "reason",
    "exemption_word": "reason",
    "seat": "given_by",
    "interest": "words",
    "dac_vote": "reason",
    "declined_variable": "reason",
    "body_decision": "body",
    "return_note": "reason",
    "appeal": "reason",
    "resource_rules": "content",
}


def test_every_table_is_kept() -> None:
    assert set(KEPT) == set(ROOM)


@pytest.mark.parametrize(("table", "column"), KEPT.items(), ids=KEPT)
def test_what_was_said_can_not_be_changed_or_removed(
    world: World, owned_database: Database, table: str, column: str
) -> None:
    world.everything()
    kept = "append-only|can not change|are kept|is not written any more|on top of the one"
    for sql in (f"UPDATE {table} SET {column} = 'otto'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match=kept):
            run(owned_database, sql)
    if owned_database.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="are kept"):
            run(owned_database, f"TRUNCATE {table} CASCADE")
