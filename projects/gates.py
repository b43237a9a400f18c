"""The live gates: every right a project and a person must hold, put together, and what it means when one lapses.

A right that does not hold closes the project for whoever it is demanded of: the hub ends their servers within seconds
and the egress API refuses them (`projects.access`), and a project is not activated or resumed without its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from projects.errors import AccessRefused, ActionRefused
from projects.models import Project
from projects.resource_rules.models import ResourceRules
from projects.resource_rules.service import rules_by_hash
from projects.rights import Right, RightKind

WARN_DAYS = (60, 14, 1)
"""How many days before a right ends somebody is warned of it."""


@dataclass(frozen=True)
class Lapse:
    """A right that ends soon, and within how many of the days people are warned at."""

    right: Right
    days: int


def project_rights(connection: Connection, project: Project) -> tuple[Right, ...]:
    """Return the rights a project must hold, as the rules it was approved under demand them."""
    return (_term(project), *_by_rules(project, _rules(connection, project)))


def check_rights(rights: Iterable[Right], today: date) -> None:
    """Refuse the use of a project while a right does not hold; raises AccessRefused with the first and what to do."""
    for right in rights:
        if not right.holds(today):
            raise AccessRefused(_lapsed(right), right.renewal)


def check_may_run(rights: Iterable[Right], today: date) -> None:
    """Refuse to activate or resume a project while any right of its own does not hold; lists every one."""
    lacking = [right for right in rights if not right.holds(today)]
    if lacking:
        listed = " ".join(f"{_lapsed(right)} {right.renewal}" for right in lacking)
        raise ActionRefused(f"The project can not run: {listed}")


def lapses(rights: Sequence[Right], today: date) -> Iterator[Lapse]:
    """Yield the rights that end soon: at each of the days people are warned at, and for the days after it."""
    for right in rights:
        left = right.days_left(today)
        reached = [days for days in WARN_DAYS if 0 <= left <= days]
        if reached:
            yield Lapse(right, min(reached))


def _rules(connection: Connection, project: Project) -> ResourceRules | None:
    """Return the rules a project was approved under; none for one from before there were any."""
    return rules_by_hash(connection, project.rules_sha256) if project.rules_sha256 else None


def _term(project: Project) -> Right:
    words, renewal = f"the time {project.id} was approved for", "Its lead can apply for more time."
    return Right(RightKind.PROJECT, f"project:{project.id}", project.ends, words, renewal)


def _by_rules(project: Project, rules: ResourceRules | None) -> Iterator[Right]:
    if rules and rules.needs_ethics:
        words, renewal = f"the ethics approval of {project.id}", "Its lead gives the committee the renewed approval."
        yield Right(RightKind.ETHICS, f"project:{project.id}", project.ethics_through, words, renewal)


def _lapsed(right: Right) -> str:
    words = right.words[0].upper() + right.words[1:]
    return f"{words} ended on {right.through}." if right.through else f"{words} is missing."
