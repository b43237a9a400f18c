"""Who hears of an application, and who is reminded of a clock: as a table, and in the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.database import Database
from core.mermaid import DOCS
from core.outbox.tables import outbox
from core.people.models import Person
from projects.applications.models import ApplicationState as State
from projects.applications.service import apply_from_file, withdraw_application
from projects.committee.models import Word
from projects.committee.policy import REMIND_BEFORE, reminders_of
from projects.committee.service import appeal_decision, cast_vote, declare_interest, return_application
from projects.resource_rules.models import Clocks, load_rules
from tests.support.applications import AT, an_application
from tests.support.catalog import RULES, application_file, applied, submitted

OPEN = load_rules(RULES / "open.toml").model_copy(update={"clocks": Clocks(review=28, changes=60, appeal=30)})
ID = "cis-spinal"


@pytest.mark.parametrize(
    ("state", "days"),
    [
        (State.DRAFT, []),
        (State.SUBMITTED, [("soon", 21), ("overdue", 28)]),
        (State.APPEALED, [("soon", 21), ("overdue", 28)]),
        (State.RETURNED, [("soon", 53), ("overdue", 60)]),
        (State.DECLINED, []),
        (State.APPROVED, []),
        (State.UPHELD, []),
        (State.WITHDRAWN, []),
    ],
)
def test_when_somebody_is_reminded(state: State, days: Sequence[tuple[str, int]]) -> None:
    found = reminders_of(an_application(state), OPEN)
    assert [(one.name, (one.at - AT).days) for one in found] == days


def test_a_clock_of_a_week_or_less_reminds_of_its_end_only() -> None:
    short = OPEN.model_copy(update={"clocks": Clocks(review=7)})
    assert [one.name for one in reminders_of(an_application(State.SUBMITTED), short)] == ["overdue"]


def waiting(database: Database, template: str) -> list[tuple[str, datetime]]:
    """To whom mails of a template wait to be sent, and from when."""
    with database.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.cancelled_at.is_(None))).mappings().all()
    found = [row for row in rows if f'"projects:application:{template}"' in row["payload"]]
    return sorted((row["recipient"], row["due_at"]) for row in found)


def people_of(database: Database, template: str) -> list[str]:
    return [name for name, _ in waiting(database, template)]


def words(database: Database, template: str) -> str:
    with database.read() as connection:
        texts = connection.execute(select(outbox.c.payload).order_by(outbox.c.created_at)).scalars().all()
    return "\n".join(text for text in texts if f'"projects:application:{template}"' in text)


def test_members_with_a_seat_hear_of_an_application_and_are_reminded_until_they_vote(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    apply_from_file(database, people["lena"], application_file())
    assert people_of(database, "decide") == ["dirk", "dora"]
    now = database.clock()
    days = [(name, (due - now).days) for name, due in waiting(database, "remind")]
    review = load_rules(RULES / "open.toml").clocks.review
    assert days == [("dirk", review - 7), ("dirk", review), ("dora", review - 7), ("dora", review)]
    declare_interest(database, people["dirk"], ID, conflict=True, words="She is my sister.")
    assert people_of(database, "remind") == ["dora", "dora"], "who has a conflict is not waited for"
    declare_interest(database, people["dora"], ID, conflict=False)
    cast_vote(database, people["dora"], ID, "house", Word.DECLINE, reason="Too few people.")
    assert people_of(database, "remind") == []


def test_those_who_apply_read_the_committees_reason(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    applied(database, people)
    return_application(database, people["dirk"], ID, "Say why the age.")
    assert people_of(database, "settled") == ["lena"]
    assert "Say why the age." in words(database, "settled")
    assert people_of(database, "remind") == ["lena", "lena"], "changes have a clock, and review has none any more"
    submitted(database, people["lena"], ID)
    assert people_of(database, "remind") == ["dirk", "dirk", "dora", "dora"], "a second round reminds anew"
    assert people_of(database, "decide") == ["dirk", "dirk", "dora", "dora"]
    cast_vote(database, people["dirk"], ID, "house", Word.DECLINE, reason="Too few people.")
    assert people_of(database, "settled") == ["lena", "lena"]
    assert "Too few people." in words(database, "settled")


def test_an_appeal_is_told_to_other_members(cohort: None, database: Database, people: dict[str, Person]) -> None:
    applied(database, people)
    cast_vote(database, people["dirk"], ID, "house", Word.DECLINE, reason="Too few people.")
    appeal_decision(database, people["lena"], ID, "We have more.")
    assert people_of(database, "decide") == ["dirk", "dora", "dora"]
    assert people_of(database, "remind") == ["dora", "dora"]


def test_nobody_is_reminded_of_what_was_withdrawn(cohort: None, database: Database, people: dict[str, Person]) -> None:
    applied(database, people)
    withdraw_application(database, people["lena"], ID)
    assert waiting(database, "remind") == []


def test_a_step_that_comes_to_nothing_tells_nobody(cohort: None, database: Database, people: dict[str, Person]) -> None:
    applied(database, people)
    told = words(database, "settled")
    with pytest.raises(Exception, match="Say what is to be changed"):
        return_application(database, people["dirk"], ID, " ")
    assert words(database, "settled") == told == ""
    assert timedelta(0) < waiting(database, "remind")[0][1] - database.clock()


def test_the_documents_name_the_days() -> None:
    for page in ("mail.md", "applications.md"):
        assert f"{REMIND_BEFORE.days} days before the clock" in " ".join((DOCS / page).read_text().split())
