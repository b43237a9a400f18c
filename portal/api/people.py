"""People: who calls, and for operations everybody with roles, affiliations and trainings."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from core.people import service
from core.people.affiliations import affiliations_of, record_affiliation
from core.people.models import Person, Role, Sector
from core.people.permissions import PERSON_READ
from core.permissions import check_may
from core.tokens.models import TokenScope
from portal.api.caller import Called, Caller
from portal.api.fields import TOKEN, Asked, Line, Shown, Slug, Username
from portal.api.paging import Page, Windowed, paged
from projects.training.service import record_training, revoke_training, trainings_for

router = APIRouter(tags=["people"])


class Me(Shown):
    """Whose token a request carries, and what it is for."""

    username: str
    name: str
    roles: list[Role]
    scope: TokenScope
    expires_at: datetime


class PersonListed(Shown):
    """Somebody with an account."""

    username: str
    name: str
    email: str
    active: bool
    roles: frozenset[Role]


class AffiliationShown(Shown):
    """Where somebody works, as recorded last."""

    username: str
    organisation: str
    sector: Sector
    recorded_by: str
    since: datetime


class PersonShown(PersonListed):
    """Somebody with an account, and where they work."""

    affiliation: AffiliationShown | None


class GrantShown(Shown):
    """A role that was given, or waits for a second person."""

    id: str
    username: str
    role: Role
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    in_force: bool


class TrainingShown(Shown):
    """A course somebody passed, and through when it counts."""

    username: str
    course: str
    passed_on: date
    through: date
    evidence: str
    recorded_by: str
    recorded_at: datetime
    revoked_at: datetime | None


class NewPerson(Asked):
    """Somebody who may then sign in, as the sign-in provider knows them."""

    username: Slug
    name: Line
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]
    subject: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewRole(Asked):
    """A role to give or propose."""

    role: Role


class NewAffiliation(Asked):
    """Where somebody works from now on."""

    organisation: Line
    sector: Sector


class NewTraining(Asked):
    """A course somebody passed; `evidence` is what shows it, such as the certificate's number."""

    course: Slug
    passed_on: date
    through: date
    evidence: Line


GrantId = Annotated[str, Path(pattern=TOKEN, description="the grant, as the list has it")]
Course = Annotated[str, Path(max_length=31, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", description="the course")]


@router.get("/me")
def me(caller: Called) -> Me:
    """Say whose token this is, and what it is for."""
    person, token = caller.person, caller.token
    return Me(
        username=person.username,
        name=person.name,
        roles=sorted(person.roles),
        scope=token.scope,
        expires_at=token.expires_at,
    )


@router.get("/people")
def list_people(caller: Called, window: Windowed) -> Page[PersonListed]:
    """List everybody with an account."""
    people = service.people_for(caller.database, caller.person)
    return paged(window, people, lambda one: one.username, PersonListed.of)


@router.post("/people", status_code=201)
def add_person(caller: Called, said: NewPerson) -> PersonShown:
    """Add somebody who may then sign in; roles are given separately."""
    new = Person(**dict(said), issuer=caller.settings.oidc_issuer)
    return _shown(caller, service.add_person(caller.database, caller.person, new).username)


@router.get("/people/{username}")
def person(caller: Called, username: Username) -> PersonShown:
    """Return somebody with an account."""
    return _shown(caller, username)


@router.post("/people/{username}/close")
def close_person(caller: Called, username: Username) -> PersonShown:
    """Close an account: its sessions and tokens end now, its servers within seconds."""
    service.close_person(caller.database, caller.person, username)
    return _shown(caller, username)


@router.post("/people/{username}/reopen")
def reopen_person(caller: Called, username: Username) -> PersonShown:
    """Open a closed account again, with the roles that were not revoked."""
    service.reopen_person(caller.database, caller.person, username)
    return _shown(caller, username)


@router.post("/people/{username}/roles", status_code=201)
def propose_role(caller: Called, username: Username, said: NewRole) -> GrantShown:
    """Give a role, or propose it where it takes a second person's word."""
    return GrantShown.of(service.propose_role(caller.database, caller.person, username, said.role))


@router.delete("/people/{username}/roles/{role}", status_code=204)
def revoke_role(caller: Called, username: Username, role: Role) -> None:
    """Take a role away; it counts from the next request on."""
    service.revoke_role(caller.database, caller.person, username, role)


@router.get("/grants")
def list_pending_grants(caller: Called, window: Windowed) -> Page[GrantShown]:
    """List the roles that wait for a second person."""
    waiting = service.pending_grants(caller.database, caller.person)
    return paged(window, waiting, lambda one: one.id, GrantShown.of)


@router.post("/grants/{grant_id}/confirm")
def confirm_role(caller: Called, grant_id: GrantId) -> GrantShown:
    """Say the second word on a proposed role."""
    return GrantShown.of(service.confirm_role(caller.database, caller.person, grant_id))


@router.post("/people/{username}/affiliation", status_code=201)
def record_person_affiliation(caller: Called, username: Username, said: NewAffiliation) -> AffiliationShown:
    """Record where somebody works from now on."""
    made = record_affiliation(caller.database, caller.person, username, said.organisation, said.sector)
    return AffiliationShown.of(made)


@router.get("/people/{username}/trainings")
def list_trainings(caller: Called, username: Username, window: Windowed) -> Page[TrainingShown]:
    """List somebody's trainings: to themselves, and to those who may see everybody's."""
    found = trainings_for(caller.database, caller.person, username)
    return paged(window, found, lambda one: f"{one.recorded_at.isoformat()}/{one.course}", TrainingShown.of)


@router.post("/people/{username}/trainings", status_code=201)
def record_person_training(caller: Called, username: Username, said: NewTraining) -> TrainingShown:
    """Record a course somebody passed, and through when it counts."""
    return TrainingShown.of(record_training(caller.database, caller.person, username, **dict(said)))


@router.delete("/people/{username}/trainings/{course}", status_code=204)
def revoke_person_training(caller: Called, username: Username, course: Course) -> None:
    """Take back somebody's trainings in a course."""
    revoke_training(caller.database, caller.person, username, course)


def _shown(caller: Caller, username: str) -> PersonShown:
    check_may(caller.person, PERSON_READ)
    with caller.database.read() as connection:
        found = service.find_person(connection, username)
        affiliation = affiliations_of(connection, [username]).get(username)
    shown = AffiliationShown.of(affiliation) if affiliation else None
    return PersonShown(**PersonListed.of(found).model_dump(), affiliation=shown)
