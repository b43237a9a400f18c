"""Datasets, cuts and projects for tests, on the open records or on synthetic ones of their shape."""

from datetime import date
from ipaddress import IPv4Network
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import EditionManifest
from data_catalog.models import DATASETS
from data_catalog.service import ingest_dataset
from data_catalog.synthetic import write_synthetic_sources
from projects.models import AmendmentFile, Project, ProjectFile
from projects.service import activate_project, approve_project, create_project

ON_ONE_ENGINE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)
"""For tests of what never enters the control database: rows, values, files."""

OPEN_RECORDS = Path(__file__).parents[3] / "shared" / "data"


def sources_of(dataset_id: str, beside: Path) -> Path:
    """The open records where they are, else synthetic ones."""
    if (OPEN_RECORDS / dataset_id).is_dir():
        return OPEN_RECORDS / dataset_id
    write_synthetic_sources(dataset_id, beside / dataset_id)
    return beside / dataset_id


def ingest(database: Database, settings: Settings, manager: Person, dataset_id: str, beside: Path) -> EditionManifest:
    """Take in one of the datasets that come with Myelin."""
    declaration = DATASETS / f"{dataset_id}.toml"
    return ingest_dataset(database, settings, manager, declaration, sources_of(dataset_id, beside))


def project_file(**changes: object) -> ProjectFile:
    """A project on the cohort, led by lena with rosa, that may be used throughout 2026."""
    fields: dict[str, object] = {
        "id": "cis-spinal",
        "title": "Spinal cord lesions and conversion",
        "purpose": "Whether spinal cord lesions go with conversion.",
        "starts": date(2026, 1, 1),
        "ends": date(2026, 12, 31),
        "team": [{"username": "lena", "role": "lead"}, {"username": "rosa", "role": "researcher"}],
        "datasets": {"cis_cohort": {"patients": {"variables": ["gender", "age", "spinal_cord_mri", "converted"]}}},
    }
    return ProjectFile.model_validate({**fields, **changes})


def amendment_file(**changes: object) -> AmendmentFile:
    """An amendment of that project: schooling in place of the lesions, of adults."""
    fields: dict[str, object] = {
        "id": "cis-spinal",
        "reason": "Schooling may explain it.",
        "datasets": {
            "cis_cohort": {
                "patients": {"variables": ["gender", "age", "schooling", "converted"], "row_filter": "age >= 18"}
            }
        },
    }
    return AmendmentFile.model_validate({**fields, **changes})


def empty_views(cut: Path) -> None:
    """Stand where the notebook image makes the views: for tests of everything around them."""
    duckdb.connect(cut / "project.duckdb").close()


def no_network(project_id: str, subnet: IPv4Network) -> None:
    """Stand where Docker makes the network: for tests of everything around it."""


def activate(database: Database, settings: Settings, actor: Person, project_id: str) -> Project:
    """Activate a project without Docker."""
    return activate_project(database, settings, actor, project_id, make_views=empty_views, make_network=no_network)


def active_project(
    database: Database, settings: Settings, people: dict[str, Person], beside: Path, **changes: object
) -> Project:
    """The cohort taken in, and a project on it from its file to its cut."""
    ingest(database, settings, people["dana"], "cis_cohort", beside)
    file = project_file(**changes)
    create_project(database, people["olga"], file)
    approve_project(database, people["dirk"], file.id)
    return activate(database, settings, people["olga"], file.id)
