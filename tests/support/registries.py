"""Small synthetic editions in the common data model: six registries and one dataset of trials, for pages and counts."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.cdm import cdm_table
from data_catalog.editions import EditionManifest
from data_catalog.engine import engine, identifier
from data_catalog.facts import Registry
from data_catalog.models import DatasetDeclaration, Table
from data_catalog.publication import Prepared, entry_of, publish_edition, write_tables
from data_catalog.quality.indicators import indicators
from data_catalog.quality.models import About
from data_catalog.quality.publication import write_report

REGISTRIES = {
    "remus": ("ReMuS", Registry(country="Czech Republic", people=24030, as_of="June 2025", coverage_percent=90)),
    "dmsr": ("DMSR", Registry(country="Denmark", people=34720, as_of="August 2025", coverage_percent=95)),
    "ofsep": ("OFSEP", Registry(country="France", people=86180, as_of="August 2025", coverage_percent=55)),
    "rism": ("RISM", Registry(country="Italy", people=95294, as_of="July 2025", coverage_percent=70)),
    "smsreg": ("SMSreg", Registry(country="Sweden", people=24780, as_of="August 2025", coverage_percent=90)),
    "msbase": ("MSBase", Registry(country="international", people=122604, as_of="August 2025")),
}

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def publish_rows(
    database: Database, settings: Settings, actor: Person, declaration: DatasetDeclaration, rows: Rows, folder: Path
) -> EditionManifest:
    """Publish these rows as an edition; a variable a row does not name is missing."""
    prepared = folder / declaration.id
    prepared.mkdir(parents=True, mode=0o755)
    with engine(folder) as connection:
        for table in declaration.tables:
            _put(connection, table, rows.get(table.name, []))
        entries = write_tables(connection, declaration.tables, lambda t: f"SELECT * FROM rows_{t.name}", prepared)
        names = {table.name: f"rows_{table.name}" for table in declaration.tables}
        about = About(declaration.id, declaration.label, 1, "2026-06-01", synthetic=True)
        registry = declaration.registry
        reports = write_report(indicators(connection, names, about, registry), prepared)
    files = tuple(map(entry_of, reports))
    return publish_edition(database, settings, actor, Prepared(declaration, prepared, True, (), entries, files))


def declare(dataset_id: str, label: str, *tables: str, **more: Any) -> DatasetDeclaration:
    """Declare a synthetic dataset of these tables of the model."""
    return DatasetDeclaration(
        id=dataset_id, label=label, source="a test", licence="CC0", tables=tuple(map(_mapped, tables)), **more
    )


def publish_registries(database: Database, settings: Settings, actor: Person, folder: Path) -> None:
    """Publish all six, with sixty people each."""
    for dataset_id, (label, registry) in REGISTRIES.items():
        more: dict[str, Any] = {"resource": "bmsd", "labels": "invented", "registry": registry}
        declaration = declare(dataset_id, label, "patient", "visit", **more)
        publish_rows(database, settings, actor, declaration, cohort_rows(dataset_id, 60), folder)


def publish_trials(
    database: Database, settings: Settings, actor: Person, folder: Path, people: int = 400
) -> EditionManifest:
    """Publish trials: patients, visits and measured scans."""
    declaration = declare("ms_cidr", "MS CIDR trials", "patient", "visit", "mri", resource="ms_cidr")
    return publish_rows(database, settings, actor, declaration, cohort_rows("ms_cidr", people), folder)


def cohort_rows(seed: str, people: int) -> Rows:
    """Draw people with a course, an arm, visits and scans; a few have a rare value."""
    draw = random.Random(seed)
    patients = [_patient(draw, f"{seed}-{number:04}") for number in range(people)]
    rows: Rows = {"patient": patients, "visit": [], "mri": []}
    for patient in patients:
        start = date(2010, 1, 1) + timedelta(days=draw.randrange(2000))
        for visit in range(draw.randint(1, 6)):
            day = start + timedelta(days=180 * visit)
            whose = {"patient_id": patient["patient_id"]}
            score = draw.choice((1.0, 1.5, 2.0, 3.0, 4.0, 6.0, None))
            rows["visit"].append({**whose, "visit_date": day, "visit_precision": "day", "edss": score})
            region = draw.choice(("brain", "brain", "spinal_cord"))
            rows["mri"].append({**whose, "mri_date": day, "mri_precision": "day", "region": region, "t2_lesions": 4})
    return rows


def _patient(draw: random.Random, name: str) -> Row:
    birth = date(1960, 1, 1) + timedelta(days=draw.randrange(9000))
    return {
        "patient_id": name,
        "sex": draw.choice(("female", "female", "male")),
        "course": draw.choice(("rrms", "spms", "ppms", "ppms")) if draw.random() > 0.01 else "ris",
        "arm": draw.choice(("placebo", "active", "active")),
        "birth_date": birth,
        "birth_precision": "month",
        "onset_date": birth + timedelta(days=draw.randrange(9000, 16000)),
        "onset_precision": "year",
    }


_LINES = {
    "patient.sex": ('patients.csv, column "SEX"', "codes: F = female, M = male"),
    "patient.onset_date": ('patients.csv, column "ONSET"', "dates: %d.%m.%Y, %Y"),
}


def _mapped(name: str) -> Table:
    """Take a table of the model, its variables with the lines a mapping would write."""
    table = cdm_table(name)
    lines = [(variable, _LINES.get(f"{name}.{variable.name}", ())) for variable in table.variables]
    variables = tuple(variable.model_copy(update={"derivations": text}) for variable, text in lines)
    return table.model_copy(update={"variables": variables})


def _put(connection: Any, table: Table, rows: list[Row]) -> None:
    columns = ", ".join(f"{identifier(v.name)} {v.sql_type}" for v in table.variables)
    connection.execute(f"CREATE TABLE rows_{table.name} ({columns})")
    if rows:
        names = [variable.name for variable in table.variables]
        values = {name: [row.get(name) for row in rows] for name in names}
        connection.register("given", pa.table(values))
        connection.execute(f"INSERT INTO rows_{table.name} SELECT * FROM given")
        connection.unregister("given")
