"""What the rules' pages show: every resource's rules in words, its versions, and what differs between them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.permissions import may
from projects.changes import Change, changes
from projects.resource_rules.models import OPEN
from projects.resource_rules.permissions import RULES_CONFIRM
from projects.resource_rules.policy import can_confirm
from projects.resource_rules.service import RulesVersion, all_in_force, versions
from projects.resource_rules.words import Topic, in_words


@dataclass(frozen=True)
class RulesPage:
    """One version of a resource's rules as one person sees it."""

    version: RulesVersion
    versions: tuple[RulesVersion, ...]
    """Every version of the resource, newest first."""
    in_force: int | None
    """The number of the version in force."""
    compared_with: int | None
    """The number of the version before this one."""
    changes: tuple[Change, ...]
    may_confirm: bool

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What this version says, in words."""
        return in_words(self.version.rules)

    @property
    def state(self) -> str:
        """Whether this version is in force, waits for its confirmation, or was replaced."""
        if self.version.number == self.in_force:
            return "in force"
        return "proposed" if self.version.number == self.versions[0].number else "replaced"


def rules_pages(database: Database, person: Person) -> list[RulesPage]:
    """Return every resource's rules as they are in force, or proposed where none are yet; open records last."""
    with database.read() as connection:
        resources = {one.rules.resource for one in versions(connection)}
        ordered = sorted(resources, key=lambda resource: (resource == OPEN, resource))
        return [_page(connection, person, resource, None) for resource in ordered]


def rules_page(database: Database, person: Person, resource: str, number: int | None = None) -> RulesPage:
    """Return a version of a resource's rules, the one in force where no number is given; raises NotFound."""
    with database.read() as connection:
        return _page(connection, person, resource, number)


def waiting_rules(database: Database, person: Person) -> list[RulesVersion]:
    """Return the versions that wait for this person's confirmation."""
    if not may(person, RULES_CONFIRM):
        return []
    with database.read() as connection:
        newest = {one.rules.resource: one for one in versions(connection)}
    return [one for one in newest.values() if can_confirm(one.proposed_by, one.confirmed_by, person)]


def _page(connection: Connection, person: Person, resource: str, number: int | None) -> RulesPage:
    of_resource = versions(connection, resource)
    in_force = next((one.number for one in all_in_force(connection) if one.rules.resource == resource), None)
    wanted = number or in_force or len(of_resource)
    if not 1 <= wanted <= len(of_resource):
        raise NotFound("There are no such rules.", "The page of rules lists every resource that has some.")
    version, before = of_resource[wanted - 1], of_resource[wanted - 2] if wanted > 1 else None
    is_newest = wanted == len(of_resource)
    return RulesPage(
        version=version,
        versions=tuple(reversed(of_resource)),
        in_force=in_force,
        compared_with=before.number if before else None,
        changes=changes(before.rules, version.rules) if before else (),
        may_confirm=is_newest and can_confirm(version.proposed_by, version.confirmed_by, person),
    )
