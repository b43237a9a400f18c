"""What the database itself refuses of projects, on both engines: raw SQL against each wall, and again with it gone."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.applications.service import withdraw_application
from projects.committee.models import Word
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.service import remove_member
from tests.support.catalog import active_project, amended, amendment, applied, approved_project, decided, ingest, ready
from tests.support.closeout import close_out
from tests.support.guards import Attack, check_wall, run, tear_down, walls_of

ROOM = ("project", "membership", "amendment", "approved_table", "approved_variable", "cut")
AT = "2026-06-01T10:00:00.000000Z"
NEW_PROJECT = (
    "INSERT INTO project (id, title, purpose, starts, ends, state, resource, rules_sha256, commercial, conditions, "
    "lay_summary, created_by, created_at, approved_by, approved_at) VALUES"
)
NEW_AMENDMENT = (
    f"INSERT INTO amendment VALUES ('cis-spinal', {{number}}, 'r', '{{state}}', 'lena', '{AT}', '{{by}}', '{AT}', "
    "{application})"
)
PROJECT_VALUES = (
    f"'t', 'p', '2026-01-01', '2026-12-31', '{{state}}', 'open', 'x', FALSE, '', '', 'lena', '{AT}', 'dirk', '{AT}'"
)


@dataclass
class World:
    """A project on the cohort, and everybody around it."""

    database: Database
    settings: Settings
    people: dict[str, Person]
    folder: Path

    def ingest(self) -> None:
        ingest(self.database, self.settings, self.people["dana"], "cis_cohort", self.folder)

    def apply(self) -> None:
        self.ingest()
        applied(self.database, self.people)

    def approve(self) -> None:
        self.ingest()
        approved_project(self.database, self.people)

    def withdraw(self) -> None:
        self.apply()
        withdraw_application(self.database, self.people["lena"], "cis-spinal")

    def slip_in(self) -> None:
        """A project and its cut slipped in while its application is still before the committee."""
        self.apply()
        run(self.database, f"{NEW_PROJECT} ('cis-spinal', {PROJECT_VALUES.format(state='approved')})")
        run(self.database, f"INSERT INTO cut VALUES ('cis-spinal', 1, 'olga', '{AT}', 'x', FALSE, NULL, 0)")

    def vote_twice(self) -> None:
        """Two members' votes on an application whose body asks for two."""
        self.ingest()
        ready(self.database, self.people)
        with self.database.read() as connection:
            rules = rules_in_force(connection, "open").rules
        house = rules.bodies[0].model_copy(update={"quorum": 2})
        proposed = propose_rules(self.database, self.people["olga"], rules.model_copy(update={"bodies": (house,)}))
        confirm_rules(self.database, self.people["dirk"], "open", proposed.number)
        approved_project(self.database, self.people)

    def activate(self) -> None:
        active_project(self.database, self.settings, self.people, self.folder)

    def submit_amendment(self) -> None:
        self.activate()
        amendment(self.database, self.people)

    def approve_amendment(self) -> None:
        self.activate()
        amended(self.database, self.people)

    def decline_amendment(self) -> None:
        self.activate()
        decided(self.database, self.people, amendment(self.database, self.people), Word.DECLINE)

    def slip_amendment_in(self) -> None:
        """An amendment slipped in by a body's decision, while its application is still before the committee."""
        self.decide_by_hand()
        run(self.database, NEW_AMENDMENT.format(number=1, state="approved", by="dirk", application=1))

    def close_by_hand(self) -> None:
        """A project closed past every policy, while a body has approved its amendment."""
        self.decide_by_hand()
        run(self.database, "UPDATE project SET state = 'closed'")

    def decide_by_hand(self) -> None:
        """A body's decision on an amendment, and nothing that follows from it."""
        self.submit_amendment()
        vote = f"'cis-spinal', 1, 1, FALSE, 'house', 'dirk', 'approve', '', '', '{AT}'"
        run(self.database, f"INSERT INTO dac_vote VALUES ({vote})")
        run(
            self.database, f"INSERT INTO body_decision VALUES ('cis-spinal', 1, 1, FALSE, 'house', TRUE, '{AT}', FALSE)"
        )

    def close(self) -> None:
        self.activate()
        close_out(self.database, self.settings, self.people["olga"])

    def lose_somebody(self) -> None:
        self.activate()
        remove_member(self.database, self.people["olga"], "cis-spinal", "rosa")


