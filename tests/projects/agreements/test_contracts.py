"""Contracts: three years, several studies under one, and all of them stopped when it ends."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.errors import Refused
from core.files import sha256_file
from core.people.models import Person
from core.settings import Settings
from projects.access import can_access, check_access
from projects.agreements.errors import ContractRejected
from projects.agreements.models import ContractRecord
from projects.agreements.policy import last_day
from projects.agreements.service import contracts_for, move_to_contract, record_contract
from projects.applications.errors import RulesRefuse
from projects.applications.models import ApplicationState, Exemption, ExemptionWord
from projects.approval import fee_settled, works_under
from projects.errors import AccessRefused
from projects.gates import project_rights
from projects.models import Fee, Project
from projects.records import find_project
from projects.resource_rules.models import RuleId, load_rules
from projects.resource_rules.service import rules_in_force
from projects.rights import RightKind
from tests.conftest import HandClock
from tests.support.applications import an_application
from tests.support.catalog import (
    ON_ONE_ENGINE,
    RULES,
    activate,
    application_file,
    applied,
    approved_project,
    ready,
    rightful,
    settled,
)
from tests.support.guards import message_of, run, tear_down
from tests.support.registries import publish_trials

ACME = "Acme Pharma"
SIGNATORY = {"name": "A. Cme", "position": "legal", "organisation": ACME, "email": "a@example.org"}


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        (date(2023, 7, 1), date(2026, 6, 30)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2024, 3, 1), date(2027, 2, 28)),
        (date(2025, 3, 1), date(2028, 2, 29)),
        (date(2026, 1, 1), date(2028, 12, 31)),
    ],
)
def test_a_contract_ends_the_day_before_its_third_anniversary(starts: date, ends: date) -> None:
    assert last_day(starts) == ends


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "signed.pdf"
    path.write_bytes(b"%PDF-1.7 signed, an invented contract")
    return path


@pytest.fixture
def contract(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, signed: Path
) -> ContractRecord:
    """Acme's contract, through 30 June 2026, and synthetic trials."""
    ready(database, people)
    rightful(database, people, "lena", "rosa")
    publish_trials(database, settings, people["dana"], tmp_path / "trials", people=20)
    return record(database, settings, people, signed, "acme-1", date(2023, 7, 1))


def record(
    database: Database, settings: Settings, people: dict[str, Person], signed: Path, name: str, starts: date
) -> ContractRecord:
    terms = {"resource": "ms_cidr", "organisation": ACME, "signatory": "A. Cme"}
    return record_contract(database, settings, people["olga"], name, starts=starts, document=signed, **terms)


def study(project_id: str, contract: str = "acme-1", organisation: str = ACME) -> dict[str, object]:
    member = {"organisation": organisation, "sector": "pharmaceutical"}
    return {
        "id": project_id,
        "resource": "ms_cidr",
        "purposes": ["outcome measurement"],
        "team": [{**member, "username": "lena", "role": "lead"}, {**member, "username": "rosa", "role": "researcher"}],
        "contract": contract,
        "signatory": SIGNATORY,
        "datasets": {"ms_cidr": {"visit": {"variables": ["edss"]}}},
    }


def running(
    database: Database, settings: Settings, people: dict[str, Person], project_id: str, contract: str = "acme-1"
) -> Project:
    approved_project(database, people, application_file(**study(project_id, contract)))
    settled(database, settings, people, project_id)
    return activate(database, settings, people["olga"], project_id)


def test_two_studies_under_one_contract_stop_the_moment_after_its_last_day(
    contract: ContractRecord, database: Database, settings: Settings, people: dict[str, Person], clock: HandClock
) -> None:
    for name in ("one", "two"):
        running(database, settings, people, name)
    assert contracts_for(database, people["olga"])[0].projects == ("one", "two")
    clock.now = datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    assert [can_access(database, "rosa", name) for name in ("one", "two")] == [True, True]
    clock.turn(microseconds=1)
    for name in ("one", "two"):
        with pytest.raises(AccessRefused, match="Contract acme-1 of Acme Pharma ended on 30 June 2026"):
            check_access(database, "rosa", name)


