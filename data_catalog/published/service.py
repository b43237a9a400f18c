"""Publish an edition's numbers, once; and read what was published."""

from dataclasses import dataclass

from core.database import Database
from core.errors import InvalidInput
from core.files import sha256_file
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from data_catalog import permissions
from data_catalog.editions import Edition, check_files, find_edition, read_manifest
from data_catalog.engine import engine, work_folder
from data_catalog.errors import EditionBroken
from data_catalog.published.ledger import (
    Entry,
    Kind,
    Place,
    Selection,
    count_entries,
    enter,
    entries,
    entries_csv,
    numbers_of,
)
from data_catalog.published.marginals import Number, count_edition
from data_catalog.quality.publication import JSON_NAME, Document, read_json

PAGE = 200
"""Entries of the ledger on one page."""


@dataclass(frozen=True)
class LedgerPage:
    """One page of the ledger, and how many entries and pages its selection has."""

    selection: Selection
    entries: tuple[Entry, ...]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty ledger has one."""
        return max(1, -(-self.total // PAGE))


def publish_numbers(database: Database, settings: Settings, actor: Person, dataset_id: str) -> int:
    """Count a dataset's newest edition, enter what may be shown in the ledger, and return how many numbers that is.

    An edition whose numbers are published already is left as it is, and the answer is 0. Raises EditionBroken.
    """
    check_may(actor, permissions.NUMBERS_PUBLISH)
    with database.read() as connection:
        found = find_edition(connection, dataset_id)
        if numbers_of(connection, _place(found), Kind.MARGINAL):
            return 0
    manifest = check_files(settings, found)
    with work_folder(settings.vault) as folder, engine(folder) as duck:
        marginals = tuple(count_edition(duck, found.declaration, manifest, found.folder(settings)))
    quality = _quality_numbers(quality_report(settings, found))
    with database.write(actor) as tx:
        if numbers_of(tx.connection, _place(found), Kind.MARGINAL):
            return 0
        count = enter(tx, actor, _place(found), Kind.MARGINAL, marginals)
        count += enter(tx, actor, _place(found), Kind.QUALITY, quality)
        tx.record("data_catalog:numbers:publish", f"edition:{found.dataset}/{found.number}", {"numbers": count})
    return count


def published_numbers(database: Database, edition: Edition, subject: str | None = None) -> tuple[Number, ...]:
    """Return the counts published of an edition's tables and variables, those of one subject where it is named."""
    with database.read() as connection:
        return numbers_of(connection, _place(edition), Kind.MARGINAL, subject)


def select_entries(dataset: str, edition: str, kind: str) -> Selection:
    """Read which entries somebody asks for, as texts of which each may be empty; raises InvalidInput."""
    if edition and not (edition.isascii() and edition.isdigit() and len(edition) < 10):
        raise InvalidInput("An edition is named by its number.", "Write a whole number, or leave it empty.")
    if kind and kind not in list(Kind):
        raise InvalidInput("The ledger has no such kind of number.", f"Its kinds are: {', '.join(Kind)}.")
    return Selection(dataset, int(edition) if edition else None, Kind(kind) if kind else None)


def ledger_page(database: Database, reader: Person, selection: Selection, number: int) -> LedgerPage:
    """Return a page of the ledger's entries, the newest first; beyond the last there are none."""
    check_may(reader, permissions.LEDGER_READ)
    with database.read() as connection:
        total = count_entries(connection, selection)
        shown = entries(connection, selection, PAGE, (number - 1) * PAGE)
    return LedgerPage(selection, shown, total, number)


def ledger_csv(database: Database, reader: Person, selection: Selection) -> str:
    """Return all entries of a selection as CSV, the newest first."""
    check_may(reader, permissions.LEDGER_READ)
    with database.read() as connection:
        return entries_csv(entries(connection, selection))


def quality_report(settings: Settings, edition: Edition) -> Document | None:
    """Return an edition's quality report, or None where it was published without one; raises EditionBroken."""
    manifest = read_manifest(settings, edition)
    entry = next((file for file in manifest.files if file.path == JSON_NAME), None)
    if entry is None:
        return None
    path = edition.folder(settings) / entry.path
    if sha256_file(path) != entry.sha256:
        raise EditionBroken(f"The quality report of {edition.dataset} was changed.", "Restore the vault from backup.")
    return read_json(path.read_bytes())


def _quality_numbers(report: Document | None) -> tuple[Number, ...]:
    shown = report["indicators"] if report else ()
    return tuple(
        Number(one["variable"] or one["id"], one["label"], statistic, str(one[statistic]))
        for one in shown
        for statistic in ("n", "of")
        if one[statistic] is not None
    )


def _place(edition: Edition) -> Place:
    return Place(edition.dataset, edition.number)
