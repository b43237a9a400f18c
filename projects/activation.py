"""Activate a project: its network's addresses, its cut with the views, its network, and last the state.

A crash at any point leaves a project that is not active. Run again, it continues: the addresses stay, a folder that
no row of the database speaks of is replaced, and `make_network` is asked for what may be there already.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from core.database import Database, Transaction
from core.errors import Conflict
from core.files import ensure_folder, publish_folder
from core.locks import locked
from core.people.models import Person
from core.secrets import ensure_secret
from core.settings import Settings
from data_catalog.cut import CutManifest, MakeViews, delete_cut, make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import EditionManifest, check_files, find_edition
from data_catalog.engine import work_folder
from data_catalog.models import DatasetDeclaration
from data_catalog.pseudonyms import KEY_BYTES
from data_catalog.withdrawal import without_withdrawn
from projects import tables
from projects.errors import PoolExhausted, StepNotOpen
from projects.gates import check_may_run, project_rights
from projects.models import ApprovedTable, Cut, Project
from projects.policy import Action, check_not_closed, check_transition
from projects.records import change_state, find_project

SUBNET_PREFIX = 26
"""A project's network has 64 addresses: the network's, the host's, 61 for servers, and broadcast."""

MakeNetwork = Callable[[str, IPv4Network], None]
"""Makes sure that the network of a project is there with these addresses."""


def activate_project(
    database: Database,
    settings: Settings,
    actor: Person,
    project_id: str,
    *,
    make_views: MakeViews,
    make_network: MakeNetwork,
) -> Project:
    """Make an approved project's cut and network and open it to its team.

    Raises ActionRefused, PoolExhausted, EditionBroken, StepNotOpen where it was closed and Conflict where somebody
    withdrew meanwhile, and whatever the two callables raise; the project is then as it was.
    """
    subnet = _ensure_subnet(database, settings, actor, project_id)
    with cut_workshop(database, settings, project_id) as work:
        with database.read() as connection:
            project = find_project(connection, project_id)
        request = cut_request(database, settings, project, current_sources(database, settings, project))
        prepared = ensure_folder(work / "cut", 0o755)
        manifest = make_cut(request, prepared, work, make_views)
        make_network(project_id, subnet)
        with database.write(actor) as tx:
            _open(tx, settings, actor, request, manifest, prepared)
    with database.read() as connection:
        return find_project(connection, project_id)


@contextmanager
def cut_workshop(database: Database, settings: Settings, project_id: str) -> Iterator[Path]:
    """Give a private folder to make a project's cut in; while it is open, close-out deletes nothing of the project.

    Raises StepNotOpen where the project is closed, before a folder or a key of it is made once more.
    """
    closing = StepNotOpen(f"{project_id} is closed and is being closed out.")
    with locked(settings, project_lock(project_id), closing, shared=True):
        with database.read() as connection:
            check_not_closed(find_project(connection, project_id))
        with work_folder(ensure_folder(settings.cuts / project_id)) as work:
            yield work


def project_lock(project_id: str) -> str:
    """Return the name of the lock that whoever makes a cut shares, and close-out holds alone."""
    return f"project-{project_id}"


def _ensure_subnet(database: Database, settings: Settings, actor: Person, project_id: str) -> IPv4Network:
    """Return the project's addresses, allotted for good at first need: an address in a log means one project ever."""
    with database.read() as connection:
        found = find_project(connection, project_id)
        check_transition(found, Action.ACTIVATE, actor)
        check_may_run(project_rights(connection, found), database.clock().date())
    if found.subnet:
        return found.subnet
    with database.write(actor) as tx:
        allotted = {IPv4Network(subnet) for subnet in tx.execute(_ALLOTTED).scalars()}
        subnet = _next_free(settings.network_pool, allotted)
        tx.execute(update(tables.project).where(tables.project.c.id == project_id).values(subnet=str(subnet)))
        tx.record("projects:subnet:allot", f"project:{project_id}", {"subnet": str(subnet)})
    return subnet


_ALLOTTED = select(tables.project.c.subnet).where(tables.project.c.subnet.is_not(None))


def _next_free(pool: IPv4Network, allotted: set[IPv4Network]) -> IPv4Network:
    for subnet in pool.subnets(new_prefix=SUBNET_PREFIX):
        if subnet not in allotted:
            return subnet
    raise PoolExhausted(f"Every block of {pool} belongs to a project.", "Set MYELIN_NETWORK_POOL to a larger range.")


