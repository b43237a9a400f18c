"""Close-out of a closed project: archive, delete, and prove it.

Every step is done, and then put on record with its audit row. A crash in between leaves a step that is done and not on
record, and doing it again changes nothing: so close-out goes on wherever it stood, by whoever asks for it next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from pydantic import BaseModel
from sqlalchemy import update

from core.database import Actor, Database, Transaction
from core.files import sha256_file
from core.locks import locked
from core.people.models import Person
from core.permissions import check_may
from core.secrets import destroy_secret
from core.settings import Settings
from core.trees import delete_tree
from data_catalog.cut import delete_cut
from projects import tables
from projects.activation import key_name, project_lock
from projects.closeout import permissions
from projects.closeout.archive import make_archive
from projects.closeout.errors import ArchiveKept, CloseOutWaits, NotDeleted
from projects.closeout.inventory import list_project
from projects.closeout.mails import tell_ended
from projects.closeout.models import (
    UNTIL_PROOF,
    Archive,
    ArchiveStep,
    CloseOut,
    DeletedCut,
    Inventory,
    NoFacts,
    NotVerified,
    Proof,
    ProofFile,
    ReleasedOutput,
    Remains,
    Said,
    Step,
)
from projects.closeout.proof import check_gone, write_proof
from projects.closeout.records import closing_of, find_closeout, insert_step, unproven
from projects.errors import StepNotOpen
from projects.models import Project, ProjectState
from projects.records import find_project

BY_DESIGN = (
    "editions in the vault, which other projects are cut from, and their scans, which cuts only point to",
    "the membership of people in the vault: the number ledger's, and the lists of who withdrew",
    "the audit log, and the project's record: team, purpose, what it was approved for, this close-out",
    "backups made before this day, until they expire",
)
"""What no close-out deletes, said each time."""

BEYOND = (
    (
        "the storage below the files",
        "a deleted file's blocks are free, and nothing looked whether they were overwritten",
    ),
    ("copies outside this installation", "text on a screen can be copied, and released files were downloaded"),
)
"""What a proof can not speak for, and why."""


@dataclass(frozen=True)
class KeptOutputs:
    """What output checking keeps of a project: each released file, and all that is held for review."""

    released: tuple[ReleasedOutput, ...] = ()
    held_files: int = 0
    held_bytes: int = 0


@dataclass(frozen=True)
class Surroundings:
    """What close-out needs of rooms that this one does not know; each is asked with the project's id."""

    servers_left: Callable[[str], int]
    remove_network: Callable[[str], None]
    has_network: Callable[[str], bool]
    kept_outputs: Callable[[str], KeptOutputs]


@dataclass(frozen=True)
class _Job:
    """One project's close-out as it is carried out."""

    database: Database
    settings: Settings
    actor: Actor
    project_id: str
    surroundings: Surroundings

    @property
    def project(self) -> Project:
        with self.database.read() as connection:
            return find_project(connection, self.project_id)

    @property
    def closeout(self) -> CloseOut:
        return closeout(self.database, self.project_id)

    @property
    def inventory(self) -> Inventory:
        inventory = self.closeout.inventory
        assert inventory is not None  # the steps are taken in order
        return inventory


def closeout(database: Database, project_id: str) -> CloseOut:
    """Return where a project's close-out stands."""
    with database.read() as connection:
        return find_closeout(connection, project_id)


def finish(
    database: Database, settings: Settings, actor: Actor, project_id: str, surroundings: Surroundings
) -> CloseOut:
    """Take every step of a closed project's close-out that was not taken yet.

    Raises StepNotOpen for a project that is not closed, CloseOutWaits while a server of it is up or a cut of it is
    being made, NotDeleted where something is there that would have to be gone, and whatever the surroundings raise.
    """
    job = _Job(database, settings, actor, project_id, surroundings)
    _check_closed(job.project)
    waits = CloseOutWaits(f"A cut of {project_id} is being made, or it is being closed out elsewhere.", _GOES_ON)
    with locked(settings, project_lock(project_id), waits):
        standing = job.closeout
        for step in UNTIL_PROOF:
            if not standing.has(step):
                _record(job, step, _ACTS[step](job))
    return job.closeout


