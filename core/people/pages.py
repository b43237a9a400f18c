"""What operations are shown of people: everybody in a list, and one person with all that is on record of them."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Literal

from core.database import Database
from core.errors import Refused
from core.people import permissions
from core.people.affiliations import affiliation_history, affiliations_of
from core.people.directory import matches
from core.people.models import Affiliation, Person, Role, RoleGrant, Session
from core.people.policy import (
    can_confirm_role,
    check_close_person,
    check_propose_role,
    check_reopen_person,
    check_revoke_role,
    needs_second_word,
)
from core.people.service import find_person, grants_of, holders, ops_ever, pending_grants, people_for
from core.people.sessions import open_sessions
from core.permissions import check_may

Account = Literal["", "open", "closed"]


@dataclass(frozen=True)
class ListedPerson:
    """Somebody in the list of everybody."""

    person: Person
    organisation: str
    """Where they work; empty where nothing is recorded."""

    def is_wanted(self, text: str, role: Role | None, account: Account) -> bool:
        """Tell whether a text is found in what they are called, and they have the role and the account asked for."""
        named = matches(text, self.person.username, self.person.name, self.organisation)
        has_account = not account or self.person.active == (account == "open")
        return named and has_account and (role is None or role in self.person.roles)


@dataclass(frozen=True)
class WaitingGrant:
    """A proposed role as whoever may say the second word sees it."""

    grant: RoleGrant
    person: Person
    organisation: str
    """Where they work; empty where nothing is recorded."""
    mine: bool
    """Whether this person may say the second word."""


@dataclass(frozen=True)
class RoleStanding:
    """One role and one person: whether they hold it, and what stands between it and them."""

    role: Role
    held: bool
    waits: bool
    """Whether it is proposed, and a second person is still to confirm it."""
    second_word: bool
    """Whether giving it takes a second person."""
    not_given: Refused | None
    """Why this actor can not give it now."""
    not_taken: Refused | None
    """Why this actor can not take it away."""


@dataclass(frozen=True)
class PersonPage:
    """One person, as operations see them."""

    person: Person
    roles: tuple[RoleStanding, ...]
    grants: tuple[RoleGrant, ...]
    """Every role ever given or proposed, newest first."""
    affiliations: tuple[Affiliation, ...]
    """Where they were recorded to work, newest first; the first counts."""
    sessions: tuple[Session, ...]
    not_moved: Refused | None
    """Why this actor can not close the account, or reopen a closed one."""


def list_people(
    database: Database, actor: Person, text: str = "", role: Role | None = None, account: Account = ""
) -> list[ListedPerson]:
    """Return people in order of name: those a text is found in, who hold a role, whose account is open or closed."""
    everybody = people_for(database, actor)
    with database.read() as connection:
        recorded = affiliations_of(connection, [person.username for person in everybody])
    organisations = {username: one.organisation for username, one in recorded.items()}
    found = [ListedPerson(person, organisations.get(person.username, "")) for person in everybody]
    wanted = [one for one in found if one.is_wanted(text, role, account)]
    return sorted(wanted, key=lambda one: one.person.name.casefold())


def waiting_grants(database: Database, actor: Person) -> list[WaitingGrant]:
    """Return the proposed roles, oldest first, with whom they are for, to those who may say the second word."""
    grants = pending_grants(database, actor)
    with database.read() as connection:
        organisations = affiliations_of(connection, [grant.username for grant in grants])
        return [
            WaitingGrant(
                grant,
                find_person(connection, grant.username),
                organisations[grant.username].organisation if grant.username in organisations else "",
                can_confirm_role(actor, grant),
            )
            for grant in grants
        ]


def person_page(database: Database, actor: Person, username: str) -> PersonPage:
    """Return one person to somebody who may see everybody; raises NotFound."""
    check_may(actor, permissions.PERSON_READ)
    with database.read() as connection:
        person, active_ops = find_person(connection, username), holders(connection, Role.OPS)
        grants = grants_of(connection, username)
        waiting = {grant.role for grant in grants if grant.waits}
        ever = ops_ever(connection)
        second = {role for role in Role if needs_second_word(role, ever)}
        return PersonPage(
            person=person,
            roles=tuple(_standing(actor, person, role, waiting, second, active_ops) for role in Role),
            grants=tuple(reversed(grants)),
            affiliations=tuple(reversed(affiliation_history(connection, username))),
            sessions=tuple(open_sessions(connection, username, database.clock())),
            not_moved=_not_moved(actor, person, active_ops),
        )


def _standing(
    actor: Person, person: Person, role: Role, waiting: Set[Role], second: Set[Role], active_ops: Set[str]
) -> RoleStanding:
    return RoleStanding(
        role=role,
        held=role in person.roles,
        waits=role in waiting,
        second_word=role in second,
        not_given=_refusal(lambda: check_propose_role(actor, person.username, role, person.roles, waiting)),
        not_taken=_refusal(lambda: check_revoke_role(actor, person, role, active_ops)),
    )


def _not_moved(actor: Person, person: Person, active_ops: Set[str]) -> Refused | None:
    if person.active:
        return _refusal(lambda: check_close_person(actor, person, active_ops))
    return _refusal(lambda: check_reopen_person(actor, person))


def _refusal(check: Callable[[], None]) -> Refused | None:
    try:
        check()
    except Refused as refusal:
        return refusal
    return None