@dataclass(frozen=True)
class CutSource:
    """An edition as cuts are made from it: checked, and where its files are."""

    declaration: DatasetDeclaration
    manifest: EditionManifest
    manifest_sha256: str
    folder: Path


def current_sources(database: Database, settings: Settings, project: Project) -> dict[str, CutSource]:
    """Return each dataset's edition a project works on, without those who withdrew since it was approved."""
    with database.read() as connection:
        editions = {
            table.dataset_id: without_withdrawn(
                connection, settings, find_edition(connection, table.dataset_id, table.edition)
            )
            for table in project.tables
        }
    return {
        dataset_id: CutSource(
            edition.declaration, check_files(settings, edition), edition.manifest_sha256, edition.folder(settings)
        )
        for dataset_id, edition in editions.items()
    }


def cut_tables(project: Project, sources: Mapping[str, CutSource]) -> tuple[CutTable, ...]:
    """Return what of each table a project was approved for, or asks for."""

    def cut_table(approved: ApprovedTable) -> CutTable:
        source = sources[approved.dataset_id]
        return CutTable(
            declaration=source.declaration,
            manifest=source.manifest,
            manifest_sha256=source.manifest_sha256,
            folder=source.folder,
            table_id=approved.table_id,
            variables=approved.variables,
            row_filter=approved.row_filter,
            cohort=approved.cohort,
            generalise=approved.rules,
            scans=approved.scan_kinds,
        )

    return tuple(cut_table(approved) for approved in project.tables)


def cut_request(
    database: Database, settings: Settings, project: Project, sources: Mapping[str, CutSource]
) -> CutRequest:
    """Return what a project's next cut is made of, under the key its cuts have always had."""
    return CutRequest(
        project_id=project.id,
        number=len(project.cuts) + 1,
        made_at=database.clock(),
        key=ensure_secret(settings, key_name(project.id), KEY_BYTES),
        tables=cut_tables(project, sources),
    )


def key_name(project_id: str) -> str:
    """Return the name of the secret a project's pseudonyms are made with."""
    return f"project-{project_id}"


def _open(
    tx: Transaction, settings: Settings, actor: Person, request: CutRequest, manifest: CutManifest, prepared: Path
) -> None:
    """Publish the cut and open the project; the folder counts from the commit on, like the state.

    A folder in its place is the remains of a crash between the move and the commit: nobody else writes now.
    """
    project = find_project(tx.connection, request.project_id)
    to = check_transition(project, Action.ACTIVATE, actor)
    check_may_run(project_rights(tx.connection, project), tx.now.date())
    cut = publish_cut(tx, settings, actor, request, manifest, prepared)
    change_state(tx, project, Action.ACTIVATE, to, cut=cut.number, manifest=cut.manifest_sha256)


def publish_cut(
    tx: Transaction,
    settings: Settings,
    actor: Person,
    request: CutRequest,
    manifest: CutManifest,
    prepared: Path,
    amendment: int = 0,
) -> Cut:
    """Move a cut to its place and record it: from the commit on it is the one the project works on.

    Raises Conflict where another cut was made meanwhile, or somebody withdrew from an edition this one was made from.
    """
    _check_still_next(tx.connection, settings, request)
    made = (actor.username, request.made_at, manifest.sha256, request.synthetic)
    cut = Cut(request.project_id, request.number, *made, amendment=amendment)
    delete_cut(cut.folder(settings))
    publish_folder(prepared, cut.folder(settings))
    tx.execute(insert(tables.cut).values(cut.__dict__))
    return cut


def _check_still_next(connection: Connection, settings: Settings, request: CutRequest) -> None:
    if len(find_project(connection, request.project_id).cuts) + 1 != request.number:
        raise Conflict(f"Another cut of {request.project_id} was made meanwhile.", "Look at it first.")
    for dataset_id, number in {(table.dataset_id, table.manifest.number) for table in request.tables}:
        if without_withdrawn(connection, settings, find_edition(connection, dataset_id, number)).number != number:
            raise Conflict(f"Somebody withdrew from {dataset_id} while the cut was made.", "Make it once more.")