@ON_ONE_ENGINE
def test_a_project_goes_on_under_the_contract_that_follows(
    contract: ContractRecord,
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    clock: HandClock,
    signed: Path,
) -> None:
    running(database, settings, people, "one")
    record(database, settings, people, signed, "acme-2", date(2026, 7, 1))
    with pytest.raises(ContractRejected, match="runs from 2026-07-01"):
        move_to_contract(database, people["olga"], "acme-2", "one")
    clock.now = datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert not can_access(database, "rosa", "one")
    assert move_to_contract(database, people["olga"], "acme-2", "one").projects == ("one",)
    assert can_access(database, "rosa", "one")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contract": ""}, "none is named"),
        ({"contract": "nobodys"}, "none is named"),
        ({"organisation": "Other Pharma"}, "is of Acme Pharma, and nobody of the team works there"),
    ],
)
def test_an_application_of_industry_names_its_own_contract(
    contract: ContractRecord, database: Database, people: dict[str, Person], changes: dict[str, str], said: str
) -> None:
    with pytest.raises(RulesRefuse, match=said):
        applied(database, people, application_file(**study("one", **changes)))


@ON_ONE_ENGINE
def test_an_academic_team_that_names_a_contract_does_not_work_under_it(
    contract: ContractRecord, database: Database, people: dict[str, Person]
) -> None:
    academic = {**study("one"), "team": [{"username": "lena", "role": "lead"}]}
    approved_project(database, people, application_file(**academic))
    assert contracts_for(database, people["olga"])[0].projects == ()


@ON_ONE_ENGINE
def test_the_signed_document_is_kept_and_operations_alone_record_it(
    contract: ContractRecord, database: Database, settings: Settings, people: dict[str, Person], signed: Path
) -> None:
    assert sha256_file(settings.agreements / contract.document_sha256) == sha256_file(signed)
    with pytest.raises(ContractRejected, match="a contract acme-1 already"):
        record(database, settings, people, signed, "acme-1", date(2026, 7, 1))
    for username in ("lena", "dirk", "dana"):
        with pytest.raises(Refused, match="projects:contract:record"):
            record(database, settings, {"olga": people[username]}, signed, "acme-9", date(2026, 7, 1))


@ON_ONE_ENGINE
def test_a_document_that_can_be_read_once_is_kept_by_the_hash_of_what_was_read(
    contract: ContractRecord, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "wb") as pipe:
        pipe.write(b"%PDF-1.7 from a pipe, an invented contract")
        pipe.close()
        made = record(database, settings, people, Path(f"/dev/fd/{reading}"), "acme-2", date(2026, 7, 1))
    assert sha256_file(settings.agreements / made.document_sha256) == made.document_sha256


@ON_ONE_ENGINE
def test_a_project_is_not_moved_under_the_contract_of_somebody_else(
    contract: ContractRecord, database: Database, settings: Settings, people: dict[str, Person], signed: Path
) -> None:
    approved_project(database, people, application_file(**study("one")))
    terms = {"resource": "ms_cidr", "organisation": "Other Pharma", "signatory": "O."}
    starts = date(2026, 1, 1)
    record_contract(database, settings, people["olga"], "other-1", starts=starts, document=signed, **terms)
    with pytest.raises(ContractRejected, match="is of Other Pharma, and nobody of the team of one works there"):
        move_to_contract(database, people["olga"], "other-1", "one")


