"""Scans from a delivery into the vault, a project's cut and out again: whole, under its own names, and never harmed."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.errors import InvalidInput
from core.files import sha256_file
from core.people.models import Person
from core.settings import Settings
from data_catalog import withdrawal
from data_catalog.editions import Edition, EditionManifest, check_files, read_manifest
from data_catalog.errors import EditionBroken
from data_catalog.imaging.bids import validate_bids
from data_catalog.imaging.index import FOLDER, read_index
from data_catalog.imaging.ingest import prepare_imaging
from data_catalog.imaging.names import scan_stem
from data_catalog.imaging.synthetic import Scan, write_scans
from data_catalog.mapping import service as mapping_service
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.pseudonyms import offset_days, pseudonym
from data_catalog.service import edition, verify_edition
from data_catalog.sources.delivery import make_delivery
from data_catalog.synth.registries import write_registry
from data_catalog.synthetic import LABEL
from hub.container import mounts_of
from projects.access import check_access
from projects.applications.errors import Incomplete
from projects.models import Project
from projects.recutting import purge_withdrawn, queue_withdrawals, recut_project, withdraw
from projects.service import project
from tests.support.catalog import ON_ONE_ENGINE, activate, application_file, applied, approved_project, empty_views
from tests.support.closeout import close_out

pytestmark = ON_ONE_ENGINE

MAPPING = Path(__file__).parent / "trial.toml"
CORD = {"regions": ["spinal_cord"], "modalities": ["t2w"]}
BRAIN = {"regions": ["brain"], "modalities": ["t1w", "flair"]}
SHIFT = {"scan_date": {"shift": 180}}


def person_scans(number: int) -> Iterator[Scan]:
    """Four scans of one person, on two days, and a second FLAIR on the second."""
    person = f"TRIAL-{number:03}"
    for visit, run in (("V1", None), ("V2", 1), ("V2", 2)):
        day = date(2012, 1, 1) + timedelta(days=17 * number + (200 if visit == "V2" else 0))
        for region, modality in (("brain", "flair"), ("brain", "t1w"), ("spinal_cord", "t2w"))[: 1 if run == 2 else 3]:
            stem = scan_stem(f"T{number:03}", visit, region, modality, run)
            yield Scan(person, stem, day, region, modality, (1.5, 3.0)[number % 2])


SCANS = tuple(scan for number in range(30) for scan in person_scans(number))


def quiet(_: str) -> None:
    """Say nothing of what is begun."""


@dataclass(frozen=True)
class House:
    """An installation with the trials' tables and scans delivered to it."""

    database: Database
    settings: Settings
    people: dict[str, Person]
    folder: Path
    tree: Path

    def deliver(self, listed: Sequence[Scan]) -> None:
        """Write the tables of the delivery with these scans in its list, and the manifest."""
        courses = {scan.person: ("PPMS", "SPMS")[number % 2] for number, scan in enumerate(SCANS)}
        people = ["USUBJID,MSTYPE", *(f"{person},{course}" for person, course in courses.items())]
        rows = [f"{s.person},{s.scan},{s.date or ''},{s.region},{s.modality},{s.field_strength}" for s in listed]
        head = "USUBJID,SCAN,SCANDTC,REGION,MODALITY,FIELDSTR"
        for name, lines in {"people.csv": people, "imaging.csv": [head, *rows]}.items():
            (self.folder / name).write_text("".join(f"{line}\n" for line in lines))
        (self.folder / LABEL).write_text("synthetic\n")
        make_delivery(self.folder, "a test", datetime.now(UTC), load_mapping(MAPPING).files)

    def publish(self) -> EditionManifest:
        mapping = MAPPING
        made, _ = publish_source(
            self.database, self.settings, self.people["dana"], mapping, self.folder, quiet, scans=self.tree
        )
        return made

    @property
    def edition(self) -> Edition:
        return edition(self.database, "trial")

    @property
    def vault(self) -> Path:
        return self.edition.folder(self.settings) / FOLDER

    def active(self, **asked: object) -> Project:
        """A project on the table of scans, from its file to its cut."""
        request = {"variables": ["scan_date", "region", "modality"], **asked}
        file = application_file(datasets={"trial": {"imaging": request, "patient": {"variables": ["course"]}}})
        approved_project(self.database, self.people, file)
        return activate(self.database, self.settings, self.people["olga"], file.id)

    def cut(self, number: int = 1) -> Path:
        return self.settings.cuts / "cis-spinal" / str(number)

    def key(self) -> bytes:
        return bytes.fromhex((self.settings.keys / "project-cis-spinal").read_text())


