"""Withdrawal of consent, carried out: the next edition without the people, and every cut of theirs made again.

New editions and new cuts are made and proven beside the old ones, and switched in one transaction. From then on the
hub gives and tolerates the new cut only: a server that has the old one mounted is ended within seconds
(`hub.container.differences`). The old bytes stay until `purge_withdrawn`.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from core.database import Database, Transaction
from core.errors import Conflict, IntegrityBroken
from core.files import ensure_folder, sha256_bytes
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from data_catalog import permissions, withdrawal
from data_catalog.cut import CutManifest, MakeViews, delete_cut, make_cut
from data_catalog.cut_request import CutRequest
from data_catalog.editions import (
    MANIFEST,
    Edition,
    WithdrawalEntry,
    check_files,
    delete_bytes,
    find_edition,
    has_bytes,
    newest_number,
    read_manifest,
)
from data_catalog.engine import engine, work_folder
from data_catalog.imaging.index import FOLDER as IMAGING
from data_catalog.pseudonyms import pseudonym
from data_catalog.publication import put_in_place
from projects import permissions as project_permissions
from projects import tables
from projects.activation import CutSource, current_sources, cut_request, cut_workshop, publish_cut
from projects.errors import StepNotOpen
from projects.models import Cut, Project, ProjectState
from projects.policy import RUNNING
from projects.records import find_project

MAY_REMAIN = (
    "the home and team folders of these projects: what researchers kept there of the old cut",
    "outputs that were released, and files held for review",
    "backups made before today",
    "old editions and old cuts, until `myelin dataset purge` deletes their bytes",
    "the list of who withdrew, in the vault, so that the next delivery can be held against it",
    "the sender's own files: a delivery that still has these people is refused until they are taken out",
)
"""What a withdrawal does not reach, said each time."""


@dataclass(frozen=True)
class NewEdition:
    """An edition without the people, as it was made from another."""

    source: CutSource
    made_from: int
    removed: tuple[withdrawal.Removed, ...]


@dataclass(frozen=True)
class NewCut:
    """A project's cut without the people: rows of each table, and scans, before and now."""

    project_id: str
    number: int
    rows: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class WithdrawalProof:
    """What one batch of withdrawals removed, and what it can not reach."""

    dataset_id: str
    people: int
    people_hmac: str
    editions: tuple[NewEdition, ...]
    cuts: tuple[NewCut, ...]
    may_remain: tuple[str, ...] = MAY_REMAIN


@dataclass(frozen=True)
class _Batch:
    """One batch of withdrawals as it is carried out."""

    database: Database
    settings: Settings
    actor: Person
    dataset_id: str
    people: list[str]
    people_hmac: str
    make_views: MakeViews


@dataclass(frozen=True)
class _Prepared:
    request: CutRequest
    manifest: CutManifest
    folder: Path
    facts: NewCut
    amendment: int


def queue_withdrawals(
    database: Database, settings: Settings, actor: Person, dataset_id: str, file: Path
) -> tuple[int, int]:
    """Queue the people a file names; return how many are new and how many wait in all.

    Raises InvalidInput, which gives line numbers and no identifiers, where somebody is not in the newest edition.
    """
    check_may(actor, permissions.EDITION_WITHDRAW)
    people = withdrawal.read_people(file)
    with database.read() as connection:
        edition = find_edition(connection, dataset_id)
    manifest = check_files(settings, edition)
    with work_folder(settings.vault) as work, engine(work) as connection_:
        withdrawal.check_known(connection_, edition.declaration, manifest, edition.folder(settings), people)
    with database.write(actor) as tx:
        new = withdrawal.add_to_queue(settings, dataset_id, people, tx.now)
        total = len(withdrawal.waiting(settings, dataset_id))
        tx.record("data_catalog:withdrawal:queue", f"dataset:{dataset_id}", {"new": new, "waiting": total})
    return new, total


