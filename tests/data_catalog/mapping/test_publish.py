"""Whole sources into the vault: six registries and fourteen trials in their own forms; a broken one leaves no trace."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from core.audit.service import newest
from core.database import Database
from core.errors import InvalidInput, Refused
from core.people.models import Person
from core.settings import Settings
from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.errors import DataRejected
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import check_source, draft_mapping, preview_source, publish_source
from data_catalog.published.service import publish_numbers
from data_catalog.service import edition, newest_editions, verify_edition
from data_catalog.sources.delivery import make_delivery
from data_catalog.synth.corrupt import KINDS, corrupt
from data_catalog.synth.registries import REGISTRIES, write_registry
from data_catalog.synth.trials import write_trials
from tests.support.catalog import ON_ONE_ENGINE

PUBLISHED = "data_catalog:edition:publish"


def quiet(_: str) -> None:
    """Say nothing of what is begun."""


def write(name: str, folder: Path, people: int = 60) -> Path:
    """Write a small synthetic source without its manifest."""
    folder.mkdir(parents=True)
    if name == "ms_cidr":
        write_trials(folder, people=70, visits=700, scans=200)
    else:
        write_registry(name, folder, people=people)
    return folder


def sign(name: str, folder: Path) -> Path:
    """Write the manifest, as the sender does."""
    make_delivery(folder, "a test", datetime.now(UTC), load_mapping(MAPPINGS / f"{name}.toml").files)
    return folder


def bytes_of(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", ["ms_cidr", *REGISTRIES])
def test_a_source_in_its_own_form_becomes_an_edition_of_the_model(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, name: str
) -> None:
    folder = sign(name, write(name, tmp_path / name))
    mapping = MAPPINGS / f"{name}.toml"
    manifest, checked = publish_source(database, settings, people["dana"], mapping, folder, quiet)
    found = edition(database, name)
    assert found.synthetic
    assert found.declaration == load_mapping(mapping).declaration
    assert [file.path for file in manifest.files] == ["report.json", "report.html"]
    verify_edition(database, settings, people["dana"], name)
    patients = str(found.folder(settings) / "patient.parquet")
    counted = duckdb.execute("SELECT count(DISTINCT patient_id) FROM read_parquet(?)", [patients]).fetchall()
    assert counted == [(70 if name == "ms_cidr" else 60,)]
    assert all(reading.unread == 0 for reading in checked.staged.readings)
    if name == "ms_cidr":
        assert {"FA", "SV"} <= {finding.column for finding in checked.staged.reported}


def test_publishing_is_on_record_and_the_next_edition_compares(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    folder = sign("remus", write("remus", tmp_path / "remus"))
    for number in (1, 2):
        mapping = MAPPINGS / "remus.toml"
        manifest, _ = publish_source(database, settings, people["dana"], mapping, folder, quiet)
        assert manifest.number == number
    report = (edition(database, "remus").folder(settings) / "report.html").read_text(encoding="utf-8")
    assert "edition 1" in report.lower()
    assert len([entry for entry in newest(database, people["anna"], 50) if entry.action == PUBLISHED]) == 2


@ON_ONE_ENGINE
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("name", ["remus", "ofsep", "msbase"])
def test_a_corrupted_source_is_refused_by_its_rows_and_the_vault_is_as_it_was(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, name: str, kind: str
) -> None:
    mapping = MAPPINGS / f"{name}.toml"
    good = sign(name, write(name, tmp_path / "good"))
    publish_source(database, settings, people["dana"], mapping, good, quiet)
    before = bytes_of(settings.vault)
    folder = write(name, tmp_path / "bad")
    if kind.startswith("truncated"):
        sign(name, folder)  # the sender's manifest is of the whole file, what arrives is not
    fault = corrupt(folder, kind)
    if not kind.startswith("truncated"):
        _sign_if_possible(name, folder)
    with pytest.raises((DataRejected, InvalidInput)) as refusal:
        publish_source(database, settings, people["dana"], mapping, folder, quiet)
    assert bytes_of(settings.vault) == before
    assert edition(database, name).number == 1
    _check_is_named(refusal.value, fault.file, fault.row, kind)


def _sign_if_possible(name: str, folder: Path) -> None:
    """Sign a broken delivery as well as can be: what can't be counted has no manifest, and is refused for that."""
    try:
        sign(name, folder)
    except InvalidInput:
        return


def _check_is_named(refusal: Exception, file: str, row: int | None, kind: str) -> None:
    if kind in ("unknown_code", "future_date", "identifier_in_text"):
        assert isinstance(refusal, DataRejected)
        assert re.search(rf"from {re.escape(file)}.*row {row}\b", str(refusal), re.DOTALL)


@ON_ONE_ENGINE
def test_without_a_manifest_or_the_right_nothing_is_taken(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    folder, mapping = write("remus", tmp_path / "remus"), MAPPINGS / "remus.toml"
    with pytest.raises(InvalidInput, match=r"There is no delivery\.json"):
        publish_source(database, settings, people["dana"], mapping, folder, quiet)
    sign("remus", folder)
    for person in ("olga", "rosa", "chris", "dirk"):
        with pytest.raises(Refused):
            publish_source(database, settings, people[person], mapping, folder, quiet)
    assert newest_editions(database) == []


@ON_ONE_ENGINE
def test_checking_and_looking_publish_nothing(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    folder, mapping = sign("smsreg", write("smsreg", tmp_path / "s")), MAPPINGS / "smsreg.toml"
    checked = check_source(database, settings, people["dana"], mapping, folder, quiet)
    names, rows, _ = preview_source(settings, people["dana"], mapping, folder, "patient", 3, quiet)
    assert (checked.staged.rows["patient"], len(rows), names[0]) == (60, 3, "patient_id")
    assert list(settings.vault.iterdir()) == []
    with pytest.raises(InvalidInput, match="maps no table 'patients'; did you mean 'patient'"):
        preview_source(settings, people["dana"], mapping, folder, "patients", 3, quiet)


@ON_ONE_ENGINE
@pytest.mark.usefixtures("database")
def test_a_draft_names_every_file_column_and_table(
    settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    folder = sign("msbase", write("msbase", tmp_path / "m"))
    text = draft_mapping(settings, people["dana"], "seventh", folder, quiet)
    assert 'id = "seventh"' in text
    assert 'path = "msb_visits.csv"' in text
    assert all(f'table = "{name}"' in text for name in ("patient", "visit", "relapse"))


@ON_ONE_ENGINE
def test_an_edition_may_hold_the_standard_endpoints_of_its_people(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    folder, mapping = sign("ofsep", write("ofsep", tmp_path / "o")), MAPPINGS / "ofsep.toml"
    manifest, _ = publish_source(database, settings, people["dana"], mapping, folder, quiet, endpoints=True)
    found = edition(database, "ofsep")
    made = {table.table: table.rows for table in manifest.tables if table.table.startswith("endpoint_")}
    assert len(made) == len(standard_endpoints())
    assert made["endpoint_cdw_168d_roving_5_5_v1"] == made["endpoint_pira_168d_5_5_v1"] == 60
    table = found.declaration.table("endpoint_pira_168d_5_5_v1")
    assert table is not None
    assert "event_days" in table.approvable
    assert "patient_id" not in table.approvable
    assert publish_numbers(database, settings, people["dana"], "ofsep") > 0
    verify_edition(database, settings, people["dana"], "ofsep")
