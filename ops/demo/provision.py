"""Everything the demo needs in its control database and vault, made through the services people use, and only once."""

from pathlib import Path

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.people.service import (
    add_person,
    bootstrap_ops,
    confirm_role,
    pending_grants,
    person_by_username,
    propose_role,
)
from core.settings import Settings
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.published.service import publish_numbers
from data_catalog.service import ingest_dataset, newest_editions
from data_catalog.sources.delivery import make_delivery
from data_catalog.synthetic import write_synthetic_sources
from ops.activation import activate
from ops.commands.synth import SCANS, SOURCES, TRIALS, write_source, write_source_scans
from ops.demo.cast import CAST, DAC_MEMBER, DATA_MANAGER, FIRST_OPS, SECOND_OPS, Part
from ops.demo.provider import pass_through
from ops.login import sign_in
from ops.numbers import edition_stands
from ops.show import step
from projects.models import ProjectFile, ProjectState, load_project_file
from projects.service import approve_project, create_project, project

HERE = Path(__file__).parent
DECLARATIONS = HERE.parents[1] / "data_catalog" / "datasets"
OPEN_RECORDS = HERE.parents[2] / "shared" / "data"
DATASETS = ("cis_cohort", "edss_visits")
SHARE = 0.01
"""How much of the two resources' full size the demo draws: seconds, where all of it takes minutes."""

PROJECT_FILE = HERE / "cis-spinal.toml"
PROJECT_FILES = (PROJECT_FILE, HERE / "cord-scans.toml")


def ensure_people(settings: Settings, database: Database) -> None:
    """Add the cast and give their roles, the checkers' by two ops people."""
    if not _known(database, FIRST_OPS.username):
        bootstrap_ops(database, FIRST_OPS.person(settings))
    first = _signed_in(settings, database, FIRST_OPS)
    for part in CAST:
        if not _known(database, part.username):
            add_person(database, first, part.person(settings))
        for role in set(part.roles) - person_by_username(database, part.username).roles:
            propose_role(database, first, part.username, role)
    waiting = pending_grants(database, first)
    if waiting:
        second = _signed_in(settings, database, SECOND_OPS)
        for grant in waiting:
            confirm_role(database, second, grant.id)


def ensure_data(settings: Settings, database: Database) -> None:
    """Publish an edition of each of the demo's datasets that has none."""
    for dataset in DATASETS:
        _ensure_dataset(settings, database, dataset)


def _ensure_dataset(settings: Settings, database: Database, dataset: str) -> None:
    if any(edition.dataset == dataset for edition in newest_editions(database)):
        return
    sources, synthetic = OPEN_RECORDS / dataset, False
    if not sources.exists():
        sources, synthetic = settings.state / "synthetic" / dataset, True
        write_synthetic_sources(dataset, sources)
    kind = "synthetic records" if synthetic else "open records"
    with step(f"Dataset {dataset}: reading, checking and publishing {kind}"):
        actor = _signed_in(settings, database, DATA_MANAGER)
        declaration = DECLARATIONS / f"{dataset}.toml"
        with edition_stands(ingest_dataset(database, settings, actor, declaration, sources, synthetic=synthetic)):
            publish_numbers(database, settings, actor, dataset)


def ensure_sources(settings: Settings, database: Database) -> None:
    """Publish a small synthetic edition of each source of the two resources that has none, the trials' with scans."""
    published = {e.dataset for e in newest_editions(database) if e.dataset != TRIALS or e.declaration.scans}
    for source in SOURCES:
        if source not in published:
            with step(f"Source {source}: drawing, mapping and publishing synthetic records"):
                _publish_source(settings, database, source)


def _publish_source(settings: Settings, database: Database, source: str) -> None:
    folder, mapping = settings.state / "synthetic" / source, MAPPINGS / f"{source}.toml"
    scans = settings.state / "synthetic" / SCANS if source == TRIALS else None
    if not folder.exists():
        write_source(source, folder, SHARE)
        make_delivery(folder, "the demo", database.clock(), load_mapping(mapping).files)
    if scans and not scans.exists():
        write_source_scans(scans, SHARE)
    actor = _signed_in(settings, database, DATA_MANAGER)
    edition, _ = publish_source(database, settings, actor, mapping, folder, lambda begun: None, scans=scans)
    with edition_stands(edition):
        publish_numbers(database, settings, actor, source)


def ensure_projects(settings: Settings, database: Database) -> None:
    """Bring the demo's projects from their files to their first notebooks."""
    for file in PROJECT_FILES:
        _ensure_project(settings, database, load_project_file(file))


def _ensure_project(settings: Settings, database: Database, file: ProjectFile) -> None:
    try:
        state = project(database, file.id).state
    except NotFound:
        create_project(database, _signed_in(settings, database, FIRST_OPS), file)
        state = ProjectState.PROPOSED
    if state is ProjectState.PROPOSED:
        approve_project(database, _signed_in(settings, database, DAC_MEMBER), file.id)
        state = ProjectState.APPROVED
    if state is ProjectState.APPROVED:
        with step(f"Project {file.id}: making its cut, views and network"):
            activate(settings, database, _signed_in(settings, database, FIRST_OPS), file.id)


def _known(database: Database, username: str) -> Person | None:
    try:
        return person_by_username(database, username)
    except NotFound:
        return None


def _signed_in(settings: Settings, database: Database, part: Part) -> Person:
    person, _ = sign_in(settings, database, open_page=lambda address: pass_through(settings, part.username, address))
    return person