@ON_ONE_ENGINE
def test_a_project_of_industry_without_a_contract_has_no_right_to_run(
    contract: ContractRecord, database: Database, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.approval.works_under", lambda *_: False)
    approved_project(database, people, application_file(**study("one")))
    with database.read() as connection:
        rights = project_rights(connection, find_project(connection, "one"))
    assert [right.through for right in rights if right.kind is RightKind.CONTRACT] == [None]


@pytest.mark.parametrize(
    ("granted", "fee"), [((), Fee.CONTRACT), (("dirk",), Fee.CONTRACT), (("dirk", "dora"), Fee.NONE)]
)
def test_a_contract_is_no_fee_once_two_members_exempted_the_project_from_it(granted: tuple[str, ...], fee: Fee) -> None:
    file = application_file(**study("one"))
    at = datetime(2026, 6, 1, tzinfo=UTC)
    words = tuple(ExemptionWord(name, True, "A public good.", at) for name in granted)
    exemption = Exemption(RuleId.CONTRACT, "No contract.", "lena", at, words)
    application = replace(an_application(ApplicationState.SUBMITTED, file), exemptions=(exemption,))
    assert fee_settled(application, file, load_rules(RULES / "ms_cidr.toml")) is fee


@ON_ONE_ENGINE
@pytest.mark.parametrize("today", [datetime(2026, 6, 30, 23, 59, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)])
def test_a_contract_covers_what_is_approved_on_its_days_only(
    contract: ContractRecord, database: Database, people: dict[str, Person], clock: HandClock, today: datetime
) -> None:
    applied(database, people, application_file(**study("one")))
    clock.now = today
    with database.read() as connection:
        rules = rules_in_force(connection, "ms_cidr").rules
        runs = works_under(connection, application_file(**study("one")), rules, today.date())
    assert runs is (today.date() <= contract.ends)


AT = "2026-06-01T10:00:00.000000Z"
WALLS = {
    "a contract of more than three years": (
        "contract",
        "length",
        f"INSERT INTO contract VALUES ('long', 'ms_cidr', 'O', '2026-01-01', '2029-01-01', 'S', 'x', 'olga', '{AT}')",
    ),
    "a project under a contract that is over": (
        "contract_project",
        "days",
        "INSERT INTO contract_project VALUES ('one', '2026-07-01T00:00:00.000000Z', 'acme-1', 'olga')",
    ),
    "a project under a contract that has not begun": (
        "contract_project",
        "days",
        "INSERT INTO contract_project VALUES ('one', '2023-06-30T23:59:59.000000Z', 'acme-1', 'olga')",
    ),
}


@pytest.mark.parametrize(("table", "guard", "sql"), WALLS.values(), ids=WALLS)
def test_a_contract_holds_for_its_days_in_the_database_too(
    contract: ContractRecord,
    database: Database,
    owned_database: Database,
    people: dict[str, Person],
    table: str,
    guard: str,
    sql: str,
) -> None:
    approved_project(database, people, application_file(**study("one")))
    with pytest.raises(DBAPIError, match=message_of(owned_database, table, guard)):
        run(owned_database, sql)
    tear_down(owned_database, table, guard)
    run(owned_database, sql)


def test_the_wall_holds_and_without_it_the_attack_works(
    contract: ContractRecord, database: Database, owned_database: Database, people: dict[str, Person]
) -> None:
    approved_project(database, people, application_file(**study("one")))
    other = f"INSERT INTO contract VALUES ('other', 'bmsd', 'O', '2026-01-01', '2028-12-31', 'S', 'x', 'olga', '{AT}')"
    run(owned_database, other)
    attack = f"INSERT INTO contract_project VALUES ('one', '{AT}', 'other', 'olga')"
    with pytest.raises(DBAPIError, match=message_of(owned_database, "contract_project", "resource")):
        run(owned_database, attack)
    tear_down(owned_database, "contract_project", "resource")
    run(owned_database, attack)
    for sql in ("UPDATE contract SET ends = '2036-01-01'", "DELETE FROM contract_project"):
        with pytest.raises(DBAPIError, match=r"append-only|are kept"), owned_database.engine.begin() as connection:
            connection.execute(text(sql))
