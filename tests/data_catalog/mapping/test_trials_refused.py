"""A trial's package that is not what it should be is refused by its rows, and the vault is byte for byte as it was."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pyreadstat
import pytest

from core.database import Database
from core.errors import InvalidInput
from core.people.models import Person
from core.settings import Settings
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.service import newest_editions
from data_catalog.sources.delivery import MANIFEST, make_delivery
from data_catalog.synth.registries import write_registry
from data_catalog.synth.trials import write_trials
from tests.support.catalog import ON_ONE_ENGINE

pytestmark = ON_ONE_ENGINE
TRIAL = "syn-rela-01"
RECORD = 80
RELATED = ("related_record", "relapse", "treatment")


def quiet(_: str) -> None:
    """Say nothing of what is begun."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One invented trial with its list of scans."""
    folder = tmp_path_factory.mktemp("trials")
    write_trials(folder, people=560, visits=8000, scans=2000)
    for other in folder.iterdir():
        if other.is_dir() and other.name != TRIAL:
            shutil.rmtree(other)
    lines = (folder / "imaging.csv").read_text().splitlines(keepends=True)
    study = study_of(folder)
    (folder / "imaging.csv").write_text("".join(line for line in lines if line.startswith(("USUBJID", study))))
    return folder


def study_of(folder: Path) -> str:
    return str(frame(folder / TRIAL / "dm.xpt")["STUDYID"][0])


def frame(path: Path) -> pl.DataFrame:
    read, _ = pyreadstat.read_xport(path, output_format="polars")
    return read


