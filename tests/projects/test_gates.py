"""The live gates: a right that lapses closes the project, nothing runs without its rights, and people are warned."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import Refused
from core.outbox.tables import outbox
from core.people.models import Person
from core.settings import Settings
from projects.access import can_access, check_access
from projects.errors import AccessRefused, ActionRefused
from projects.gates import WARN_DAYS, check_rights, lapses, person_rights
from projects.models import Project
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.rights import Right, RightKind
from projects.service import resume_project, suspend_project
from projects.training.service import record_training, revoke_training
from projects.warnings import warn_of_lapses
from tests.conftest import HandClock
from tests.support.catalog import activate, application_file, approved_project, demand_training, ingest, ready, trained

THROUGH = date(2026, 8, 31)


@pytest.fixture
def demanding(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    """Open records under rules that ask for an ethics approval, and the cohort taken in."""
    ready(database, people)
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules
    proposed = propose_rules(database, people["olga"], rules.model_copy(update={"needs_ethics": True}))
    confirm_rules(database, people["dirk"], "open", proposed.number)


@pytest.fixture
def active(demanding: None, database: Database, settings: Settings, people: dict[str, Person]) -> Project:
    file = application_file(ethics={"reference": "EC 12/26", "through": THROUGH})
    approved_project(database, people, file)
    return activate(database, settings, people["olga"], file.id)


def test_a_right_lapses_with_the_day_after_its_last(active: Project, database: Database, clock: HandClock) -> None:
    clock.now = datetime(2026, 8, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert can_access(database, "rosa", active.id)
    clock.turn(microseconds=1)
    with pytest.raises(AccessRefused, match="The ethics approval of cis-spinal ended on 31 August 2026"):
        check_access(database, "rosa", active.id)


def test_nothing_is_resumed_without_its_rights(
    active: Project, database: Database, people: dict[str, Person], clock: HandClock
) -> None:
    suspend_project(database, people["olga"], active.id)
    clock.now = datetime(2026, 9, 1, tzinfo=UTC)
    with pytest.raises(ActionRefused, match="ethics approval of cis-spinal ended on 31 August 2026"):
        resume_project(database, people["dirk"], active.id)


def test_nothing_is_activated_without_its_rights(
    demanding: None, database: Database, settings: Settings, people: dict[str, Person], clock: HandClock
) -> None:
    file = application_file(ethics={"reference": "EC 12/26", "through": THROUGH})
    approved_project(database, people, file)
    clock.now = datetime(2026, 9, 1, tzinfo=UTC)
    with pytest.raises(ActionRefused, match="ended on 31 August 2026"):
        activate(database, settings, people["olga"], file.id)


def test_without_the_rule_the_same_project_goes_on(
    active: Project, database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now = datetime(2026, 9, 1, tzinfo=UTC)
    assert not can_access(database, "rosa", active.id)
    monkeypatch.setattr("projects.access.check_rights", lambda rights, today: None)
    assert can_access(database, "rosa", active.id)


class TestTraining:
    """A training everybody in a team must hold."""

    @pytest.fixture
    def active(self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
        demand_training(database, people)
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
        approved_project(database, people)
        return activate(database, settings, people["olga"], "cis-spinal")

    def test_without_it_nobody_gets_in_and_with_it_those_who_have_it(
        self, active: Project, database: Database, people: dict[str, Person]
    ) -> None:
        with pytest.raises(AccessRefused, match=r"The training data-protection of rosa is missing\. Take the course"):
            check_access(database, "rosa", active.id)
        trained(database, people, "rosa")
        assert [can_access(database, name, active.id) for name in ("rosa", "lena")] == [True, False]

    def test_it_ends_with_its_last_day_or_when_it_is_revoked(
        self, active: Project, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        for name in ("rosa", "lena"):
            days = {"passed_on": date(2026, 1, 1), "through": date(2026, 6, 30)}
            record_training(database, people["olga"], name, "data-protection", **days, evidence="C 1")
        revoke_training(database, people["otto"], "lena", "data-protection")
        assert [can_access(database, name, active.id) for name in ("rosa", "lena")] == [True, False]
        clock.now = datetime(2026, 7, 1, tzinfo=UTC)
        assert not can_access(database, "rosa", active.id)
        trained(database, people, "rosa")
        assert can_access(database, "rosa", active.id), "renewed"

    def test_nobody_records_their_own_and_the_database_says_so_too(
        self, active: Project, database: Database, people: dict[str, Person]
    ) -> None:
        with pytest.raises(Refused, match="Nobody records their own training"):
            trained(database, people, "olga")
        with pytest.raises(Refused, match="projects:training:record"):
            trained(database, {"olga": people["lena"]}, "rosa")

    def test_whose_it_is_hears_that_it_ends(
        self, active: Project, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        trained(database, people, "rosa")
        clock.now = datetime(2026, 12, 31, tzinfo=UTC) + timedelta(days=365 - 14)
        rights = [lapse.right.kind for lapse in lapses(_rights_of_rosa(database, active), clock.now.date())]
        assert rights == [RightKind.TRAINING]


def _rights_of_rosa(database: Database, project: Project) -> tuple[Right, ...]:
    with database.read() as connection:
        return person_rights(connection, project, "rosa")


def right(through: date | None) -> Right:
    return Right(RightKind.ETHICS, "project:p", through, "the ethics approval of p", "Renew it.")


@pytest.mark.parametrize("through", [None, date(2026, 5, 31)])
def test_a_right_that_is_missing_or_over_refuses(through: date | None) -> None:
    with pytest.raises(AccessRefused, match="Renew it"):
        check_rights([right(date(2026, 6, 1)), right(through)], date(2026, 6, 1))


@pytest.mark.parametrize(
    ("left", "warned_at"), [(61, []), (60, [60]), (15, [60]), (14, [14]), (2, [14]), (1, [1]), (0, [1]), (-1, [])]
)
def test_people_are_warned_at_these_days(left: int, warned_at: list[int]) -> None:
    today = date(2026, 6, 1)
    assert [one.days for one in lapses([right(today + timedelta(days=left))], today)] == warned_at


def test_each_warning_is_one_mail_to_the_leads(active: Project, database: Database, clock: HandClock) -> None:
    for day in range(100):
        clock.now = datetime(2026, 6, 1, 9, tzinfo=UTC) + timedelta(days=day)
        warn_of_lapses(database)
        assert warn_of_lapses(database) == 0, "asked again on the same day, nobody hears twice"
    with database.read() as connection:
        rows = connection.execute(select(outbox.c.key, outbox.c.recipient).order_by(outbox.c.created_at)).all()
    ethics = [(key.rpartition(":")[2], who) for key, who in rows if ":ethics:" in key]
    assert ethics == [(str(days), "lena") for days in WARN_DAYS]
