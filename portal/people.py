"""Pages of people: everybody, one person with all that is on record, adding somebody, and the second word on a role.

Operations administer people here. The second word on a role has a page of its own, as committee members say it too and
see nothing else of people.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import InvalidInput, MyelinError, NotFound
from core.people.affiliations import add_person_at, record_affiliation
from core.people.models import Person, Role, Sector
from core.people.pages import Account, list_people, person_page, waiting_grants
from core.people.permissions import PERSON_ADD
from core.people.policy import KEPT_APART, WHAT_ROLES_DO, kept_apart_from
from core.people.service import close_person, confirm_role, propose_role, reopen_person, revoke_role
from core.permissions import check_may
from core.web.visit import SignedIn, Visit
from core.web.words import write_words
from hub.servers import servers_of
from projects.demands import courses_asked_for, pressing_rights, projects_asking
from projects.service import projects_of
from projects.training.service import record_training, revoke_training, trainings_for

router = APIRouter()

ACCOUNT = ("username", "name", "email", "issuer", "subject")
"""The fields of the form that say who somebody is."""

PASTED = {"issuer": "issuer", "subject": "subject", "name": "name", "mail": "email"}
"""What the page of somebody unknown says line by line, and the field of the form it goes into."""


@router.get("/people")
def people(visit: SignedIn, text: str = "", role: str = "", account: Account = "") -> Response:
    """List people, and what waits to be done about them."""
    wanted = Role(role) if role in set(Role) else None
    shown = list_people(visit.database, visit.person, text, wanted, account)
    return visit.show(
        "portal/people/list.html",
        people=shown,
        filters={"text": text, "role": wanted or "", "account": account},
        roles=list(Role),
        waiting=waiting_grants(visit.database, visit.person),
        pressing=pressing_rights(visit.database, visit.person),
        kept_apart=KEPT_APART,
    )


@router.get("/people/new")
def new_person(visit: SignedIn) -> Response:
    """Show the form to add somebody."""
    return _form(visit, {"issuer": visit.settings.oidc_issuer})


@router.post("/people/new/pasted")
def fill_in(visit: SignedIn) -> Response:
    """Fill the form in with the lines somebody unknown was shown when they signed in."""
    read = read_pasted(visit.form.get("pasted", ""))
    missing = {"issuer", "subject"} - read.keys()
    problem = InvalidInput("The lines are not complete.", "They say Issuer: … and Subject: …") if missing else None
    return _form(visit, {"issuer": visit.settings.oidc_issuer, **read}, problem)


@router.post("/people/new")
def add(visit: SignedIn) -> Response:
    """Add somebody with where they work; a refusal keeps what was filled in."""
    filled = {name: words.strip() for name, words in visit.form.items()}
    try:
        username, name, email, issuer, subject = (filled.get(field, "") for field in ACCOUNT)
        new = Person(username, name, email, issuer, subject)
        sector = _sector(filled.get("sector", ""))
        add_person_at(visit.database, visit.person, new, filled.get("organisation", ""), sector)
    except MyelinError as problem:
        return _form(visit, filled, problem)
    return visit.go(f"/people/{new.username}", f"{new.name} may now sign in as {new.username}.")


@router.get("/people/grants")
def grants(visit: SignedIn) -> Response:
    """List the roles that wait for a second word."""
    waiting = waiting_grants(visit.database, visit.person)
    return visit.show("portal/people/grants.html", waiting=waiting, duties=WHAT_ROLES_DO)


@router.post("/people/grants/{grant_id}/confirm")
def confirm(visit: SignedIn, grant_id: str) -> Response:
    """Say the second word on a proposed role."""
    grant = confirm_role(visit.database, visit.person, grant_id)
    return visit.go("/people/grants", f"{grant.username} now holds the role {write_words(grant.role)}.")


@router.get("/people/{username}")
def person(visit: SignedIn, username: str) -> Response:
    """Show one person with all that is on record of them, and what can be done."""
    pressing = [right for right in pressing_rights(visit.database, visit.person) if right.username == username]
    facts = {"pressing": pressing, "courses": courses_asked_for(visit.database), "sectors": list(Sector)}
    return _show(visit, "person", username, kept_apart_from=kept_apart_from, **facts)


@router.get("/people/{username}/close")
def before_closing(visit: SignedIn, username: str) -> Response:
    """Say what ends with an account and what stays."""
    return _show(visit, "close", username)


@router.post("/people/{username}/close")
def close(visit: SignedIn, username: str) -> Response:
    """Close an account."""
    close_person(visit.database, visit.person, username)
    return visit.go(f"/people/{username}", "The account is closed. Sessions have ended; servers end within seconds.")


@router.post("/people/{username}/reopen")
def reopen(visit: SignedIn, username: str) -> Response:
    """Open a closed account again."""
    reopened = reopen_person(visit.database, visit.person, username)
    return visit.go(f"/people/{username}", f"The account is open again: {reopened.name} can sign in.")


@router.post("/people/{username}/roles")
def propose(visit: SignedIn, username: str) -> Response:
    """Give a role, or propose it where it takes a second person's word."""
    grant = propose_role(visit.database, visit.person, username, _role(visit.form.get("role", "")))
    said = "now holds the role" if grant.in_force else "is proposed, and waits for a second person, for the role"
    return visit.go(f"/people/{username}", f"{username} {said} {write_words(grant.role)}.")