def change(folder: Path, domain: str, how: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    path = folder / TRIAL / f"{domain}.xpt"
    changed = how(frame(path)).with_columns(pl.col(pl.String).fill_null(""))
    pyreadstat.write_xport(changed, path, table_name=domain.upper(), file_format_version=5)


def at(row: int, column: str, value: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Put a value into one row, counted from 1."""
    is_row = pl.int_range(pl.len()) == row - 1
    return lambda rows: rows.with_columns(pl.when(is_row).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))


def swapped(one: str, other: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.rename({one: other, other: one}).select(rows.columns)


def an_identifier(folder: Path) -> None:
    somebody = str(frame(folder / TRIAL / "dm.xpt")["USUBJID"][2])
    change(folder, "ae", at(4, "AEDECOD", f"fall, see {somebody}"))


def another_encoding(folder: Path) -> None:
    """A byte that is a letter neither in UTF-8 nor in windows-1252; the sender's command won't count it, so the
    manifest is forged.
    """
    path = folder / TRIAL / "ae.xpt"
    content = path.read_bytes()
    word = str(frame(path)["AETERM"][0]).encode()
    place = content.index(word)
    path.write_bytes(content[:place] + b"\x81" + content[place + 1 :])
    forge(folder, path)


def forge(folder: Path, path: Path) -> None:
    """Give a file its right hash in the manifest, by hand."""
    told = json.loads((folder / MANIFEST).read_text())
    for file in told["files"]:
        if file["path"] == path.relative_to(folder).as_posix():
            file |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    (folder / MANIFEST).write_text(json.dumps(told))


def half_of(folder: Path) -> None:
    path = folder / TRIAL / "qs.xpt"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def cut_at_a_record(folder: Path) -> None:
    """The end of a row that is the end of a record too: it reads as a shorter file, without an error."""
    path = folder / TRIAL / "dm.xpt"
    content, rows = path.read_bytes(), len(frame(path))
    for records in range(1, len(content) // RECORD):
        path.write_bytes(content[: len(content) - records * RECORD])
        if len(frame(path)) < rows:
            return


BEFORE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a code outside the list": (
        lambda folder: change(folder, "dm", at(3, "SEX", "X")),
        r"patient from syn-rela-01/dm.xpt, column SEX: no code.*row 3: 'X'",
    ),
    "a date in the future": (
        lambda folder: change(folder, "ae", at(5, "AESTDTC", "2099-03-14")),
        r"adverse_event from syn-rela-01/ae.xpt, column event_date: after .*row 5: '2099-03-14'",
    ),
    "swapped columns": (
        lambda folder: change(folder, "dm", swapped("SEX", "COUNTRY")),
        r"dm.xpt, column COUNTRY: no code.*row 1: '[MF]'.*dm.xpt, column SEX: no code.*row 1: '[A-Z]{3}'",
    ),
    "an identifier in free text": (
        an_identifier,
        r"ae.xpt, column term: free text that holds the identifier of a person.*row 4",
    ),
    "a patient twice": (
        lambda folder: change(folder, "dm", lambda rows: pl.concat([rows, rows[2]])),
        r"a second row of dm with the same USUBJID.*row \d+",
    ),
}
"""What the sender's own manifest covers: the fault was there when the files were described."""

AFTER: dict[str, tuple[Callable[[Path], None], str]] = {
    "a letter of another encoding": (another_encoding, r"ae\.xpt"),
    "half of a file": (half_of, r"qs\.xpt"),
    "a file cut at a record": (cut_at_a_record, r"dm\.xpt"),
    "a file taken away": (lambda folder: (folder / TRIAL / "cm.xpt").unlink(), r"cm\.xpt"),
    "a file more": (lambda folder: (folder / TRIAL / "zz.xpt").write_bytes(b"?"), r"zz\.xpt"),
}
"""What happened on the way."""


def sign(folder: Path) -> None:
    make_delivery(folder, "a test", datetime.now(UTC), load_mapping(MAPPINGS / "ms_cidr.toml").files)


def bytes_of(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_it_is_refused_and_says_where(
    database: Database, settings: Settings, people: dict[str, Person], package: Path, tmp_path: Path, fault: str
) -> None:
    folder, mapping = tmp_path / "delivery", MAPPINGS / "ms_cidr.toml"
    shutil.copytree(package, folder)
    settings.vault.mkdir(parents=True)
    (settings.vault / "kept").write_text("what the vault held before")
    before = bytes_of(settings.vault)
    damage, told = (BEFORE | AFTER)[fault]
    if fault in AFTER:
        sign(folder)
        damage(folder)
    else:
        damage(folder)
        sign(folder)
    with pytest.raises(InvalidInput, match=rf"(?s){told}"):
        publish_source(database, settings, people["dana"], mapping, folder, quiet)
    assert bytes_of(settings.vault) == before
    assert newest_editions(database) == []


def test_the_package_as_it_was_is_taken(
    database: Database, settings: Settings, people: dict[str, Person], package: Path, tmp_path: Path
) -> None:
    shutil.copytree(package, tmp_path / "delivery")
    sign(tmp_path / "delivery")
    mapping = MAPPINGS / "ms_cidr.toml"
    made, _ = publish_source(database, settings, people["dana"], mapping, tmp_path / "delivery", quiet)
    assert made.table("patient").rows == len(frame(package / TRIAL / "dm.xpt"))
    steroids = len(frame(package / TRIAL / "relrec.xpt")) // 2
    assert steroids > 0
    held = {name: f"read_parquet('{settings.vault}/ms_cidr/1/{name}.parquet')" for name in RELATED}
    joined = (
        f"SELECT count(DISTINCT one.relation) FROM {held['related_record']} one JOIN {held['related_record']} other "
        f"USING (patient_id, relation) "
        f"JOIN {held['relapse']} r ON (r.patient_id, r.record) = (one.patient_id, one.record) "
        f"JOIN {held['treatment']} t ON (t.patient_id, t.record) = (other.patient_id, other.record)"
    )
    assert duckdb.sql(joined).fetchall() == [(steroids,)], "each steroid of RELREC is found at its relapse"


def test_a_zip_bomb_is_refused_whoever_described_it(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    """The sender's command would not count it, so the manifest is written by hand, with the right hash."""
    folder, mapping = tmp_path / "remus", MAPPINGS / "remus.toml"
    write_registry("remus", folder, people=30)
    make_delivery(folder, "a test", datetime.now(UTC), load_mapping(mapping).files)
    bomb = folder / "centra.xlsx"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(64):
            sheet.write(bytes(1 << 20))
    forge(folder, bomb)
    with pytest.raises(InvalidInput, match=r"(?s)centra\.xlsx.*unpacks to more than"):
        publish_source(database, settings, people["dana"], mapping, folder, quiet)
    assert list(settings.vault.iterdir()) == []
    assert newest_editions(database) == []
