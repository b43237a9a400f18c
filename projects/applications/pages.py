"""What those who apply are shown: their applications, and one with its answers, its pre-check and what is open."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.database import Database
from core.people.affiliations import affiliations_of
from core.people.models import Affiliation, Person
from data_catalog.blinding import restrict
from data_catalog.dictionary import DictionaryTable, dictionary_tables
from data_catalog.editions import Edition
from data_catalog.imaging.agreement import TABLE as TABLE_OF_SCANS
from data_catalog.imaging.names import ScanKinds
from data_catalog.models import Purpose
from data_catalog.service import edition, newest_editions
from projects.applications.checking import Check, check
from projects.applications.models import Answer, Application
from projects.applications.picking import Shared, shared_tables
from projects.applications.policy import WRITABLE, ApplicationAction, can_see, can_transition, check_write
from projects.applications.records import all_applications
from projects.applications.service import application_in, rules_of
from projects.applications.standing import standing_of
from projects.committee.pages import tables_asked
from projects.resource_rules.models import OPEN, ResourceRules
from projects.resource_rules.policy import required_cohort
from projects.resource_rules.service import all_in_force, rules_in_force


@dataclass(frozen=True)
class Offered:
    """One table that may be asked for."""

    table: DictionaryTable
    scans: ScanKinds | None


@dataclass(frozen=True)
class ApplicationPage:
    """An application as those who apply see it."""

    application: Application
    rules: ResourceRules
    check: Check | None
    """What the pre-check says; None once it is written no more."""
    offered: tuple[Offered, ...]
    actions: frozenset[ApplicationAction]
    recorded: Mapping[str, Affiliation]
    """User name → where they work, as operations recorded it."""

    @property
    def shared(self) -> tuple[Shared, ...]:
        """Tables that several datasets have: one choice serves all of them."""
        return shared_tables(one.table for one in self.offered)

    @property
    def may_write(self) -> bool:
        """Whether this person writes it now."""
        return self.check is not None

    def answer(self, field: str) -> Any:
        """Return what was answered, as JSON has it; None where nothing was."""
        found = self.application.answers.get(field)
        return json.loads(found.value) if found else None


@dataclass(frozen=True)
class Dispute:
    """One answer that was changed elsewhere since this window read it: what each says, as JSON text."""

    mine: Answer
    """What this window says, at the version it had read."""
    theirs: str
    their_version: int


def with_mine(page: ApplicationPage, disputes: Sequence[Dispute]) -> ApplicationPage:
    """Return the page with what this window says where it was changed elsewhere, at the version it had read.

    So it can not be saved over the other by the next keystroke, only by whoever has seen both.
    """
    mine = {one.mine.field: one.mine for one in disputes}
    return replace(page, application=replace(page.application, answers={**page.application.answers, **mine}))


@dataclass(frozen=True)
class WholePage:
    """A draft as the committee will read it."""

    page: ApplicationPage
    tables: tuple[DictionaryTable, ...]
    """What is asked for, each variable as it would be in the cut."""


def whole_page(database: Database, person: Person, project_id: str, number: int = 0) -> WholePage:
    """Return a draft to one of its writers as the committee will read it; raises NotFound, NotYours, NotOpen."""
    page = application_page(database, person, project_id, number)
    check_write(page.application, person)
    with database.read() as connection:
        file = page.check.file if page.check else None
        return WholePage(page, tuple(tables_asked(connection, file)) if file else ())


def my_applications(database: Database, person: Person) -> list[Application]:
    """Return the applications a person writes, or is named in, those that wait for them first."""
    with database.read() as connection:
        mine = [one for one in all_applications(connection) if person.username in one.people and can_see(one, person)]
    return sorted(mine, key=lambda one: one.state not in WRITABLE)


def resources_to_apply_to(database: Database) -> list[ResourceRules]:
    """Return the rules in force of every resource there are rules for."""
    with database.read() as connection:
        return [one.rules for one in all_in_force(connection)]


def application_page(database: Database, person: Person, project_id: str, number: int = 0) -> ApplicationPage:
    """Return an application to somebody who may see it; to anybody else it is not there (NotFound)."""
    editions = newest_editions(database)
    with database.read() as connection:
        application = application_in(connection, person, project_id, number)
        writes = application.state in WRITABLE and person.username in application.writers
        rules = _rules(connection, application)
        return ApplicationPage(
            application=application,
            rules=rules,
            check=_check(connection, application, rules, database.clock()) if writes else None,
            offered=tuple(_offered(editions, rules)) if writes else (),
            actions=frozenset(one for one in ApplicationAction if can_transition(application, one, person)),
            recorded=affiliations_of(connection, application.applicants),
        )


def people_allowed(database: Database, page: ApplicationPage, dataset_id: str, cohort: str) -> str:
    """Return a cohort with the people alone whom the rules allow for the purposes that are ticked so far."""
    condition = required_cohort(page.rules, frozenset(map(Purpose, page.answer("purposes") or ())))
    if not condition:
        return cohort
    return restrict(cohort, condition, edition(database, dataset_id).declaration)


def _rules(connection: Connection, application: Application) -> ResourceRules:
    """Return the rules it would be judged by now, while it is written, and those it was judged by after that."""
    if application.state in WRITABLE:
        return rules_in_force(connection, application.resource).rules
    return rules_of(connection, application)


def _check(connection: Connection, application: Application, rules: ResourceRules, at: datetime) -> Check:
    return check(
        connection, application.project_id, application.answers, rules, standing_of(connection, application, at)
    )


def _offered(editions: list[Edition], rules: ResourceRules) -> Iterator[Offered]:
    for one in editions:
        declaration = one.declaration
        if (declaration.resource or OPEN) == rules.resource and rules.body_of(one.dataset):
            approvable: Mapping[str, tuple[str, ...]] = {t.name: t.approvable for t in declaration.tables}
            for table in dictionary_tables(one, approvable):
                yield Offered(table, declaration.scans if table.name == TABLE_OF_SCANS else None)
