"""Applications and amendments for those who write them: begin, answer, check, submit, and what became of them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, ValidationError

from core.forms import in_words
from portal.api.caller import Called, Caller
from portal.api.fields import MOST, ApplicationId, Asked, Name, ProjectId, Reason, Sha256, Shown, Slug
from portal.api.paging import Page, Windowed, paged
from projects.applications import service
from projects.applications.checking import Problem
from projects.applications.errors import Incomplete
from projects.applications.exemptions import ask_exemption
from projects.applications.models import Application, ApplicationFile, ApplicationState, Exemption
from projects.applications.pages import ApplicationPage, application_page
from projects.applications.policy import ApplicationAction
from projects.committee.pages import BodyPage, committee_page
from projects.committee.service import appeal_decision
from projects.resource_rules.models import RuleId, Verdict

router = APIRouter(tags=["applications"])


class ApplicationListed(Shown):
    """An application in a list."""

    id: str
    project_id: str
    number: int
    resource: str
    state: ApplicationState
    state_since: datetime
    created_by: str
    created_at: datetime


class AnswerShown(Shown):
    """One answer of a draft, as it was last saved."""

    field: str
    value: JsonValue
    version: int
    """What to save the next one on top of."""
    saved_by: str
    saved_at: datetime


class SubmissionShown(Shown):
    """What was submitted last, and what the rules said of it."""

    number: int
    sha256: str
    file: ApplicationFile
    verdicts: list[Verdict]
    submitted_by: str
    submitted_at: datetime


class ExemptionShown(Shown):
    """An exemption that was asked for, and what was said."""

    rule: RuleId
    reason: str
    asked_by: str
    asked_at: datetime
    in_force: bool
    settled: bool
    said: list[str]
    """The members' reasons."""


class DecisionShown(Shown):
    """What a body of the committee decided, and what it says to the team."""

    body: str
    approved: bool
    reasons: list[str]
    conditions: list[str]
    declined: dict[str, str]
    """Variable → why it is not given."""


class ApplicationShown(ApplicationListed):
    """An application as it stands."""

    answers: list[AnswerShown]
    """The draft, to those who write it."""
    submission: SubmissionShown | None
    exemptions: list[ExemptionShown]
    returned: str
    """What the committee wants changed, where it returned it."""
    decisions: list[DecisionShown]
    due: datetime | None
    """When the step it is at is overdue."""
    actions: list[ApplicationAction]
    """Steps that are open to this person now."""


class CheckShown(Shown):
    """What is missing in a draft, and what the rules say of it so far."""

    is_free: bool
    """Whether it can be submitted."""
    sha256: str | None
    """The hash it would be submitted under, as it stands; None while something is missing."""
    problems: list[Problem]
    verdicts: list[Verdict]


class Declared(Asked):
    """What a draft is submitted with."""

    read: Sha256
    """The hash of what was read, as the check gives it."""
    declared: Literal[True]
    """That what it says is true, said for everybody in the team."""


class Begun(Asked):
    """What an application is begun with."""

    resource: Name
    project_id: Slug
    """A short name of its own, which will be the project's."""