@pytest.fixture
def house(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """Both deliveries, not published yet; the BIDS validator has tests of its own, and one here."""
    monkeypatch.setattr(
        mapping_service,
        "prepare_imaging",
        lambda *places, **options: prepare_imaging(*places, **options, validate=lambda tree: []),
    )
    made = House(database, settings, people, tmp_path / "delivery", tmp_path / "tree")
    made.folder.mkdir()
    made.deliver(SCANS)
    write_scans(SCANS, made.tree)
    return made


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def listed(cut: Path) -> list[tuple[str, object, str, str, str | None]]:
    """The rows of the cut's table of scans: person, day, region, modality, file."""
    path = cut / "trial" / "imaging.parquet"
    return duckdb.sql(
        f"SELECT pseudonym, scan_date, region, modality, scan_file FROM read_parquet('{path}')"
    ).fetchall()


# Taking in


def test_scans_become_part_of_the_edition_and_are_proven_with_it(house: House) -> None:
    manifest = house.publish()
    held = read_index(house.vault, manifest.imaging_sha256)
    assert len(held.entries) == len(SCANS)
    assert house.edition.declaration.scans == held.kinds
    verify_edition(house.database, house.settings, house.people["dana"], "trial")
    path = house.vault / held.entries[0].path
    path.chmod(0o644)
    path.write_bytes(b"changed")
    check_files(house.settings, house.edition)
    with pytest.raises(EditionBroken, match="missing or was changed"):
        verify_edition(house.database, house.settings, house.people["dana"], "trial")


def test_the_next_edition_shares_them(house: House) -> None:
    house.publish()
    first = {path.name: path.stat().st_ino for path in house.vault.rglob("*.nii.gz")}
    assert house.publish().number == 2
    assert {path.name: path.stat().st_ino for path in house.vault.rglob("*.nii.gz")} == first


def one_less(house: House, rows: list[Scan]) -> None:
    write_scans(rows[1:], house.tree)


def one_more(house: House, rows: list[Scan]) -> None:
    house.deliver(rows[:-1])
    write_scans(rows, house.tree)


def somebody_else(house: House, rows: list[Scan]) -> None:
    last = max(rows, key=lambda row: row.scan)
    write_scans([replace(row, person="nobody") if row.person == last.person else row for row in rows], house.tree)


def another_day(house: House, rows: list[Scan]) -> None:
    write_scans([replace(rows[0], date=rows[0].date.replace(year=1999)), *rows[1:]], house.tree)


def another_field(house: House, rows: list[Scan]) -> None:
    write_scans([replace(rows[0], field_strength=7.0), *rows[1:]], house.tree)


def not_synthetic(house: House, rows: list[Scan]) -> None:
    write_scans(rows, house.tree)
    (house.tree / "SYNTHETIC").unlink()
    (house.tree / ".bidsignore").unlink()


DISAGREEING: dict[str, tuple[Callable[[House, list[Scan]], None], str]] = {
    "a scan of the table is not in the tree": (one_less, "a scan that is not in the tree"),
    "a scan of the tree is not in the table": (one_more, "a scan of the tree that is not in the table"),
    "two names for one person": (somebody_else, "somebody else in the tree's participants.tsv"),
    "two days": (another_day, "another day in the tree's scans.tsv"),
    "two field strengths": (another_field, "something else in the tree"),
    "synthetic and not": (not_synthetic, "are synthetic"),
}


@pytest.mark.parametrize("case", DISAGREEING)
def test_where_tree_and_table_disagree_nothing_is_published(case: str, house: House) -> None:
    house.publish()
    before = {name: sha256_file(path) for name, path in files(house.settings.vault).items()}
    shutil.rmtree(house.tree)
    spoil, reason = DISAGREEING[case]
    spoil(house, list(SCANS))
    with pytest.raises(InvalidInput, match=reason):
        house.publish()
    assert {name: sha256_file(path) for name, path in files(house.settings.vault).items()} == before


def test_a_source_without_a_list_of_scans_takes_none(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "remus"
    write_registry("remus", folder, people=20)
    make_delivery(folder, "a test", datetime.now(UTC), load_mapping(MAPPINGS / "remus.toml").files)
    with pytest.raises(InvalidInput, match="makes no table imaging"):
        publish_source(
            house.database,
            house.settings,
            house.people["dana"],
            MAPPINGS / "remus.toml",
            folder,
            quiet,
            scans=house.tree,
        )


# What a project sees


def test_a_project_sees_its_scans_by_the_names_in_its_table(house: House) -> None:
    house.publish()
    house.active(scans=CORD, generalise=SHIFT)
    rows = listed(house.cut())
    named = {row[4] for row in rows if row[4]}
    assert named == {name for name in files(house.cut()) if name.endswith(".nii.gz")}
    assert 0 < len(named) < len(rows) == len(SCANS)
    for person, day, region, modality, file in rows:
        assert (file is not None) == ((region, modality) == ("spinal_cord", "t2w"))
        if file:
            assert f"sub-{person}/" in file
            table = (house.cut() / file).parents[1] / f"{'_'.join(Path(file).name.split('_')[:2])}_scans.tsv"
            assert f"anat/{Path(file).name}\t{day}T00:00:00" in table.read_text()
    assert validate_bids(house.cut() / FOLDER / "trial") == []


def test_scans_and_days_are_those_of_the_people_they_belong_to(house: House) -> None:
    manifest = house.publish()
    house.active(scans=CORD, generalise=SHIFT)
    files_of = {row[4]: row for row in listed(house.cut()) if row[4]}
    by_hash = {entry.sha256: entry for entry in read_index(house.vault, manifest.imaging_sha256).entries}
    for file, (person, day, *_) in files_of.items():
        entry = by_hash[sha256_file(house.cut() / file)]
        assert person == pseudonym(house.key(), "trial", entry.patient_id)
        moved = offset_days(house.key(), "trial", entry.patient_id, 180)
        assert (day - entry.scan_date).days == moved  # type: ignore[operator]


def test_only_rows_of_the_cut_bring_their_scans(house: House) -> None:
    house.publish()
    house.active(scans=BRAIN, row_filter="modality = 'flair'", cohort="course = 'ppms'")
    path = house.edition.folder(house.settings)
    wanted = duckdb.sql(
        f"SELECT count(*) FROM read_parquet('{path}/imaging.parquet') WHERE modality = 'flair' AND region = 'brain' "
        f"AND patient_id IN (SELECT patient_id FROM read_parquet('{path}/patient.parquet') WHERE course = 'ppms')"
    ).fetchall()[0][0]
    exposed = [name for name in files(house.cut() / FOLDER) if name.endswith(".nii.gz")]
    assert len(exposed) == wanted > 0
    assert all(name.endswith("_FLAIR.nii.gz") for name in exposed)


@pytest.mark.parametrize(
    "asked", [{"variables": ["region", "modality"]}, {"generalise": {"scan_date": {"truncate": "year"}}}]
)
def test_no_day_is_told_that_the_cut_does_not_show(house: House, asked: dict[str, object]) -> None:
    house.publish()
    house.active(scans=BRAIN, **asked)
    tables = list((house.cut() / FOLDER).rglob("*_scans.tsv"))
    days = {row.split("\t")[1] for table in tables for row in table.read_text().splitlines()[1:]}
    assert days == {"n/a"}


def test_nothing_of_the_source_is_in_the_cut(house: House) -> None:
    manifest = house.publish()
    house.active(scans=BRAIN, generalise=SHIFT)
    held = read_index(house.vault, manifest.imaging_sha256).entries
    words = {word for entry in held for word in (entry.patient_id, entry.scan, entry.scan.split("_")[0])}
    for name, path in files(house.cut()).items():
        content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
        found = [word for word in words if word.encode() in content or word in name]
        assert found == [], name


def test_the_manifest_of_the_cut_proves_the_scans(house: House) -> None:
    house.publish()
    house.active(scans=CORD)
    told = json.loads((house.cut() / "manifest.json").read_text())
    listed_hash = {file["path"]: file["sha256"] for file in told["files"]}["imaging/trial.json"]
    assert listed_hash == sha256_file(house.cut() / "imaging" / "trial.json")
    scans_json = json.loads((house.cut() / "imaging" / "trial.json").read_text())
    exposed = house.cut() / FOLDER / "trial"
    assert {file["path"]: file["sha256"] for file in scans_json["files"]} == {
        name: sha256_file(path) for name, path in files(exposed).items()
    }
    assert told["scans"]["trial"]["scans"] == scans_json["scans"] > 0


def test_every_file_of_the_cut_is_read_only_and_the_vaults_modes_are_as_they_were(house: House) -> None:
    house.publish()
    before = {name: path.stat().st_mode for name, path in files(house.vault).items()}
    house.active(scans=CORD)
    assert {path.stat().st_mode & 0o777 for path in files(house.cut()).values()} == {0o444}
    assert {name: path.stat().st_mode for name, path in files(house.vault).items()} == before


def test_what_the_edition_does_not_hold_can_not_be_asked_for(house: House) -> None:
    house.publish()
    asked = {"regions": ["brain"], "modalities": ["t1w", "pdw"]}
    with pytest.raises(
        Incomplete, match="there are no scans of pdw: the edition holds brain, spinal_cord; flair, t1w, t2w"
    ):
        house.active(scans=asked)
    wrong_table = {"patient": {"variables": ["course"], "scans": CORD}}
    with pytest.raises(Incomplete, match="go along with its table imaging"):
        applied(house.database, house.people, application_file(datasets={"trial": wrong_table}))


def test_an_edition_with_the_list_alone_has_no_scans_to_ask_for(house: House) -> None:
    mapping = MAPPING
    publish_source(house.database, house.settings, house.people["dana"], mapping, house.folder, quiet)
    with pytest.raises(Incomplete, match="holds none"):
        house.active(scans=CORD)


def test_without_scans_approved_there_are_none(house: House) -> None:
    house.publish()
    house.active()
    assert not (house.cut() / FOLDER).exists()
    path = house.cut() / "trial" / "imaging.parquet"
    assert "scan_file" not in [name for name, *_ in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()]


# Withdrawal and the end


def test_whoever_withdraws_is_gone_from_scans_too(house: House, tmp_path: Path) -> None:
    manifest = house.publish()
    house.active(scans=CORD)
    held = read_index(house.vault, manifest.imaging_sha256).entries
    cord = sorted({entry.patient_id for entry in held if (entry.region, entry.modality) == ("spinal_cord", "t2w")})
    gone = cord[:12]
    theirs = {entry.sha256 for entry in held if entry.patient_id in gone}
    names = [pseudonym(house.key(), "trial", person) for person in gone]
    assert withdrawal.is_anywhere(house.cut(), "trial", names[:1])
    old_mounts = mounts_of(check_access(house.database, "rosa", "cis-spinal"), house.settings)
    (tmp_path / "list.txt").write_text("\n".join(gone))
    queue_withdrawals(house.database, house.settings, house.people["dana"], "trial", tmp_path / "list.txt")
    proof = withdraw(house.database, house.settings, house.people["dana"], "trial", make_views=empty_views)

    removed = {one.table: (one.before, one.removed) for one in proof.editions[0].removed}
    assert removed["scans"] == (len(SCANS), sum(entry.patient_id in gone for entry in held))
    assert proof.cuts[0].rows["imaging/trial"][0] > proof.cuts[0].rows["imaging/trial"][1]
    assert theirs.isdisjoint(sha256_file(path) for path in files(house.vault).values())
    assert theirs.isdisjoint(sha256_file(path) for path in files(house.cut(2)).values())
    assert not withdrawal.is_anywhere(house.cut(2), "trial", names)
    verify_edition(house.database, house.settings, house.people["dana"], "trial")
    assert mounts_of(check_access(house.database, "rosa", "cis-spinal"), house.settings) != old_mounts

    assert purge_withdrawn(house.database, house.settings, house.people["dana"], "trial") == {
        "editions": 1,
        "cuts": 1,
    }
    kept = {sha256_file(path) for path in files(house.settings.state).values()}
    assert theirs.isdisjoint(kept)
    assert {path.name for path in (house.settings.vault / "trial" / "1").iterdir()} == {"manifest.json"}
    verify_edition(house.database, house.settings, house.people["dana"], "trial")


def test_without_looking_at_scans_somebody_would_be_overlooked(house: House) -> None:
    """`is_anywhere` must find a person of whom only scans are left."""
    house.publish()
    house.active(scans=CORD)
    person = next((house.cut() / FOLDER / "trial").glob("sub-*")).name.removeprefix("sub-")
    for path in (house.cut() / "trial").glob("*.parquet"):
        path.unlink()
    assert withdrawal.is_anywhere(house.cut(), "trial", [person])
    assert not withdrawal.is_anywhere(house.cut(), "trial", ["PNOBODY"])


def test_a_cut_made_again_and_a_project_closed_leave_the_vault_as_it_was(house: House) -> None:
    house.publish()
    house.active(scans=CORD)
    before = files(house.cut() / FOLDER / "trial")
    recut_project(house.database, house.settings, house.people["olga"], "cis-spinal", make_views=empty_views)
    assert files(house.cut(2) / FOLDER / "trial").keys() == before.keys()
    assert project(house.database, "cis-spinal").cut.number == 2  # type: ignore[union-attr]
    close_out(house.database, house.settings, house.people["olga"])
    assert not house.cut().exists()
    verify_edition(house.database, house.settings, house.people["dana"], "trial")
    assert read_manifest(house.settings, house.edition).imaging_sha256