@pytest.fixture
def world(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> World:
    return World(database, settings, people, tmp_path)


ATTACKS = [
    Attack(
        "project",
        "birth",
        "a project born active",
        f"{NEW_PROJECT} ('cis-spinal', {PROJECT_VALUES.format(state='active')})",
        World.apply,
    ),
    Attack(
        "project",
        "birth",
        "a project without an application",
        f"{NEW_PROJECT} ('x', {PROJECT_VALUES.format(state='approved')})",
        World.apply,
    ),
    Attack(
        "project",
        "birth",
        "a project of an application that was withdrawn",
        f"{NEW_PROJECT} ('cis-spinal', {PROJECT_VALUES.format(state='approved')})",
        World.withdraw,
    ),
    Attack(
        "project",
        "approved",
        "activated before its application is approved",
        "UPDATE project SET state = 'active', subnet = '10.77.0.0/26'",
        World.slip_in,
    ),
    Attack("project", "state", "activation skipped", "UPDATE project SET state = 'suspended'", World.approve),
    Attack("project", "state", "a closed project opened", "UPDATE project SET state = 'suspended'", World.close),
    Attack("project", "once", "another network", "UPDATE project SET subnet = '10.77.9.0/26'", World.activate),
    Attack("project", "cut", "active without a cut", "UPDATE project SET title = title", World.activate),
    Attack(
        "membership",
        "approver",
        "the approver in the team",
        f"INSERT INTO membership VALUES ('cis-spinal', 'dirk', '{AT}', 'researcher', NULL)",
        World.activate,
    ),
    Attack(
        "membership",
        "approver",
        "who voted on it in the team",
        f"INSERT INTO membership VALUES ('cis-spinal', 'dora', '{AT}', 'researcher', NULL)",
        World.vote_twice,
    ),
    Attack(
        "membership",
        "once",
        "somebody who left brought back",
        "UPDATE membership SET left_at = NULL",
        World.lose_somebody,
    ),
    Attack(
        "approved_table",
        "proposed",
        "one more table after approval",
        "INSERT INTO approved_table VALUES ('cis-spinal', 'cis_cohort', 'visits', 1, '', '', '', 0)",
        World.activate,
    ),
    Attack(
        "approved_table",
        "proposed",
        "one more table of an amendment there is not",
        "INSERT INTO approved_table VALUES ('cis-spinal', 'cis_cohort', 'visits', 1, '', '', '', 1)",
        World.activate,
    ),
    Attack(
        "approved_table",
        "proposed",
        "one more table of a declined amendment",
        "INSERT INTO approved_table VALUES ('cis-spinal', 'cis_cohort', 'visits', 1, '', '', '', 1)",
        World.decline_amendment,
    ),
    Attack(
        "approved_variable",
        "proposed",
        "one more variable after approval",
        "INSERT INTO approved_variable VALUES ('cis-spinal', 'cis_cohort', 'patients', 'schooling', '', 0)",
        World.activate,
    ),
    Attack(
        "approved_variable",
        "proposed",
        "one more variable of what was approved first, while an amendment is decided",
        "INSERT INTO approved_variable VALUES ('cis-spinal', 'cis_cohort', 'patients', 'schooling', '', 0)",
        World.submit_amendment,
    ),
    Attack(
        "approved_variable",
        "proposed",
        "one more variable of an approved amendment",
        "INSERT INTO approved_variable VALUES ('cis-spinal', 'cis_cohort', 'patients', 'spinal_cord_mri', '', 1)",
        World.approve_amendment,
    ),
    Attack(
        "membership",
        "approver",
        "who decided on an amendment in the team",
        f"INSERT INTO membership VALUES ('cis-spinal', 'dirk', '{AT}', 'researcher', NULL)",
        World.decline_amendment,
    ),
    Attack(
        "amendment",
        "birth",
        "an amendment without an application",
        NEW_AMENDMENT.format(number=1, state="approved", by="dirk", application=0),
        World.activate,
    ),
    Attack(
        "amendment",
        "birth",
        "an amendment that no body approved",
        NEW_AMENDMENT.format(number=1, state="approved", by="dirk", application=1),
        World.submit_amendment,
    ),
    Attack(
        "amendment",
        "birth",
        "an amendment that one member decides, as before there were applications",
        f"INSERT INTO amendment VALUES ('cis-spinal', 1, 'r', 'proposed', 'olga', '{AT}', NULL, NULL, 0)",
        World.activate,
    ),
    Attack(
        "amendment",
        "birth",
        "a number kept for later",
        NEW_AMENDMENT.format(number=7, state="approved", by="dirk", application=1),
        World.slip_amendment_in,
    ),
    Attack(
        "amendment",
        "running",
        "an amendment of a closed project",
        NEW_AMENDMENT.format(number=1, state="approved", by="dirk", application=1),
        World.close_by_hand,
    ),
    Attack(
        "amendment",
        "decider",
        "approved by one of the team",
        NEW_AMENDMENT.format(number=2, state="approved", by="rosa", application=1),
        World.slip_amendment_in,
    ),
    *(
        Attack("project", "amended", f"{column} changed by hand", f"UPDATE project SET {column} = {value}", prepare)
        for column, value in {
            "ends": "'2036-12-31'",
            "title": "'x'",
            "fee": "'per_project'",
            "commercial": "TRUE",
        }.items()
        for prepare in (World.activate, World.submit_amendment, World.approve_amendment)
    ),
    Attack(
        "cut",
        "approved",
        "a cut of an amendment whose application is not approved yet",
        f"INSERT INTO cut VALUES ('cis-spinal', 2, 'olga', '{AT}', 'x', FALSE, NULL, 1)",
        World.slip_amendment_in,
    ),
    Attack("cut", "once", "a deleted cut declared kept", "UPDATE cut SET deleted_at = NULL", World.close),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_wall_holds_and_without_it_the_attack_works(world: World, owned_database: Database, attack: Attack) -> None:
    attack.prepare(world)
    if attack.guard == "cut":
        lose_the_cut(owned_database)
    check_wall(owned_database, attack)


def lose_the_cut(database: Database) -> None:
    """Take the cut of an active project away, which the guards of its own table do not let anybody."""
    tear_down(database, "cut", "delete")
    run(database, "DELETE FROM cut")


def test_every_wall_of_this_room_is_attacked() -> None:
    assert walls_of(ROOM) == {(attack.table, attack.guard) for attack in ATTACKS}


CONSTRAINTS = {
    "somebody twice in the team": f"INSERT INTO membership VALUES ('cis-spinal', 'rosa', '{AT}', 'lead', NULL)",
    "a place in the team there is not": f"INSERT INTO membership VALUES ('cis-spinal', 'ravi', '{AT}', 'owner', NULL)",
    "somebody nobody knows": f"INSERT INTO membership VALUES ('cis-spinal', 'nobody', '{AT}', 'lead', NULL)",
    "an edition there is not": "INSERT INTO approved_table VALUES ('cis-spinal', 'elsewhere', 't', 9, '', '', '', 0)",
}


def test_a_project_has_one_open_amendment(world: World, owned_database: Database) -> None:
    world.submit_amendment()
    second = f"('cis-spinal', 2, 'open', 'draft', '{AT}', 'lena', '{AT}')"
    with pytest.raises(IntegrityError):
        run(owned_database, f"INSERT INTO application VALUES {second}")


@pytest.mark.parametrize("sql", CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_constraints_refuse(world: World, owned_database: Database, sql: str) -> None:
    world.approve()
    with pytest.raises(IntegrityError):
        run(owned_database, sql)


KEPT = {
    "project": "approved_by",
    "membership": "role",
    "amendment": "reason",
    "approved_table": "row_filter",
    "approved_variable": "variable",
    "cut": "manifest_sha256",
    "edition": "manifest_sha256",
}


@pytest.mark.parametrize(("table", "column"), KEPT.items(), ids=KEPT)
def test_what_was_decided_can_not_be_changed_or_removed(
    world: World, owned_database: Database, table: str, column: str
) -> None:
    world.approve_amendment()
    kept = "append-only|can not change|are kept"
    for sql in (f"UPDATE {table} SET {column} = 'lead2'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match=kept):
            run(owned_database, sql)
    if owned_database.engine.dialect.name == "sqlite":
        with pytest.raises(DBAPIError, match=f"{kept}|starts as|begins with|settled|made of what was approved"):
            run(owned_database, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        with pytest.raises(DBAPIError, match="are kept"):
            run(owned_database, f"TRUNCATE {table} CASCADE")
