"""What one person is shown of a close-out: before it, what would go and what would stay; after it, how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.database import Database
from core.errors import InvalidInput, NotFound
from core.people.models import Person
from core.settings import Settings
from projects.closeout.models import UNTIL_PROOF, WORDS, CloseOut, Step
from projects.closeout.proof import kept_proof
from projects.closeout.records import close_outs
from projects.closeout.service import BY_DESIGN, closeout
from projects.models import Project
from projects.policy import Action, check_transition
from projects.service import close_project
from projects.visibility import project_for


@dataclass(frozen=True)
class StepShown:
    """One step as it is shown: what it is, and when it was taken."""

    words: str
    at: datetime | None


@dataclass(frozen=True)
class CloseOutPage:
    """Where the close-out of a closed project stands."""

    closeout: CloseOut
    today: date

    @property
    def steps(self) -> tuple[StepShown, ...]:
        """Every step, and the archive's end where it came."""
        taken = {one.step: one.at for one in self.closeout.taken}
        shown = UNTIL_PROOF + ((Step.PURGED,) if Step.PURGED in taken else ())
        return tuple(StepShown(WORDS[step], taken.get(step)) for step in shown)

    @property
    def is_proven(self) -> bool:
        """Whether all is done."""
        return self.closeout.has(Step.PROVEN)

    @property
    def is_to_purge(self) -> bool:
        """Whether its archive is there past its last day."""
        return self.closeout.is_to_purge(self.today)


@dataclass(frozen=True)
class ClosePage:
    """A project that somebody is about to close, and what stays of it by design."""

    project: Project
    archive_days: int
    by_design: Sequence[str] = BY_DESIGN


def closeout_page(database: Database, project: Project) -> CloseOutPage:
    """Return where a closed project's close-out stands."""
    return CloseOutPage(closeout(database, project.id), database.clock().date())


def close_page(database: Database, settings: Settings, person: Person, project_id: str) -> ClosePage:
    """Return what closing a project would do, for somebody who may; raises ActionRefused, StepNotOpen, NotFound."""
    project = project_for(database, person, project_id)
    check_transition(project, Action.CLOSE, person)
    return ClosePage(project, settings.archive_days)


def close_from_page(database: Database, person: Person, project_id: str, typed: str, version: str) -> Project:
    """Close a project by somebody who typed its id, as it was when they looked; the worker does the rest."""
    project = project_for(database, person, project_id)
    check_transition(project, Action.CLOSE, person)
    if typed.strip() != project.id:
        raise InvalidInput(f"To close this project, type {project.id}.", "Nothing was closed.")
    return close_project(database, person, project.id, version)


def proof_for(database: Database, settings: Settings, person: Person, project_id: str) -> bytes:
    """Return the signed proof of a closed project for somebody who may see the project; raises NotFound."""
    project = project_for(database, person, project_id)
    kept = closeout(database, project.id).proof
    if kept is None:
        raise NotFound(f"There is no deletion proof of {project.id}.", "It is written when all is deleted.")
    return kept_proof(settings, kept)


def archives_to_purge(database: Database) -> list[CloseOut]:
    """Return the close-outs whose archive is there past its last day, in order of project."""
    today = database.clock().date()
    with database.read() as connection:
        return [one for one in close_outs(connection) if one.is_to_purge(today)]