def withdraw(
    database: Database, settings: Settings, actor: Person, dataset_id: str, *, make_views: MakeViews, now: bool = False
) -> WithdrawalProof:
    """Take everybody who waits out of the dataset's next edition and of every cut, or leave all as it is.

    Raises BatchTooSmall, InvalidInput where nobody waits, Conflict where an edition was published meanwhile, and
    IntegrityBroken where a proof fails.
    """
    check_may(actor, permissions.EDITION_WITHDRAW)
    people = withdrawal.waiting(settings, dataset_id)
    withdrawal.check_batch(people, now=now)
    known_as = withdrawal.people_hmac(settings, dataset_id, people)
    batch = _Batch(database, settings, actor, dataset_id, people, known_as, make_views)
    with database.read() as connection:
        projects = list(_projects_on(connection, dataset_id))
        bases = _bases(connection, settings, dataset_id, projects)
    newest = bases[-1].number
    with ExitStack() as stack:
        work = stack.enter_context(work_folder(settings.vault))
        made = {base.number: _without(batch, base, newest + place, work) for place, base in enumerate(bases, 1)}
        cuts = [_recut(batch, project, made, stack) for project in projects if _has_cut_of(project, dataset_id)]
        with database.write(actor) as tx:
            _switch(tx, batch, newest, list(made.values()), cuts)
    withdrawal.settle_queue(settings, dataset_id, people, newest + len(made))
    return WithdrawalProof(dataset_id, len(people), known_as, tuple(made.values()), tuple(cut.facts for cut in cuts))


def _has_cut_of(project: Project, dataset_id: str) -> bool:
    return project.state in RUNNING and any(table.dataset_id == dataset_id for table in project.as_cut.tables)


def recut_project(
    database: Database, settings: Settings, actor: Person, project_id: str, *, make_views: MakeViews
) -> Cut:
    """Make a project's next cut of what it is approved for now, beside the old one, and switch to it.

    The key stays, so rows of the two link, and so do results made before. The old cut stays until it is purged.
    Raises StepNotOpen for a project that has no cut to replace, and Conflict where it is overtaken: by another cut,
    a withdrawal, a decision on an amendment, or the project's end.
    """
    check_may(actor, project_permissions.ACTIVATE)
    with database.read() as connection:
        project = find_project(connection, project_id)
    _check_has_cut(project)
    with cut_workshop(database, settings, project_id) as work:
        prepared = ensure_folder(work / "cut", 0o755)
        request = cut_request(database, settings, project, current_sources(database, settings, project))
        manifest = make_cut(request, prepared, work, make_views)
        with database.write(actor) as tx:
            now = find_project(tx.connection, project_id)
            _check_has_cut(now)
            if now.approved_amendment != project.approved_amendment:
                raise Conflict(f"An amendment of {project_id} was approved meanwhile.", "Make its cut.")
            cut = publish_cut(tx, settings, actor, request, manifest, prepared, now.approved_amendment)
            facts = {"cut": cut.number, "manifest": cut.manifest_sha256, "amendment": cut.amendment}
            tx.record("projects:cut:replace", f"project:{project_id}", facts)
    return cut


def _check_has_cut(project: Project) -> None:
    if project.state not in RUNNING:
        raise StepNotOpen(f"{project.id} is {project.state}: it has no cut to replace.")


def purge_cuts(database: Database, settings: Settings, actor: Person, project_id: str) -> list[int]:
    """Delete the bytes of every cut a project does not work on any more; return their numbers."""
    check_may(actor, project_permissions.ACTIVATE)
    with database.read() as connection:
        old = find_project(connection, project_id).old_cuts
    for cut in old:
        delete_cut(cut.folder(settings))
    numbers = [cut.number for cut in old]
    with database.write(actor) as tx:
        _note_deleted(tx, old)
        tx.record("projects:cut:purge", f"project:{project_id}", {"cuts": numbers})
    return numbers


