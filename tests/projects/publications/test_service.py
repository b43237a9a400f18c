"""What a team says of its publications, on both engines; and what nobody else can say."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.database import Database
from core.errors import InvalidInput
from core.outbox.models import Effect
from core.outbox.records import find_effects
from core.people.models import Person
from core.settings import Settings
from projects.errors import ActionRefused
from projects.models import Project
from projects.publications.errors import PublicationRejected, PublicationSettled
from projects.publications.mails import MANUSCRIPT_SHOWN, OBLIGATION_DUE, remind_of_obligations
from projects.publications.models import Publication, PublicationState, Withdrawn
from projects.publications.pages import published_of
from projects.publications.policy import PublicationStep
from projects.publications.records import obligations_of
from projects.publications.service import (
    name_outputs,
    record_publication,
    sum_up,
    take_step,
    write_report,
)
from projects.records import find_project
from projects.service import close_project, remove_member
from tests.conftest import HandClock
from tests.support.catalog import ON_ONE_ENGINE, ingest
from tests.support.guards import Attack, check_wall, walls_of
from tests.support.publications import ARTICLE, PUBLISHED, SHOWN, SUBMITTED, asking_project, published

HERE = "cis-spinal"


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    return asking_project(database, settings, people, HERE)


@pytest.fixture
def planned(active: Project, database: Database, people: dict[str, Person]) -> Publication:
    return record_publication(database, people["rosa"], HERE, ARTICLE)


def mails(database: Database, template: str) -> list[Effect]:
    with database.read() as connection:
        return [one for one in find_effects(connection) if one.payload["template"] == template]


def test_a_publication_from_its_plan_to_the_register(
    planned: Publication, database: Database, people: dict[str, Person]
) -> None:
    rosa, of = people["rosa"], (HERE, planned.number)
    assert (planned.number, planned.state, published_of(database, HERE)) == (1, PublicationState.PLANNED, [])
    shown = take_step(database, rosa, *of, PublicationStep.SHOW, SHOWN)
    assert (shown.state, shown.shown_on, shown.manuscript) == ("shown", date(2026, 6, 1), SHOWN.manuscript)
    assert take_step(database, people["lena"], *of, PublicationStep.SUBMIT, SUBMITTED).venue == "Journal of Examples"
    out = take_step(database, rosa, *of, PublicationStep.PUBLISH, PUBLISHED)
    assert (out.state, out.link, out.acknowledges, out.went_out_unshown) == ("published", PUBLISHED.link, True, False)
    assert sum_up(database, rosa, *of, " It helps to look.\r\n\r\nMore is needed. ").lay_summary == (
        "It helps to look.\n\nMore is needed."
    )
    assert [one.title for one in published_of(database, HERE)] == ["Lesions and conversion"]
    take_step(database, rosa, *of, PublicationStep.WITHDRAW, Withdrawn())
    assert published_of(database, HERE) == [], "what was retracted is not shown to everybody"


def test_those_who_decide_are_told_of_a_manuscript_and_nobody_else(
    planned: Publication, database: Database, people: dict[str, Person]
) -> None:
    take_step(database, people["rosa"], HERE, 1, PublicationStep.SHOW, SHOWN)
    told = mails(database, MANUSCRIPT_SHOWN.name)
    assert sorted(one.recipient for one in told) == ["dirk", "dora"]
    assert told[0].payload["fields"]["link"] == "/projects/cis-spinal/publications"


@ON_ONE_ENGINE
@pytest.mark.parametrize("username", ["olga", "dirk", "anna", "ravi"])
def test_only_the_team_speaks(
    planned: Publication, database: Database, people: dict[str, Person], username: str
) -> None:
    other = people[username]
    for act in (
        lambda: record_publication(database, other, HERE, ARTICLE),
        lambda: take_step(database, other, HERE, 1, PublicationStep.SUBMIT, SUBMITTED),
        lambda: sum_up(database, other, HERE, 1, "Words."),
        lambda: name_outputs(database, other, HERE, 1, [], []),
        lambda: write_report(database, other, HERE, "Words."),
    ):
        with pytest.raises(ActionRefused, match="The team of cis-spinal says what came of it"):
            act()


@ON_ONE_ENGINE
def test_who_left_the_team_speaks_no_more(planned: Publication, database: Database, people: dict[str, Person]) -> None:
    remove_member(database, people["olga"], HERE, "rosa")
    with pytest.raises(ActionRefused):
        write_report(database, people["rosa"], HERE, "Words.")


@ON_ONE_ENGINE
def test_only_released_outputs_are_named_and_what_was_named_stays(
    planned: Publication, database: Database, people: dict[str, Person]
) -> None:
    rosa, released = people["rosa"], ["a" * 16, "b" * 16]
    with pytest.raises(PublicationRejected, match="only released outputs of cis-spinal"):
        name_outputs(database, rosa, HERE, 1, ["a" * 16, "c" * 16], released)
    assert name_outputs(database, rosa, HERE, 1, ["b" * 16], released).outputs == ("b" * 16,)
    assert set(name_outputs(database, rosa, HERE, 1, ["a" * 16], released).outputs) == set(released)


@ON_ONE_ENGINE
def test_a_summary_is_of_what_is_published_and_written_once(
    planned: Publication, database: Database, people: dict[str, Person]
) -> None:
    with pytest.raises(PublicationSettled, match="waits for no summary"):
        sum_up(database, people["rosa"], HERE, 1, "Early.")
    number = published(database, people["rosa"], HERE).number
    for words in ("", " \n ", "x" * 4001):
        with pytest.raises(InvalidInput, match="between one and 4000"):
            sum_up(database, people["rosa"], HERE, number, words)
    sum_up(database, people["rosa"], HERE, number, "Plain.")
    with pytest.raises(PublicationSettled):
        sum_up(database, people["rosa"], HERE, number, "Again.")


@ON_ONE_ENGINE
def test_a_step_says_what_is_its_to_say(planned: Publication, database: Database, people: dict[str, Person]) -> None:
    with pytest.raises(TypeError, match="show says Shown, not Submitted"):
        take_step(database, people["rosa"], HERE, 1, PublicationStep.SHOW, SUBMITTED)


class TestReminders:
    """Of what is owed the leads are reminded 60, 14 and 1 days before, and once it is late."""

    def sent(self, database: Database) -> list[tuple[str, str]]:
        found = [one.payload["fields"] | {"to": one.recipient} for one in mails(database, OBLIGATION_DUE.name)]
        return [(one["to"], one["when"]) for one in found]

    def test_each_once_until_it_is_met(
        self, active: Project, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        write_report(database, people["rosa"], HERE, "The first year.")
        for day in ("2026-06-02", "2027-04-01", "2027-04-30", "2027-05-02", "2027-06-16", "2027-06-29", "2027-07-01"):
            clock.now = datetime.fromisoformat(day).replace(tzinfo=UTC)
            remind_of_obligations(database)
        assert remind_of_obligations(database) == 0
        assert self.sent(database) == [("lena", "due by 29 June 2027")] * 3 + [("lena", "overdue since 29 June 2027")]
        write_report(database, people["lena"], HERE, "The end.")
        assert remind_of_obligations(database) == 0

    def test_after_the_project_was_closed_from_that_day_on_and_closing_does_not_wait(
        self, active: Project, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        assert close_project(database, people["olga"], HERE).state == "closed"
        with database.read() as connection:
            owed = obligations_of(connection, find_project(connection, HERE))
        assert [str(one.due) for one in owed] == ["2026-01-01"], "what was owed before it was closed is owed still"
        remind_of_obligations(database)
        write_report(database, people["lena"], HERE, "It is over.")
        clock.now = datetime(2026, 11, 20, tzinfo=UTC)
        remind_of_obligations(database)
        assert self.sent(database) == [("lena", "overdue since 1 January 2026"), ("lena", "due by 28 November 2026")]


AT = "2026-06-01T10:00:00.000000Z"
ATTACKS = [
    Attack(
        "publication",
        "birth",
        "born published",
        "INSERT INTO publication (project_id, number, kind, title, state, recorded_by, recorded_at, link, "
        "published_on, acknowledges) VALUES "
        f"('{HERE}', 2, 'article', 'T', 'published', 'rosa', '{AT}', 'x', '2026-06-01', FALSE)",
        lambda _: None,
    ),
    Attack(
        "publication",
        "order",
        "a number left out",
        "INSERT INTO publication (project_id, number, kind, title, state, recorded_by, recorded_at) "
        f"VALUES ('{HERE}', 7, 'article', 'T', 'planned', 'rosa', '{AT}')",
        lambda _: None,
    ),
    Attack(
        "publication",
        "state",
        "a withdrawn one brought back",
        "UPDATE publication SET state = 'planned'",
        lambda of: take_step(*of, PublicationStep.WITHDRAW, Withdrawn()),
    ),
    Attack(
        "publication",
        "once",
        "another link",
        "UPDATE publication SET link = 'https://elsewhere.example.org/'",
        lambda of: take_step(*of, PublicationStep.PUBLISH, PUBLISHED),
    ),
    Attack(
        "report",
        "order",
        "a report before the first",
        f"INSERT INTO report VALUES ('{HERE}', 0, 'W', 'rosa', '{AT}')",
        lambda _: None,
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_wall_holds_and_without_it_the_attack_works(
    planned: Publication, database: Database, owned_database: Database, people: dict[str, Person], attack: Attack
) -> None:
    attack.prepare((database, people["rosa"], HERE, planned.number))
    check_wall(owned_database, attack)


def test_every_wall_is_attacked() -> None:
    attacked = {(attack.table, attack.guard) for attack in ATTACKS}
    assert walls_of(("publication", "used_output", "report")) == attacked
