"""What a team owes its resource and by which day, and which steps a publication takes; written out by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from projects.models import Cut, Membership, Project, ProjectState, TeamRole
from projects.publications.errors import PublicationRejected, PublicationSettled
from projects.publications.models import (
    NewPublication,
    Obligation,
    Publication,
    PublicationKind,
    PublicationState,
    Published,
    Report,
    Shown,
    Withdrawn,
)
from projects.publications.policy import (
    FACTS,
    PublicationStep,
    answerable,
    check_step,
    obligations,
    open_steps,
)
from projects.resource_rules.models import AskedOfTeams
from tests.projects.test_policy import a_project
from tests.support.publications import ASKED, PUBLISHED, SHOWN, SUBMITTED

AT = datetime(2026, 6, 1, tzinfo=UTC)
TODAY = AT.date()
FACTS_OF = {
    PublicationStep.SHOW: SHOWN,
    PublicationStep.SUBMIT: SUBMITTED,
    PublicationStep.PUBLISH: PUBLISHED,
    PublicationStep.WITHDRAW: Withdrawn(),
}
LEADS_TO = {
    ("planned", "show"): "shown",
    ("planned", "submit"): "submitted",
    ("planned", "publish"): "published",
    ("planned", "withdraw"): "withdrawn",
    ("shown", "submit"): "submitted",
    ("shown", "publish"): "published",
    ("shown", "withdraw"): "withdrawn",
    ("submitted", "publish"): "published",
    ("submitted", "withdraw"): "withdrawn",
    ("published", "withdraw"): "withdrawn",
}


def a_publication(state: PublicationState = PublicationState.PLANNED, **facts: object) -> Publication:
    made = Publication("p", 1, PublicationKind.ARTICLE, "An article", state, None, "lena", AT)
    return replace(made, **facts)  # type: ignore[arg-type]


def a_report(day: date) -> Report:
    return Report("p", 1, "Words.", "lena", datetime(day.year, day.month, day.day, tzinfo=UTC))


def running(**changes: object) -> Project:
    return replace(a_project(ProjectState.ACTIVE), **changes)  # type: ignore[arg-type]


def days(owed: tuple[Obligation, ...]) -> list[str]:
    return [f"{one.kind} {one.due}" for one in owed]


@pytest.mark.parametrize("state", PublicationState)
@pytest.mark.parametrize("step", PublicationStep)
def test_every_step_from_every_state(state: PublicationState, step: PublicationStep) -> None:
    publication, to = a_publication(state), LEADS_TO.get((state, step))
    assert (step in open_steps(publication)) == bool(to)
    if to:
        assert check_step(publication, step, FACTS_OF[step], TODAY) == to
    else:
        with pytest.raises(PublicationSettled, match=f"is {state}: {step} is not open"):
            check_step(publication, step, FACTS_OF[step], TODAY)


def test_every_step_says_what_it_says() -> None:
    assert {step: type(facts) for step, facts in FACTS_OF.items()} == FACTS


def test_a_day_that_has_not_come_is_no_fact() -> None:
    tomorrow = PUBLISHED.model_copy(update={"published_on": date(2026, 6, 2)})
    with pytest.raises(PublicationRejected, match="published_on: this day has not come yet"):
        check_step(a_publication(), PublicationStep.PUBLISH, tomorrow, TODAY)


@pytest.mark.parametrize("link", ["10.1000/182", " 10.1000/182", "https://doi.org/10.1000/182"])
def test_a_doi_becomes_its_link(link: str) -> None:
    assert Published(link=link, published_on=TODAY).link == "https://doi.org/10.1000/182"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "http://example.org/plain",
        "https://",
        "https://host",
        "https://user@example.org/",
        "https://example.org/a b",
        "//example.org/",
        "",
    ],
)
def test_no_other_link_is_taken(link: str) -> None:
    with pytest.raises(ValidationError):
        Shown(manuscript=link)


def test_a_form_left_empty_says_nothing() -> None:
    assert NewPublication.model_validate({"kind": "thesis", "title": " T ", "planned_for": ""}) == NewPublication(
        kind=PublicationKind.THESIS, title="T"
    )


def test_a_manuscript_is_owed_before_it_is_submitted_until_it_is_shown() -> None:
    planned = a_publication(planned_for=date(2026, 9, 1))
    only = AskedOfTeams(shown_days_before=30)
    assert days(obligations(running(), date(2026, 12, 31), [planned], [], only)) == ["show 2026-08-02"]
    for later in (PublicationState.SHOWN, PublicationState.SUBMITTED, PublicationState.WITHDRAWN):
        assert obligations(running(), date(2026, 12, 31), [replace(planned, state=later)], [], only) == ()
    assert obligations(running(), date(2026, 12, 31), [a_publication()], [], only) == (), "no day is planned"


def test_a_summary_is_owed_from_publication_until_it_is_written() -> None:
    out = a_publication(PublicationState.PUBLISHED, published_on=date(2026, 5, 1))
    only = AskedOfTeams(summary_days_after=60)
    assert days(obligations(running(), date(2026, 12, 31), [out], [], only)) == ["summary 2026-06-30"]
    assert obligations(running(), date(2026, 12, 31), [replace(out, lay_summary="Plain.")], [], only) == ()


@pytest.mark.parametrize(
    ("reported", "due"),
    [
        (None, "2026-01-01"),
        (date(2025, 11, 1), "2026-01-01"),
        (date(2025, 11, 2), "2027-01-01"),
        (date(2026, 7, 1), "2027-01-01"),
        (date(2027, 6, 29), "2027-12-29"),
        (date(2027, 10, 30), "2028-07-01"),
        (date(2028, 5, 2), None),
    ],
    ids=str,
)
def test_a_report_is_owed_each_year_and_after_the_last_day_and_one_meets_what_is_near(
    reported: date | None, due: str | None
) -> None:
    project = running(starts=date(2025, 1, 1), ends=date(2027, 7, 2))
    reports = [a_report(reported)] if reported else []
    found = days(obligations(project, project.ends, [], reports, ASKED))
    assert found == ([f"report {due}"] if due else [])


def test_an_anniversary_of_a_leap_day_is_the_first_of_march() -> None:
    project = running(starts=date(2024, 2, 29), ends=date(2026, 12, 31))
    assert days(obligations(project, project.ends, [], [], ASKED)) == ["report 2025-03-01"]


def test_nothing_is_owed_for_data_that_were_never_seen_or_where_nothing_is_asked() -> None:
    out = a_publication(PublicationState.PUBLISHED, published_on=date(2026, 5, 1))
    assert obligations(running(cuts=()), date(2026, 12, 31), [out], [], ASKED) == ()
    assert obligations(running(), date(2026, 12, 31), [out], [], AskedOfTeams()) == ()


def test_a_deleted_cut_was_seen() -> None:
    deleted = Cut("p", 1, "olga", AT, "0" * 64, synthetic=False, deleted_at=AT)
    assert obligations(running(cuts=(deleted,), state=ProjectState.CLOSED), TODAY, [], [], ASKED)


def test_the_leads_answer_or_else_the_last_who_was_one() -> None:
    def member(name: str, role: TeamRole, left: datetime | None = None) -> Membership:
        return Membership("p", name, role, AT, left)

    gone = member("lena", TeamRole.LEAD, AT), member("luis", TeamRole.LEAD, AT.replace(month=7))
    assert answerable(running(memberships=(*gone, member("rosa", TeamRole.RESEARCHER)))) == ("luis",)
    assert answerable(running(memberships=(*gone, member("lena", TeamRole.LEAD)))) == ("lena",)