_GOES_ON = "The worker goes on with it by itself."


def finish_all(database: Database, settings: Settings, actor: Actor, surroundings: Surroundings) -> None:
    """Go on with every close-out that is not proven; one that waits or fails keeps no other from its turn.

    What failed first is raised last; waiting is no failure.
    """
    with database.read() as connection:
        waiting = unproven(connection)
    failures = []
    for project_id in waiting:
        try:
            finish(database, settings, actor, project_id, surroundings)
        except CloseOutWaits:
            continue
        except Exception as error:  # noqa: BLE001  (raised below)
            failures.append(error)
    if failures:
        raise failures[0]


def purge_archive(database: Database, settings: Settings, actor: Person, project_id: str) -> Archive:
    """Delete the archive of a closed project after its last day.

    Raises ArchiveKept before that, and StepNotOpen where there is none.
    """
    check_may(actor, permissions.PURGE_ARCHIVE)
    standing = closeout(database, project_id)
    archive = standing.kept_archive
    if archive is None or not standing.has(Step.PROVEN):
        raise StepNotOpen(f"There is no archive of {project_id} to delete.")
    if not standing.is_to_purge(database.clock().date()):
        raise ArchiveKept(
            f"The archive of {project_id} is kept through {archive.through}.", "Delete it after that day."
        )
    (settings.archive / archive.name).unlink(missing_ok=True)
    with database.write(actor) as tx:
        insert_step(tx, project_id, Step.PURGED, {"sha256": archive.sha256})
        tx.record("projects:archive:purge", f"project:{project_id}", {"sha256": archive.sha256})
    return archive


def _check_closed(project: Project) -> None:
    if project.state is not ProjectState.CLOSED:
        raise StepNotOpen(f"{project.id} is {project.state}: only what is closed is closed out.", "Close it first.")


def _record(job: _Job, step: Step, facts: BaseModel) -> None:
    """Put a step on record; the audit log has its hash where the facts are longer than an entry may be."""
    with job.database.write(job.actor) as tx:
        insert_step(tx, job.project_id, step, facts.model_dump(mode="json"))
        if step is Step.DELETED:
            _note_cuts_deleted(tx, job.project_id)
        if step is Step.PROVEN:
            archive = find_closeout(tx.connection, job.project_id).archive
            tell_ended(tx, find_project(tx.connection, job.project_id), archive)
        tx.record(f"projects:closeout:{step}", f"project:{job.project_id}", _summary(facts))


def _summary(facts: BaseModel) -> Mapping[str, object]:
    if isinstance(facts, Inventory):
        return {"cuts": [cut.number for cut in facts.cuts], "homes": len(facts.homes), "team_files": facts.team_files}
    if isinstance(facts, ArchiveStep):
        return {"sha256": facts.archive.sha256 if facts.archive else None}
    return facts.model_dump(mode="json")


def _note_cuts_deleted(tx: Transaction, project_id: str) -> None:
    kept = (tables.cut.c.project_id == project_id, tables.cut.c.deleted_at.is_(None))
    numbers = [cut.number for cut in find_project(tx.connection, project_id).cuts if cut.deleted_at is None]
    tx.execute(update(tables.cut).where(*kept).values(deleted_at=tx.now))
    tx.record("projects:cut:delete", f"project:{project_id}", {"cuts": numbers, "key": "deleted"})


def _await_servers(job: _Job) -> NoFacts:
    left = job.surroundings.servers_left(job.project_id)
    if left:
        raise CloseOutWaits(f"{left} server(s) of {job.project_id} have not ended yet.", _GOES_ON)
    return NoFacts()