def _note_deleted(tx: Transaction, cuts: Sequence[Cut]) -> None:
    for cut in cuts:
        this = (tables.cut.c.project_id == cut.project_id, tables.cut.c.number == cut.number)
        tx.execute(update(tables.cut).where(*this).values(deleted_at=tx.now))


def purge_withdrawn(database: Database, settings: Settings, actor: Person, dataset_id: str) -> dict[str, int]:
    """Delete the bytes of every edition, and of every old cut made from one, that somebody withdrew from since; return
    how many of each there were.

    Manifests of editions stay. Only then is nothing of those who withdrew left in vault and cuts. An old cut that
    nobody withdrew from, which an amendment replaced, stays for `purge_cuts`.
    """
    check_may(actor, permissions.EDITION_WITHDRAW)
    with database.read() as connection:
        withdrawn_from = _withdrawn_from(connection, settings, dataset_id)
        projects = list(_projects_on(connection, dataset_id))
    editions = [edition for edition in withdrawn_from if has_bytes(settings, edition)]
    for edition in editions:
        delete_bytes(settings, edition)
    numbers = {edition.number for edition in withdrawn_from}
    cuts = [cut for project in projects for cut in project.old_cuts]
    old = [cut for cut in cuts if _is_made_from(cut, settings, dataset_id, numbers)]
    for cut in old:
        delete_cut(cut.folder(settings))
    gone: dict[str, list[int] | list[str]] = {
        "editions": [edition.number for edition in editions],
        "cuts": [f"{cut.project_id}/{cut.number}" for cut in old],
    }
    with database.write(actor) as tx:
        _note_deleted(tx, old)
        tx.record("data_catalog:withdrawal:purge", f"dataset:{dataset_id}", gone)
    return {what: len(numbers) for what, numbers in gone.items()}


def _projects_on(connection: Connection, dataset_id: str) -> Iterator[Project]:
    """Give every project that is not closed and has, had or asks for tables of this dataset."""
    on = select(tables.approved_table.c.project_id).where(tables.approved_table.c.dataset_id == dataset_id)
    for project_id in connection.execute(on.distinct().order_by(tables.approved_table.c.project_id)).scalars().all():
        project = find_project(connection, project_id)
        if project.state is not ProjectState.CLOSED:
            yield project


def _bases(connection: Connection, settings: Settings, dataset_id: str, projects: Sequence[Project]) -> list[Edition]:
    """Return the editions people must be taken out of: the newest, and any older one that is in a project's cut, or can
    come into one.
    """
    bound = {t.edition for project in projects for t in project.within_reach if t.dataset_id == dataset_id}
    numbers = {newest_number(connection, dataset_id), *bound}
    found = [find_edition(connection, dataset_id, number or None) for number in numbers]
    current = {e.number: e for e in (withdrawal.without_withdrawn(connection, settings, e) for e in found)}
    return [current[number] for number in sorted(current)]


def _without(batch: _Batch, base: Edition, number: int, work: Path) -> NewEdition:
    prepared = ensure_folder(work / f"edition-{number}")
    old, folder = check_files(batch.settings, base), base.folder(batch.settings)
    with engine(work) as connection:
        entries, removed = withdrawal.remove_people(connection, base.declaration, old, folder, batch.people, prepared)
    scans, removed_scans = withdrawal.remove_scans(old, folder, batch.people, prepared)
    entry = WithdrawalEntry(edition=base.number, withdrawn=len(batch.people), people_hmac=batch.people_hmac)
    manifest = withdrawal.withdrawn_manifest(
        old, number, batch.actor.username, batch.database.clock(), entries, scans, entry
    )
    source = CutSource(base.declaration, manifest, sha256_bytes(manifest.to_bytes()), prepared)
    return NewEdition(source, base.number, removed + removed_scans)


