"""Agreements and fees: a project runs while they hold, and not otherwise."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.errors import InvalidInput, MyelinError, NotFound, Refused
from core.people.models import Person
from core.settings import Settings
from projects.access import can_access, check_access
from projects.agreements.errors import ContractRejected, PaymentRefused
from projects.agreements.models import AgreementKind, InvoiceState
from projects.agreements.of_project import (
    cancel_invoice,
    end_agreement,
    issue_invoice,
    record_agreement,
    record_payment,
)
from projects.errors import AccessRefused, ActionRefused
from projects.gates import project_rights
from projects.models import Project
from projects.records import find_project
from projects.rights import RightKind
from tests.conftest import HandClock
from tests.support.catalog import (
    ON_ONE_ENGINE,
    activate,
    application_file,
    approved_project,
    ready,
    rightful,
    settled,
)
from tests.support.guards import message_of, run, tear_down
from tests.support.projects import insert_project
from tests.support.registries import publish_trials

SIGNATORY = {"name": "S. Amann", "position": "office", "organisation": "U. of Examples", "email": "s@example.org"}
TODAY = date(2026, 6, 1)


@pytest.fixture
def approved(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    """An academic project on MS CIDR as the committee approved it: nothing is signed, nothing is paid."""
    ready(database, people)
    rightful(database, people, "lena", "rosa")
    publish_trials(database, settings, people["dana"], tmp_path / "trials", people=20)
    asked = {"ms_cidr": {"visit": {"variables": ["edss"]}}}
    more = {"resource": "ms_cidr", "purposes": ["outcome measurement"], "signatory": SIGNATORY, "datasets": asked}
    return approved_project(database, people, application_file(id="cord", **more))


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "signed.pdf"
    path.write_bytes(b"%PDF-1.7 signed, an invented agreement")
    return path


def test_it_is_not_activated_before_both_are_there(
    approved: Project, database: Database, settings: Settings, people: dict[str, Person], signed: Path
) -> None:
    said = r"data use agreement of cord is missing\..*The fee of cord is missing\."
    with pytest.raises(ActionRefused, match=said):
        activate(database, settings, people["olga"], "cord")
    terms = {"through": date(2027, 6, 1), "signatory": "S. Amann", "document": signed}
    record_agreement(database, settings, people["olga"], "cord", AgreementKind.DATA_USE, **terms)  # type: ignore[arg-type]
    issue_invoice(database, people["olga"], "cord", amount=150_000, currency="EUR", due_on=date(2026, 7, 1))
    with pytest.raises(ActionRefused, match=r"can not run: The fee of cord is missing\."):
        activate(database, settings, people["olga"], "cord")
    record_payment(database, people["otto"], 1, paid_on=TODAY, reference="B 17")
    activate(database, settings, people["olga"], "cord")
    assert can_access(database, "rosa", "cord")


@pytest.fixture
def running(approved: Project, database: Database, settings: Settings, people: dict[str, Person]) -> Project:
    settled(database, settings, people, "cord")
    return activate(database, settings, people["olga"], "cord")


def test_whether_somebody_may_use_it_is_asked_in_few_statements(running: Project, database: Database) -> None:
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.extend([statement] if statement.startswith("SELECT") else [])

    event.listen(database.engine, "before_cursor_execute", note)
    check_access(database, "rosa", "cord")
    tables = [re.findall(r"FROM (\w+)", statement) for statement in asked]
    of_project = [["project"], ["membership"], ["cut"], ["resource_rules"], ["session"], ["agreement"], ["invoice"]]
    assert tables == [["person"], ["role_grant"], *of_project, ["training"], ["person_declaration"]]


def test_its_fee_is_settled_for_good_and_one_that_nobody_settled_waits_for_a_contract(
    running: Project, database: Database, owned_database: Database, people: dict[str, Person]
) -> None:
    for fee in ("none", "contract"):
        with pytest.raises(DBAPIError, match="changes with the approval of an amendment only"):
            run(owned_database, f"UPDATE project SET fee = '{fee}'")
    days = {"starts": date(2026, 1, 1), "ends": date(2026, 12, 31)}
    with database.write(people["dirk"]) as tx:
        insert_project(tx, "older", "lena", "dirk", **days, rules_sha256=running.rules_sha256)
        tx.record("test:project:insert", "project:older")
    with database.read() as connection:
        rights = project_rights(connection, find_project(connection, "older"))
    assert [right.holds(TODAY) for right in rights if right.kind is RightKind.CONTRACT] == [False]


def test_an_agreement_closes_it_with_its_last_day_or_when_it_is_ended(
    running: Project, database: Database, people: dict[str, Person], clock: HandClock, settings: Settings, signed: Path
) -> None:
    end_agreement(database, people["olga"], "cord", AgreementKind.DATA_USE)
    with pytest.raises(AccessRefused, match="data use agreement of cord is missing"):
        check_access(database, "rosa", "cord")
    clock.turn(seconds=1)
    terms = {"through": date(2026, 8, 31), "signatory": "S. Amann", "document": signed}
    record_agreement(database, settings, people["olga"], "cord", AgreementKind.DATA_USE, **terms)  # type: ignore[arg-type]
    clock.now = datetime(2026, 8, 31, 23, 59, 59, tzinfo=UTC)
    assert can_access(database, "rosa", "cord")
    clock.turn(seconds=1)
    assert not can_access(database, "rosa", "cord")
    with pytest.raises(NotFound):
        end_agreement(database, people["olga"], "cord", AgreementKind.COMMERCIAL)


def test_whoever_issued_an_invoice_does_not_record_its_payment(
    approved: Project, database: Database, owned_database: Database, people: dict[str, Person]
) -> None:
    issue_invoice(database, people["olga"], "cord", amount=100, currency="EUR", due_on=TODAY)
    with pytest.raises(PaymentRefused, match="olga issued invoice 1"):
        record_payment(database, people["olga"], 1, paid_on=TODAY, reference="B 1")
    paid = "UPDATE invoice SET state = 'paid', paid_on = '2026-06-01', reference = 'B', paid_by = {}"
    for by in ("'olga'", "NULL"):
        with pytest.raises(DBAPIError, match=message_of(owned_database, "invoice", "two_people")):
            run(owned_database, paid.format(by))
    tear_down(owned_database, "invoice", "two_people")
    run(owned_database, paid.format("'olga'"))


def test_an_invoice_is_settled_once(approved: Project, database: Database, people: dict[str, Person]) -> None:
    for number in (1, 2):
        issued = issue_invoice(database, people["olga"], "cord", amount=100, currency="EUR", due_on=TODAY)
        assert (issued.number, issued.state) == (number, InvoiceState.ISSUED)
    assert record_payment(database, people["otto"], 1, paid_on=TODAY, reference="B 1").state is InvoiceState.PAID
    assert cancel_invoice(database, people["olga"], 2).state is InvoiceState.CANCELLED
    for number in (1, 2):
        with pytest.raises(ContractRejected, match="is not open"):
            cancel_invoice(database, people["olga"], number)
        with pytest.raises(ContractRejected, match="is not open"):
            record_payment(database, people["otto"], number, paid_on=TODAY, reference="B 2")


@ON_ONE_ENGINE
def test_what_is_refused(
    approved: Project, database: Database, settings: Settings, people: dict[str, Person], signed: Path, tmp_path: Path
) -> None:
    olga = people["olga"]
    for amount, currency in ((0, "EUR"), (-5, "EUR"), (100, "eur"), (100, "EURO")):
        with pytest.raises(InvalidInput):
            issue_invoice(database, olga, "cord", amount=amount, currency=currency, due_on=TODAY)
    for document, signatory in ((tmp_path / "none.pdf", "S"), (signed, " ")):
        terms = {"through": TODAY, "signatory": signatory, "document": document}
        with pytest.raises(InvalidInput):
            record_agreement(database, settings, olga, "cord", AgreementKind.DATA_USE, **terms)  # type: ignore[arg-type]
    for username in ("lena", "dirk", "dana"):
        with pytest.raises(Refused):
            issue_invoice(database, people[username], "cord", amount=1, currency="EUR", due_on=TODAY)
        with pytest.raises(Refused):
            end_agreement(database, people[username], "cord", AgreementKind.DATA_USE)


STEPS = st.lists(st.sampled_from(["sign", "end", "issue", "pay", "cancel"]), max_size=8)


@ON_ONE_ENGINE
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(STEPS)
def test_no_sequence_makes_it_run_without_a_signed_agreement_and_a_paid_fee(
    approved: Project,
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    signed: Path,
    steps: list[str],
) -> None:
    olga = people["olga"]
    terms = {"through": date(2027, 1, 1), "signatory": "S", "document": signed}
    start = len(_invoices(database))
    signed_now, paid = _held(database)
    for step in steps:
        newest = len(_invoices(database))
        try:
            if step == "sign":
                record_agreement(database, settings, olga, "cord", AgreementKind.DATA_USE, **terms)  # type: ignore[arg-type]
                signed_now = True
            elif step == "end":
                end_agreement(database, olga, "cord", AgreementKind.DATA_USE)
                signed_now = False
            elif step == "issue":
                issue_invoice(database, olga, "cord", amount=1, currency="EUR", due_on=TODAY)
            elif step == "pay":
                record_payment(database, people["otto"], max(newest, 1), paid_on=TODAY, reference="B")
                paid = True
            else:
                cancel_invoice(database, olga, max(newest, 1))
        except MyelinError:
            pass
        database.clock.turn(seconds=1)  # type: ignore[attr-defined]
    assert len(_invoices(database)) >= start
    assert _held(database) == (signed_now, paid)


def _invoices(database: Database) -> list[object]:
    from projects.agreements.records import invoices

    with database.read() as connection:
        return list(invoices(connection))


def _held(database: Database) -> tuple[bool, bool]:
    """Whether the gates say that the agreement and the fee hold."""
    with database.read() as connection:
        rights = project_rights(connection, find_project(connection, "cord"))
    held = {right.kind: right.holds(TODAY) for right in rights}
    return held[RightKind.AGREEMENT], held[RightKind.FEE]


AT = "2026-06-01T10:00:00.000000Z"
ATTACKS = {
    "a paid invoice cancelled": (
        "invoice",
        "state",
        "UPDATE invoice SET state = 'cancelled', paid_on = NULL, reference = NULL",
    ),
    "an invoice born paid": (
        "invoice",
        "birth",
        "INSERT INTO invoice VALUES "
        f"(2, 'cord', 1, 'EUR', 'paid', 'olga', '{AT}', '2026-07-01', '2026-06-01', 'B', 'otto')",
    ),
    "an agreement brought back": ("agreement", "once", "UPDATE agreement SET ended_at = NULL"),
}


@pytest.mark.parametrize(("table", "guard", "sql"), ATTACKS.values(), ids=ATTACKS)
def test_the_wall_holds_and_without_it_the_attack_works(
    running: Project,
    database: Database,
    owned_database: Database,
    people: dict[str, Person],
    table: str,
    guard: str,
    sql: str,
) -> None:
    end_agreement(database, people["olga"], "cord", AgreementKind.DATA_USE)
    with pytest.raises(DBAPIError, match=message_of(owned_database, table, guard)):
        run(owned_database, sql)
    tear_down(owned_database, table, guard)
    run(owned_database, sql)
