"""Declarations: made by oneself, of the very text that is asked for, counted in days, and a gate while they hold."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.audit.log import newest_entries
from core.database import Database
from core.errors import NotFound, Refused
from core.outbox.tables import outbox
from core.people.models import Person
from core.people.service import close_person
from core.settings import Settings
from projects.access import can_access, check_access
from projects.declarations.models import Declared
from projects.declarations.service import asked_of, declaration_rights, declare, declared_by
from projects.declarations.tables import declaration_text
from projects.errors import AccessRefused
from projects.models import Project
from projects.resource_rules.models import AskedDeclaration, AskedOfPeople
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.warnings import warn_of_lapses
from tests.conftest import HandClock
from tests.support.catalog import activate, approved_project, ingest, ready
from tests.support.guards import run, tear_down

TERMS = AskedDeclaration(id="terms", title="Terms of use", text="I keep to the terms.", days=30)
WARNED = datetime(2026, 6, 17, tzinfo=UTC)
"""Fourteen days before a declaration of 1 June ends."""


def ask(database: Database, people: dict[str, Person], *declarations: AskedDeclaration) -> None:
    """Put rules of open records in force that ask for these declarations."""
    ready(database, people)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules
    asking = rules.model_copy(update={"people": AskedOfPeople(declarations=declarations)})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], asking).number)


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    ask(database, people, TERMS)
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    approved_project(database, people)
    return activate(database, settings, people["olga"], "cis-spinal")


def test_without_it_nobody_gets_in_and_with_it_those_who_made_it(
    active: Project, database: Database, people: dict[str, Person]
) -> None:
    with pytest.raises(AccessRefused, match=r"The declaration terms of rosa is missing\. They make it on"):
        check_access(database, "rosa", active.id)
    declare(database, people["rosa"], TERMS.sha256)
    assert [can_access(database, name, active.id) for name in ("rosa", "lena")] == [True, False]


def test_it_counts_through_its_last_day_and_is_renewed_by_making_it_again(
    active: Project, database: Database, people: dict[str, Person], clock: HandClock
) -> None:
    declare(database, people["rosa"], TERMS.sha256)
    clock.now = datetime(2026, 7, 1, 23, 59, tzinfo=UTC)
    assert can_access(database, "rosa", active.id)
    clock.turn(minutes=1)
    with pytest.raises(AccessRefused, match="ended on 1 July 2026"):
        check_access(database, "rosa", active.id)
    declare(database, people["rosa"], TERMS.sha256)
    assert can_access(database, "rosa", active.id)


def test_without_the_gate_the_same_person_gets_in(
    active: Project, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not can_access(database, "rosa", active.id)
    monkeypatch.setattr("projects.gates.declaration_rights", lambda connection, username, asked: ())
    assert can_access(database, "rosa", active.id)


def test_another_text_is_another_declaration(database: Database, people: dict[str, Person]) -> None:
    ask(database, people, TERMS)
    declare(database, people["rosa"], TERMS.sha256)
    reworded = TERMS.model_copy(update={"text": "I keep to the terms, and to the new ones."})
    with database.read() as connection:
        assert [right.through for right in declaration_rights(connection, "rosa", (TERMS, reworded))] == [
            date(2026, 7, 1),
            None,
        ]


def test_resources_that_ask_for_one_text_are_given_it_once(database: Database, people: dict[str, Person]) -> None:
    ready(database, people)
    with database.read() as connection:
        asked = asked_of(connection, "rosa")
        own = rules_in_force(connection, "ms_cidr").rules.people.declarations
    assert [(one.declaration, one.resources, one.projects) for one in asked] == [(own[0], ("BMSD", "MS CIDR"), ())]


def test_a_project_goes_on_asking_for_the_text_it_was_approved_under(
    active: Project, database: Database, people: dict[str, Person]
) -> None:
    newer = TERMS.model_copy(update={"text": "Other terms."})
    ask(database, people, newer)
    with database.read() as connection:
        found = [one for one in asked_of(connection, "rosa") if one.declaration.id == "terms"]
    asked = {one.declaration.text: one.projects for one in found}
    assert asked == {"I keep to the terms.": ("cis-spinal",), "Other terms.": ()}
    declare(database, people["rosa"], TERMS.sha256)
    assert can_access(database, "rosa", active.id)


def test_only_a_text_that_is_asked_for_is_declared(database: Database, people: dict[str, Person]) -> None:
    ready(database, people)
    with pytest.raises(NotFound, match="Nobody asks for this declaration now"):
        declare(database, people["rosa"], TERMS.sha256)


def test_whose_account_was_closed_declares_nothing(database: Database, people: dict[str, Person]) -> None:
    ask(database, people, TERMS)
    close_person(database, people["olga"], "rosa")
    with pytest.raises(Refused, match="account is closed"):
        declare(database, people["rosa"], TERMS.sha256)


def test_what_was_declared_is_kept_word_for_word_and_on_record(
    database: Database, people: dict[str, Person], clock: HandClock
) -> None:
    ask(database, people, TERMS)
    declare(database, people["rosa"], TERMS.sha256)
    clock.turn(days=1)
    declare(database, people["rosa"], TERMS.sha256)
    with database.read() as connection:
        made = declared_by(connection, "rosa")
        texts = connection.execute(select(declaration_text.c.sha256)).scalars().all()
        entry = newest_entries(connection, 1)[0]
    at = clock.now - timedelta(days=1)
    assert made[0] == Declared("rosa", TERMS.sha256, "terms", "Terms of use", "I keep to the terms.", at)
    assert (len(made), texts) == (2, [TERMS.sha256])
    assert (entry.actor, entry.action, entry.subject) == ("person:rosa", "projects:declaration:make", "person:rosa")
    assert entry.detail == {"declaration": "terms", "sha256": TERMS.sha256}


def test_whose_it_is_hears_of_each_that_ends(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, clock: HandClock
) -> None:
    secrecy = TERMS.model_copy(update={"id": "secrecy"})
    ask(database, people, TERMS, secrecy)
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    approved_project(database, people)
    activate(database, settings, people["olga"], "cis-spinal")
    for one in (TERMS, secrecy):
        declare(database, people["rosa"], one.sha256)
    clock.now = WARNED
    warn_of_lapses(database)
    with database.read() as connection:
        rows = connection.execute(select(outbox.c.key, outbox.c.recipient)).all()
    mails = sorted((key, who) for key, who in rows if ":declaration:" in key)
    assert mails == [(f"right:person:rosa:{name}:declaration:2026-07-01:14", "rosa") for name in ("secrecy", "terms")]


@pytest.mark.parametrize("days", [0, 1827])
def test_a_declaration_counts_for_days_that_end(days: int) -> None:
    with pytest.raises(ValidationError):
        AskedDeclaration(id="terms", title="Terms of use", text="I keep to the terms.", days=days)


def test_two_declarations_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two declarations have one id"):
        AskedOfPeople(declarations=(TERMS, TERMS.model_copy(update={"text": "Other terms."})))


@pytest.mark.parametrize(
    ("table", "sql"),
    [
        ("person_declaration", "UPDATE person_declaration SET declared_at = '2027-01-01T00:00:00.000000Z'"),
        ("declaration_text", "UPDATE declaration_text SET text = 'I promise nothing.'"),
    ],
)
def test_the_database_keeps_what_was_declared(
    owned_database: Database, database: Database, people: dict[str, Person], table: str, sql: str
) -> None:
    ask(database, people, TERMS)
    declare(database, people["rosa"], TERMS.sha256)
    with pytest.raises(DBAPIError, match="append-only"):
        run(owned_database, sql)
    tear_down(owned_database, table, "update")
    run(owned_database, sql)
