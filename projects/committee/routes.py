"""Pages of the committee: its queue, one application with the vote, and exemptions."""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import InvalidInput, MyelinError
from core.web.visit import SignedIn, Visit
from projects.applications.exemptions import answer_exemption
from projects.applications.models import ApplicationKey
from projects.applications.naming import Named
from projects.committee import service
from projects.committee.models import Word
from projects.committee.pages import committee_page, queue
from projects.resource_rules.models import RuleId

router = APIRouter()


@router.get("/committee")
def committee(visit: SignedIn) -> Response:
    """List what is before the committee: what waits for this member first."""
    return visit.show("projects/committee/queue.html", queue=queue(visit.database, visit.person))


@router.get("/committee/{project_id}")
def application(visit: SignedIn, key: Named) -> Response:
    """Show an application as it is judged, and the vote where it is this member's."""
    return _page(visit, key)


@router.post("/committee/{project_id}/interest")
def declare(visit: SignedIn, key: Named) -> Response:
    """Declare whether one has a conflict of interest."""
    conflict = visit.form.get("conflict") == "yes"
    if visit.form.get("conflict") not in ("yes", "no"):
        raise InvalidInput("Say whether you have a conflict of interest: yes or no.")
    words = visit.form.get("words", "")
    service.declare_interest(
        visit.database, visit.person, key.project_id, conflict=conflict, words=words, number=key.number
    )
    said = "a conflict of interest: other members decide." if conflict else "that you have no conflict of interest."
    return visit.go(f"/committee/{key}", f"You declared {said}")


@router.post("/committee/{project_id}/vote/{body}")
def vote(visit: SignedIn, key: Named, body: str) -> Response:
    """Vote for one body, variable by variable; a refusal shows the page again with what was written."""
    form = visit.form
    try:
        word = Word(form.get("word", ""))
        voted = service.cast_vote(
            visit.database,
            visit.person,
            key.project_id,
            body,
            word,
            reason=form.get("reason", ""),
            conditions=form.get("conditions", ""),
            declined=_declined(form),
            version=form.get("version", ""),
            number=key.number,
        )
    except ValueError:
        return _page(visit, key, InvalidInput("Say whether you approve or decline."), body)
    except MyelinError as refusal:
        return _shown_again(visit, key, refusal, body)
    return visit.go(f"/committee/{key}", f"Your vote is cast. The application is {voted.state}.")


@router.post("/committee/{project_id}/without/{body}")
def go_on(visit: SignedIn, key: Named, body: str) -> Response:
    """Go on without a body that did not decide in time."""
    project_id, number = key
    version = visit.form.get("version", "")
    found = service.go_on_without(visit.database, visit.person, project_id, body, number, version=version)
    return visit.go(f"/committee/{key}", f"It goes on without {body}. The application is {found.state}.")


@router.post("/committee/{project_id}/return")
def return_(visit: SignedIn, key: Named) -> Response:
    """Return an application to its team for changes; a refusal shows the page again with what was written."""
    reason, version = visit.form.get("reason", ""), visit.form.get("version", "")
    project_id, number = key
    try:
        service.return_application(visit.database, visit.person, project_id, reason, number, version=version)
    except MyelinError as refusal:
        return _shown_again(visit, key, refusal, "return")
    return visit.go(f"/committee/{key}", "The application is back with its team, with your reason.")


@router.post("/committee/{project_id}/exemption/{rule}")
def exemption(visit: SignedIn, key: Named, rule: RuleId) -> Response:
    """Say one member's word on an exemption."""
    granted = visit.form.get("granted") == "yes"
    reason = visit.form.get("reason", "")
    said = answer_exemption(
        visit.database, visit.person, key.project_id, rule, granted=granted, reason=reason, number=key.number
    )
    words = "in force" if said.in_force else "refused" if said.settled else "waits for a second member"
    return visit.go(f"/committee/{key}", f"Your word is kept: the exemption is {words}.")


def _declined(form: Mapping[str, str]) -> dict[str, str]:
    """Return the variables a form does not give, with the reasons written beside them."""
    names = (name.removeprefix("not:") for name in form if name.startswith("not:"))
    return {name: form.get(f"why:{name}", "") for name in names}


def _shown_again(visit: Visit, key: ApplicationKey, refusal: MyelinError, said_to: str) -> Response:
    """Answer a refused form with the page and what was written; what is not there for this person stays so."""
    if refusal.status == 404:
        raise refusal
    return _page(visit, key, refusal, said_to)


def _page(visit: Visit, key: ApplicationKey, refusal: MyelinError | None = None, said_to: str = "") -> Response:
    """Show an application; `said_to` is the body whose form, or "return" where the return, was refused."""
    page = committee_page(visit.database, visit.person, *key)
    facts = {"page": page, "refusal": refusal, "said": visit.form, "said_to": said_to}
    return visit.show("projects/committee/application.html", status=refusal.status if refusal else 200, **facts)
