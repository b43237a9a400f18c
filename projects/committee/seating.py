"""Who sits on which body of which resource, as operations and the committee see it."""

from dataclasses import dataclass

from core.database import Database
from core.people.models import Person, Role
from core.people.service import all_people
from core.permissions import check_may, may
from projects.committee.permissions import DECIDE, SEAT_GIVE
from projects.committee.service import seats
from projects.resource_rules.models import Body, ResourceRules
from projects.resource_rules.service import all_in_force


@dataclass(frozen=True)
class SeatedBody:
    """One body, who sits on it, and who could."""

    body: Body
    members: tuple[str, ...]
    others: tuple[str, ...]
    """Members of the committee without a seat on it, but the person who looks."""

    @property
    def can_decide(self) -> bool:
        """Whether as many sit on it as a decision takes."""
        return len(self.members) >= self.body.quorum


@dataclass(frozen=True)
class Seating:
    """Every body of every resource with rules in force."""

    resources: tuple[tuple[ResourceRules, tuple[SeatedBody, ...]], ...]
    may_give: bool


def seating(database: Database, person: Person) -> Seating:
    """Return who sits where, to operations and to members of the committee; raises Refused for anybody else."""
    if not may(person, SEAT_GIVE):
        check_may(person, DECIDE)
    taken = seats(database)
    committee = [one.username for one in all_people(database) if one.active and Role.DAC_MEMBER in one.roles]
    with database.read() as connection:
        rules = [one.rules for one in all_in_force(connection)]
    return Seating(
        tuple((one, tuple(_seated(one, body, taken, committee, person) for body in one.bodies)) for one in rules),
        may(person, SEAT_GIVE),
    )


def _seated(
    rules: ResourceRules, body: Body, taken: list[tuple[str, str, str]], committee: list[str], person: Person
) -> SeatedBody:
    members = tuple(who for resource, of, who in taken if (resource, of) == (rules.resource, body.id))
    others = tuple(who for who in committee if who not in members and who != person.username)
    return SeatedBody(body, members, others)