def _list(job: _Job) -> Inventory:
    return list_project(job.settings, job.project)


def _archive(job: _Job) -> ArchiveStep:
    team = job.settings.teams / job.project_id
    if not team.exists():
        return ArchiveStep(archive=None)
    name = f"{job.project_id}.tar.gz"
    path = job.settings.archive / name
    packed = make_archive(team, path, job.settings.archive_max_bytes)
    archive = Archive(
        name=name,
        sha256=sha256_file(path),
        bytes=path.stat().st_size,
        files=packed.files,
        left_out=dict(sorted(packed.left_out.items())),
        through=job.database.clock().date() + timedelta(days=job.settings.archive_days),
    )
    return ArchiveStep(archive=archive)


def _delete(job: _Job) -> NoFacts:
    """Delete the key first: a cut without its key can not be linked to anybody's identifier."""
    destroy_secret(job.settings, key_name(job.project_id))
    delete_cut(job.settings.cuts / job.project_id)
    delete_tree(job.settings.homes / job.project_id)
    delete_tree(job.settings.teams / job.project_id)
    return NoFacts()


def _remove_network(job: _Job) -> NoFacts:
    job.surroundings.remove_network(job.project_id)
    return NoFacts()


def _prove(job: _Job) -> ProofFile:
    check_gone(job.settings, job.project_id)
    if job.surroundings.has_network(job.project_id):
        raise NotDeleted(f"The network of {job.project_id} is still there.", "Look what makes it.")
    return write_proof(job.settings, _proof(job))


def _proof(job: _Job) -> Proof:
    project, inventory = job.project, job.inventory
    with job.database.read() as connection:
        closed = closing_of(connection, job.project_id)
    remains = _remains(job)
    deleted_at = {cut.number: cut.deleted_at for cut in project.cuts}
    cuts = (DeletedCut(**cut.model_dump(), deleted_at=deleted_at[cut.number]) for cut in inventory.cuts)
    return Proof(
        project=project.id,
        title=project.title,
        first_day=project.starts,
        last_day=project.ends,
        closed=closed,
        written=Said(by=job.actor.audit_name, at=job.database.clock()),
        myelin=version("myelin"),
        cuts=tuple(cuts),
        key=inventory.key,
        homes=inventory.homes,
        team_files=inventory.team_files,
        team_bytes=inventory.team_bytes,
        network=str(project.subnet) if project.subnet else None,
        remains=remains,
        not_verified=tuple(_not_verified(job, inventory, remains)),
    )


def _remains(job: _Job) -> Remains:
    outputs = job.surroundings.kept_outputs(job.project_id)
    return Remains(
        released=outputs.released,
        held_files=outputs.held_files,
        held_bytes=outputs.held_bytes,
        archive=job.closeout.archive,
        by_design=BY_DESIGN,
    )


def _not_verified(job: _Job, inventory: Inventory, remains: Remains) -> list[NotVerified]:
    told = [(f"the files of cut {cut.number}", cut.not_verified) for cut in inventory.cuts if cut.not_verified]
    for output in remains.released:
        if not output.verified:
            told.append((f"released output {output.request}/{output.file}", "its bytes are not those on record"))
    archive = remains.archive
    if archive and not _is_whole(job, archive):
        told.append(("the archive", "its file is missing, or is not what was written"))
    return [NotVerified(what=what, why=why) for what, why in (*told, *BEYOND)]


def _is_whole(job: _Job, archive: Archive) -> bool:
    path = job.settings.archive / archive.name
    return path.exists() and sha256_file(path) == archive.sha256


_ACTS: Mapping[Step, Callable[[_Job], BaseModel]] = {
    Step.SERVERS: _await_servers,
    Step.LISTED: _list,
    Step.ARCHIVED: _archive,
    Step.DELETED: _delete,
    Step.NETWORK: _remove_network,
    Step.PROVEN: _prove,
}