def _check_written(value: JsonValue) -> JsonValue:
    """Refuse what Python reads and JSON can not write: NaN, infinities, halves of characters."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise ValueError("holds a number or a text that JSON can not write") from error
    return value


class Answered(Asked):
    """An answer, on top of the version that was read: 0 where there was none."""

    value: Annotated[JsonValue, AfterValidator(_check_written)]
    version: int = Field(ge=0, le=MOST)


def _read(said: Any) -> ApplicationFile:
    """Read an application as JSON has it; raises Incomplete with every problem of form in it."""
    try:
        return ApplicationFile.model_validate_json(json.dumps(said))
    except ValidationError as error:
        raise Incomplete(in_words(error, "the application")) from error


WholeApplication = Annotated[ApplicationFile, BeforeValidator(_read)]
Rule = Annotated[RuleId, Path(description="the rule, as a verdict cites it")]
FieldName = Annotated[Name, Path(description="a field of the form")]


@router.get("/applications")
def list_applications(caller: Called, window: Windowed) -> Page[ApplicationListed]:
    """List the applications this person may see: their own, and by role those before the committee."""
    found = service.applications_for(caller.database, caller.person)
    return paged(window, found, lambda one: one.id, ApplicationListed.of)


@router.post("/applications", status_code=201)
def begin_application(caller: Called, said: Begun) -> ApplicationShown:
    """Begin the draft of an application for a new project."""
    return _shown(caller, service.begin_application(caller.database, caller.person, said.resource, said.project_id))


@router.post("/submissions", status_code=201)
def submit_whole_application(caller: Called, file: WholeApplication) -> ApplicationShown:
    """Submit an application that was written elsewhere, its draft begun where there is none: all of it, or nothing."""
    return _shown(caller, service.apply_from_file(caller.database, caller.person, file))


@router.post("/projects/{project_id}/amendments", status_code=201)
def begin_amendment(caller: Called, project_id: ProjectId) -> ApplicationShown:
    """Begin the draft of an amendment of a running project: a copy of what it is approved for, to be changed."""
    return _shown(caller, service.begin_amendment(caller.database, caller.person, project_id))


@router.post("/amendments", status_code=201)
def submit_whole_amendment(caller: Called, file: WholeApplication) -> ApplicationShown:
    """Submit an amendment that was written elsewhere, its draft begun where there is none: all of it, or nothing."""
    return _shown(caller, service.amend_from_file(caller.database, caller.person, file))


@router.get("/applications/{application_id}")
def application(caller: Called, application_id: ApplicationId) -> ApplicationShown:
    """Return an application as it stands."""
    return _shown(caller, service.application_for(caller.database, caller.person, *parts(application_id)))


@router.put("/applications/{application_id}/answers/{field}")
def save_answer(caller: Called, application_id: ApplicationId, field: FieldName, said: Answered) -> AnswerShown:
    """Save one answer of a draft; where somebody else saved it since, nothing is, and what is there now is answered."""
    project_id, number = parts(application_id)
    saved = service.save_answer(
        caller.database, caller.person, project_id, field, said.value, said.version, number=number
    )
    return _answer(saved, field)


@router.get("/applications/{application_id}/check")
def check_application(caller: Called, application_id: ApplicationId) -> CheckShown:
    """Return what is missing in a draft, and what the rules in force say of it now."""
    return CheckShown.of(service.check_application(caller.database, caller.person, *parts(application_id)))


@router.post("/applications/{application_id}/submit")
def submit_application(caller: Called, application_id: ApplicationId, said: Declared) -> ApplicationShown:
    """Submit a draft as it was read, and declare that it is true: from now on it is the committee's."""
    key = parts(application_id)
    return _shown(caller, service.submit_application(caller.database, caller.person, *key, read=said.read))


@router.post("/applications/{application_id}/withdraw")
def withdraw_application(caller: Called, application_id: ApplicationId) -> ApplicationShown:
    """Withdraw an application for good."""
    return _shown(caller, service.withdraw_application(caller.database, caller.person, *parts(application_id)))


@router.post("/applications/{application_id}/appeal")
def appeal(caller: Called, application_id: ApplicationId, said: Reason) -> ApplicationShown:
    """Appeal against a decline, once: other members vote on the same submission."""
    project_id, number = parts(application_id)
    return _shown(caller, appeal_decision(caller.database, caller.person, project_id, said.reason, number))


@router.post("/applications/{application_id}/exemptions/{rule}", status_code=201)
def ask_for_exemption(caller: Called, application_id: ApplicationId, rule: Rule, said: Reason) -> ExemptionShown:
    """Ask the committee to exempt a draft from a rule; it sees the draft from then on."""
    project_id, number = parts(application_id)
    asked = ask_exemption(caller.database, caller.person, project_id, rule, said.reason, number)
    return exemption_shown(asked)


def parts(application_id: str) -> tuple[str, int]:
    """Return the project and the number that an application's id is made of."""
    project_id, _, number = application_id.rpartition(".")
    return project_id, int(number)


def exemption_shown(exemption: Exemption) -> ExemptionShown:
    """Return what is shown of an exemption: what members said, not who did."""
    said = [word.reason for word in exemption.words]
    return ExemptionShown(**{n: getattr(exemption, n) for n in ExemptionShown.model_fields if n != "said"}, said=said)


def _shown(caller: Caller, found: Application) -> ApplicationShown:
    page = application_page(caller.database, caller.person, found.project_id, found.number)
    seen = committee_page(caller.database, caller.person, found.project_id, found.number)
    returned = seen.deliberation.return_note if page.application.state is ApplicationState.RETURNED else ""
    return ApplicationShown(
        **ApplicationListed.of(page.application).model_dump(),
        answers=[_answer(page.application, field) for field in _readable(caller, page)],
        submission=SubmissionShown.of(page.application.submission) if page.application.submission else None,
        exemptions=[exemption_shown(one) for one in page.application.exemptions],
        returned=returned,
        decisions=[_decision(one) for one in seen.bodies if one.approved is not None],
        due=seen.due,
        actions=sorted(page.actions),
    )


def _readable(caller: Caller, page: ApplicationPage) -> list[str]:
    writes = caller.person.username in page.application.writers
    return sorted(page.application.answers) if writes else []


def _answer(found: Application, field: str) -> AnswerShown:
    kept = found.answers[field]
    return AnswerShown(**{**kept.__dict__, "value": json.loads(kept.value)})


def _decision(body: BodyPage) -> DecisionShown:
    return DecisionShown(
        body=body.body.id,
        approved=body.approved,
        reasons=[vote.reason for vote in body.shown if vote.reason],
        conditions=[vote.conditions for vote in body.shown if vote.conditions],
        declined={name: why for vote in body.shown if body.approved for name, why in vote.declined.items()},
    )
