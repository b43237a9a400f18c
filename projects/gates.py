"""The live gates: every right a project and a person must hold, put together, and what it means when one lapses.

A right that does not hold closes the project for whoever it is demanded of: the hub ends their servers within seconds
and the egress API refuses them (`projects.access`), and a project is not activated or resumed without its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from projects.agreements.models import AgreementKind, InvoiceState
from projects.agreements.policy import agreed_through
from projects.agreements.records import agreements_of, contract_of, invoices
from projects.declarations.service import declaration_rights
from projects.errors import AccessRefused, ActionRefused
from projects.models import Fee, Project, ProjectInUse
from projects.resource_rules.models import Commercial, ResourceRules
from projects.resource_rules.service import rules_by_hash
from projects.rights import Right, RightKind
from projects.second_factor import second_factor_right
from projects.training.service import training_rights

WARN_DAYS = (60, 14, 1)
"""How many days before a right ends somebody is warned of it."""


@dataclass(frozen=True)
class Lapse:
    """A right that ends soon, and within how many of the days people are warned at."""

    right: Right
    days: int


def project_rights(connection: Connection, project: Project) -> tuple[Right, ...]:
    """Return the rights a project must hold, as the rules it was approved under demand them."""
    return _of_project(connection, project, _rules(connection, project))


def person_rights(connection: Connection, project: Project, username: str) -> tuple[Right, ...]:
    """Return the rights somebody must hold in a project, as the rules it was approved under demand them."""
    return _of_person(connection, username, _rules(connection, project))


def courses_of(connection: Connection, project: Project) -> tuple[str, ...]:
    """Return the courses everybody in a project must have passed, as the rules it was approved under demand them."""
    rules = _rules(connection, project)
    return tuple(rules.people.courses) if rules else ()


def rights_in_use(connection: Connection, project: ProjectInUse, username: str, now: datetime) -> tuple[Right, ...]:
    """Return every right that must hold for somebody to use a project at a moment: its own, and theirs in it.

    A sign-in with a second factor is among them and ends within hours, so that nobody is warned of it.
    """
    rules = _rules(connection, project)
    signed_in = (second_factor_right(connection, username, now),) if rules and rules.people.second_factor else ()
    return (*_of_project(connection, project, rules), *_of_person(connection, username, rules), *signed_in)


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


def ending(rights: Iterable[Right], today: date) -> tuple[Right, ...]:
    """Return the rights that do not hold, and those that end within the days people are warned at."""
    return tuple(right for right in rights if right.days_left(today) <= max(WARN_DAYS))


def _of_project(connection: Connection, project: ProjectInUse, rules: ResourceRules | None) -> tuple[Right, ...]:
    by_rules = (*_ethics(project, rules), *_agreed(connection, project, rules)) if rules else ()
    return (_term(project), *by_rules, *_paid(connection, project, project.fee if rules else Fee.NONE))


def _of_person(connection: Connection, username: str, rules: ResourceRules | None) -> tuple[Right, ...]:
    if rules is None:
        return ()
    trained = training_rights(connection, username, rules.people.courses)
    return (*trained, *declaration_rights(connection, username, rules.people.declarations))


def _rules(connection: Connection, project: ProjectInUse) -> ResourceRules | None:
    """Return the rules a project was approved under; none for one from before there were any."""
    return rules_by_hash(connection, project.rules_sha256) if project.rules_sha256 else None


def _term(project: ProjectInUse) -> Right:
    words, renewal = f"the time {project.id} was approved for", "Its lead can apply for more time, by an amendment."
    return Right(RightKind.PROJECT, f"project:{project.id}", project.ends, words, renewal)


def _ethics(project: ProjectInUse, rules: ResourceRules) -> Iterator[Right]:
    if rules.needs_ethics:
        words, renewal = f"the ethics approval of {project.id}", "Its lead names the renewed approval in an amendment."
        yield Right(RightKind.ETHICS, f"project:{project.id}", project.ethics_through, words, renewal)


def _agreed(connection: Connection, project: ProjectInUse, rules: ResourceRules) -> Iterator[Right]:
    kinds = list(_kinds(project, rules))
    agreements = agreements_of(connection, project.id) if kinds else []
    for kind in kinds:
        words, renewal = f"the {kind.in_words} agreement of {project.id}", "Have it signed; operations record it."
        through = agreed_through(agreements, kind)
        yield Right(RightKind.AGREEMENT, f"project:{project.id}:{kind}", through, words, renewal)


def _paid(connection: Connection, project: ProjectInUse, fee: Fee) -> Iterator[Right]:
    """Yield how the project is paid for: by a fee of its own, or under a contract that ends for all it covers.

    A project that needs none, as two members exempted it, is ended all the same by the one it works under.
    """
    contract = contract_of(connection, project.id) if fee is not Fee.PER_PROJECT else None
    if fee is Fee.PER_PROJECT:
        paid = any(one.state is InvoiceState.PAID for one in invoices(connection, project.id))
        words, renewal = f"the fee of {project.id}", "Pay the invoice; operations record it."
        yield Right(RightKind.FEE, f"project:{project.id}", project.ends if paid else None, words, renewal)
    elif contract is not None:
        words, renewal = f"contract {contract.id} of {contract.organisation}", "A renewal is a new contract."
        yield Right(RightKind.CONTRACT, f"contract:{contract.id}", contract.ends, words, renewal)
    elif fee is Fee.CONTRACT:
        words, renewal = (
            f"the contract {project.id} works under",
            "Operations record it and move the project.",
        )
        yield Right(RightKind.CONTRACT, f"project:{project.id}", None, words, renewal)


def _kinds(project: ProjectInUse, rules: ResourceRules) -> Iterator[AgreementKind]:
    if rules.data_use_agreement:
        yield AgreementKind.DATA_USE
    if project.commercial and rules.commercial is Commercial.AUTHORISED:
        yield AgreementKind.COMMERCIAL


def _lapsed(right: Right) -> str:
    words = right.words[0].upper() + right.words[1:]
    return f"{words} ended on {right.through:%-d %B %Y}." if right.through else f"{words} is missing."