def _recut(batch: _Batch, project: Project, made: Mapping[int, NewEdition], stack: ExitStack) -> _Prepared:
    """Make a project's cut again from the new edition, beside the one it works on, and prove nobody is left in it.

    Of what that one was made of: an amendment that was approved since waits for its own cut.
    """
    cut, project = project.cut, project.as_cut
    assert cut is not None
    sources = current_sources(batch.database, batch.settings, project)
    sources[batch.dataset_id] = made[sources[batch.dataset_id].manifest.number].source
    request = cut_request(batch.database, batch.settings, project, sources)
    work = stack.enter_context(cut_workshop(batch.database, batch.settings, project.id))
    prepared = ensure_folder(work / "cut", 0o755)
    manifest = make_cut(request, prepared, work, batch.make_views)
    before = _rows(_manifest(cut, batch.settings))
    now = _rows(manifest.content)
    _prove_absent(request, prepared, batch)
    facts = NewCut(project.id, request.number, {path: (before.get(path, 0), now[path]) for path in now})
    return _Prepared(request, manifest, prepared, facts, cut.amendment)


def _rows(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows each table of a cut has, and how many scans it has of each dataset."""
    rows = {file["path"]: file["rows"] for file in manifest["files"] if "rows" in file}
    scans = manifest.get("scans", {})
    return rows | {f"{IMAGING}/{dataset_id}": told["scans"] for dataset_id, told in scans.items()}


def _prove_absent(request: CutRequest, prepared: Path, batch: _Batch) -> None:
    """Search tables and scans of the dataset for the pseudonyms of those who withdrew; raises IntegrityBroken."""
    pseudonyms = [pseudonym(request.key, batch.dataset_id, person) for person in batch.people]
    if withdrawal.is_anywhere(prepared, batch.dataset_id, pseudonyms):
        raise IntegrityBroken(f"The new cut of {request.project_id} still has somebody who withdrew.")


def _switch(
    tx: Transaction, batch: _Batch, newest: int, editions: Sequence[NewEdition], cuts: Sequence[_Prepared]
) -> None:
    """Publish the editions, then the cuts; they count together from the commit on."""
    if newest_number(tx.connection, batch.dataset_id) != newest:
        raise Conflict(f"An edition of {batch.dataset_id} was published meanwhile.", "Withdraw once more.")
    for edition in editions:
        source = edition.source
        put_in_place(tx, batch.settings, source.folder, source.declaration, source.manifest)
    for cut in cuts:
        publish_cut(tx, batch.settings, batch.actor, cut.request, cut.manifest, cut.folder, cut.amendment)
        facts = {"cut": cut.request.number, "manifest": cut.manifest.sha256}
        tx.record("projects:cut:withdraw", f"project:{cut.request.project_id}", facts)
    made = {edition.source.manifest.number: edition.made_from for edition in editions}
    detail = {"people": len(batch.people), "people_hmac": batch.people_hmac, "editions": made}
    tx.record("data_catalog:edition:withdraw", f"dataset:{batch.dataset_id}", detail)


def _withdrawn_from(connection: Connection, settings: Settings, dataset_id: str) -> list[Edition]:
    """Return the editions that are followed by one without people who may be in them.

    The editions one batch made, each from another, are all without its people.
    """
    every = [find_edition(connection, dataset_id, n) for n in range(1, newest_number(connection, dataset_id) + 1)]
    batches = {e.number: made.people_hmac for e in every if (made := read_manifest(settings, e).withdrawal)}
    return [
        edition
        for edition in every
        if any(n > edition.number and batch != batches.get(edition.number) for n, batch in batches.items())
    ]


def _is_made_from(cut: Cut, settings: Settings, dataset_id: str, editions: Collection[int]) -> bool:
    """Tell whether a cut is made from one of these editions, or a crash left so little of it that nothing says so."""
    if not (cut.folder(settings) / MANIFEST).exists():
        return True
    held = _manifest(cut, settings)["editions"].get(dataset_id)
    return held is not None and held["number"] in editions


def _manifest(cut: Cut, settings: Settings) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((cut.folder(settings) / MANIFEST).read_text())
    return manifest