@router.get("/people/{username}/roles/{role}/revoke")
def before_revoking(visit: SignedIn, username: str, role: str) -> Response:
    """Say what taking a role away means."""
    return _show(visit, "revoke", username, role=role if role in set(Role) else "")


@router.post("/people/{username}/roles/{role}/revoke")
def revoke(visit: SignedIn, username: str, role: str) -> Response:
    """Take a role away, or a proposal back."""
    revoke_role(visit.database, visit.person, username, _role(role))
    return visit.go(f"/people/{username}", f"{username} does not hold the role {write_words(role)} any more.")


@router.post("/people/{username}/affiliation")
def affiliation(visit: SignedIn, username: str) -> Response:
    """Record where somebody works from now on."""
    sector = _sector(visit.form.get("sector", ""))
    organisation = visit.form.get("organisation", "")
    made = record_affiliation(visit.database, visit.person, username, organisation, sector)
    return visit.go(f"/people/{username}", f"It is recorded that {username} works at {made.organisation}.")


@router.post("/people/{username}/trainings")
def training(visit: SignedIn, username: str) -> Response:
    """Record a training somebody passed."""
    form = visit.form
    days = {"passed_on": _day(form.get("passed", "")), "through": _day(form.get("through", ""))}
    course, evidence = form.get("course", "").strip(), form.get("evidence", "")
    record_training(visit.database, visit.person, username, course, **days, evidence=evidence)
    return visit.go(f"/people/{username}", f"The training {course} is recorded.")


@router.get("/people/{username}/trainings/{course}/revoke")
def before_revoking_training(visit: SignedIn, username: str, course: str) -> Response:
    """Say what taking a training back means."""
    asking = projects_asking(visit.database, visit.person, username, course)
    return _show(visit, "revoke_training", username, course=course, asking=asking)


@router.post("/people/{username}/trainings/{course}/revoke")
def revoke_training_(visit: SignedIn, username: str, course: str) -> Response:
    """Take back every training of somebody in a course."""
    revoke_training(visit.database, visit.person, username, course)
    return visit.go(f"/people/{username}", f"{username} has the training {course} no more.")


def read_pasted(text: str) -> dict[str, str]:
    """Return the fields of the form that pasted lines such as `Subject: 4711` fill in; other lines are left out."""
    lines = (line.partition(":") for line in text.splitlines())
    said = {label.strip().lower(): words.strip() for label, _, words in lines}
    return {field: said[label] for label, field in PASTED.items() if said.get(label)}


def _show(visit: Visit, page: str, username: str, **facts: Any) -> Response:
    """Answer with a page about one person; raises Refused before NotFound, so that user names can't be tried out."""
    found = person_page(visit.database, visit.person, username)
    return visit.show(
        f"portal/people/{page}.html",
        page=found,
        trainings=trainings_for(visit.database, visit.person, username),
        projects=projects_of(visit.database, found.person),
        servers=servers_of(visit.database, username),
        duties=WHAT_ROLES_DO,
        **facts,
    )


def _form(visit: Visit, filled: Mapping[str, str], problem: MyelinError | None = None) -> Response:
    check_may(visit.person, PERSON_ADD)
    status = problem.status if problem else 200
    sectors = list(Sector)
    return visit.show("portal/people/new.html", status=status, filled=filled, problem=problem, sectors=sectors)


def _role(said: str) -> Role:
    if said not in set(Role):
        raise NotFound("There is no such role.", f"Roles are {', '.join(map(write_words, Role))}.")
    return Role(said)


def _sector(said: str) -> Sector:
    if said not in set(Sector):
        raise InvalidInput("Say what kind of organisation it is.", f"One of {', '.join(Sector)}.")
    return Sector(said)


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise InvalidInput("A day is missing or is none.", "Write it as 2026-12-31.") from error
