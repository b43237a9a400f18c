"""The synthetic trials: exact in size, valid as SDTM transport files, the same for the same seed."""

import csv
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyreadstat
import pytest

from core.errors import IntegrityBroken, InvalidInput, Refused
from data_catalog.synth import trials as synth
from data_catalog.synth.trials import design, xpt
from data_catalog.synth.trials.design import Sizes
from data_catalog.synth.trials.frames import partial, texts
from data_catalog.synth.trials.imaging import KINDS, label
from data_catalog.synth.trials.people import add_up, draw_people
from data_catalog.synthetic import is_synthetic

PEOPLE, VISITS, SCANS = 420, 6400, 1670

Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trials") / "ms_cidr"
    synth.write_trials(folder, people=PEOPLE, visits=VISITS, scans=SCANS)
    return folder


@pytest.fixture(scope="module")
def frames(delivery: Path) -> Frames:
    """Every domain of all trials together, by name."""
    found: dict[str, list[pl.DataFrame]] = {}
    for path in sorted(delivery.glob("*/*.xpt")):
        found.setdefault(path.stem, []).append(read(path))
    return {name: pl.concat(parts, how="diagonal_relaxed") for name, parts in found.items()}


def read(path: Path) -> pl.DataFrame:
    return pyreadstat.read_xport(path, output_format="polars")[0]


# ---- sizes -----------------------------------------------------------------------------------------------------------


def test_a_delivery_has_exactly_the_people_visits_and_scans_asked_for(delivery: Path, frames: Frames) -> None:
    disability = pl.concat(
        frames[name].select("USUBJID", test=f"{name.upper()}TESTCD", date=f"{name.upper()}DTC") for name in ("qs", "rs")
    ).filter(pl.col("test") == "EDSS0101")
    assert len(frames["dm"]) == frames["dm"]["USUBJID"].n_unique() == PEOPLE
    assert len(frames["sv"]) == VISITS
    assert len(disability.unique()) == VISITS, "every visit has its EDSS, done or not"
    assert len(list(csv.DictReader((delivery / "imaging.csv").open()))) == SCANS
    assert frames["dm"]["STUDYID"].n_unique() == 14


def test_the_full_edition_has_the_sizes_that_stand_for_ms_cidr() -> None:
    trials = design.trials(design.full_size(), design.default_seed())
    people = [draw_people(trial) for trial in trials]
    assert design.full_size() == Sizes(13120, 199520, 52000)
    assert sum(each.count for each in people) == 13120
    assert sum(int(each.stayed.sum()) for each in people) == 199520
    assert sum(1 for _ in synth.scans()) == 52000


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"people": 10}, "too few"),
        ({"people": 300, "visits": 20_000}, "visits can not be"),
        ({"people": 300, "scans": 50_000}, "can't hold"),
    ],
)
def test_sizes_that_can_not_be_are_refused(tmp_path: Path, sizes: dict[str, int], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        synth.write_trials(tmp_path, **sizes)


def test_counts_add_up_within_their_bounds() -> None:
    draw = np.random.default_rng(1)
    for total in (5, 17, 30):
        counts = add_up(np.array([1, 2, 3, 4, 6]), total, 6, draw)
        assert (counts.sum(), counts.min() >= 1, counts.max() <= 6) == (total, True, True)
    assert design.apportion(10, [1, 1, 1]) == [4, 3, 3]


def test_a_run_says_how_far_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    written = synth.write_trials(tmp_path, people=200, progress=said.append)
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".xpt", ".csv")]
    assert [line.split(":")[0] for line in said] == [trial.id for trial in design.trials(written.sizes, 1)]
    assert written.files == len(files)


# ---- form ------------------------------------------------------------------------------------------------------------


def test_files_are_valid_transport_files_of_version_5(delivery: Path) -> None:
    for path in delivery.glob("*/*.xpt"):
        rows, meta = pyreadstat.read_xport(path, output_format="polars")
        assert path.read_bytes().startswith(b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"), path
        assert meta.table_name == path.stem.upper()
        assert meta.file_label.startswith("Synthetic: ")
        for name, text in meta.column_names_to_labels.items():
            assert re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", name), (path, name)
            assert text, (path, name)
            assert len(text) <= 40, (path, name)
            assert meta.variable_storage_width[name] <= 200
        assert len(rows) > 0, path
        for name in rows.columns:
            if name.endswith("TESTCD") or name == "QNAM":
                assert rows[name].str.len_chars().max() <= 8
            if name.endswith("TEST") or name == "QLABEL":
                assert rows[name].str.len_chars().max() <= 40


def test_every_folder_says_it_is_synthetic_and_every_name_is_invented(delivery: Path, frames: Frames) -> None:
    assert all(is_synthetic(folder) for folder in (delivery, *{path.parent for path in delivery.glob("*/*.xpt")}))
    assert frames["dm"]["STUDYID"].str.starts_with("SYN-").all()
    assert set(frames["ex"]["EXTRT"].unique()) - {"PLACEBO"} == {
        trial.product for trial in design.trials(Sizes(PEOPLE, VISITS, SCANS), 1) if trial.product
    }
    assert frames["ex"].filter(pl.col("EXTRT") != "PLACEBO")["EXTRT"].str.starts_with("SYN-DRUG-").all()


def test_trials_differ_in_form_as_sponsors_do(frames: Frames) -> None:
    by_form = {name: set(frames[name]["STUDYID"]) for name in ("rs", "mo", "nv")}
    assert by_form["rs"] != set(frames["qs"]["STUDYID"])
    assert not by_form["mo"] & by_form["nv"]
    assert {"PBO", "PLACEBO"} < set(frames["dm"]["ARMCD"])
    assert set(frames["lb"]["LBDTC"].str.len_chars()) == {len("2019-03-04"), len("2019-03-04T10:30")}
    assert set(frames["suppdm"].filter(pl.col("QNAM") == "ONSETDTC")["QVAL"].str.len_chars()) == {4, 7, 10}


def test_sequence_numbers_name_one_row_of_a_person(frames: Frames) -> None:
    for name, rows in frames.items():
        sequence = f"{'FA' if name == 'famh' else name.upper()}SEQ"
        if sequence in rows.columns:
            assert rows.select("USUBJID", sequence).is_unique().all(), name


def test_what_was_not_measured_is_missing_and_says_so(frames: Frames) -> None:
    edss = frames["qs"].filter(pl.col("QSTESTCD") == "EDSS0101")
    blank = edss.filter(pl.col("QSSTRESN").is_null())
    assert 0 < len(blank) < len(edss) * 0.05
    assert set(blank["QSSTAT"]) == {"NOT DONE"}
    assert set(edss.filter(pl.col("QSSTRESN").is_not_null())["QSSTAT"]) == {""}
    assert 0.5 not in set(edss["QSSTRESN"])


def test_numbers_and_dates_are_written_as_forms_have_them() -> None:
    assert list(texts(np.array([4.5, 3.0, 100.0, np.nan]))) == ["4.5", "3", "100", ""]
    days = np.array(["2019-03-04"] * 3, dtype="datetime64[D]")
    assert list(partial(days, np.array([0, 1, 2]))) == ["2019-03-04", "2019-03", "2019"]


# ---- one seed, one delivery ------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_seed_gives_one_delivery_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        synth.write_trials(tmp_path / name, people=200, seed=seed)
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    changed = {name for name in first if first[name] != other.get(name)}
    assert {name for name in first if name.endswith(("dm.xpt", "imaging.csv"))} <= changed


def test_without_a_fixed_moment_a_file_says_when_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = design.trials(Sizes(200, 3000, 700), 1)[0]
    demographics = next(synth.domains(trial))
    fixed = xpt.write_xpt(demographics, tmp_path).read_bytes()
    monkeypatch.setattr(xpt, "_fix_dates", lambda path: None)
    dated = xpt.write_xpt(demographics, tmp_path).read_bytes()
    assert fixed.count(b"01JAN26:00:00:00") == 4
    assert re.findall(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d", dated[:800]) != re.findall(
        rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d", fixed[:800]
    )


def test_a_file_of_another_make_is_not_patched(tmp_path: Path) -> None:
    path = tmp_path / "other.xpt"
    path.write_bytes(b"X" * 800)
    with pytest.raises(IntegrityBroken, match="no transport file"):
        xpt._fix_dates(path)


def test_a_smaller_delivery_leaves_nothing_of_a_larger_one(tmp_path: Path) -> None:
    synth.write_trials(tmp_path / "a", people=200)
    fresh = contents(tmp_path / "a")
    stale = tmp_path / "a" / "syn-prog-01" / "supprs.xpt"
    stale.write_bytes(b"of an earlier run")
    synth.write_trials(tmp_path / "a", people=200)
    assert contents(tmp_path / "a") == fresh


def test_files_that_may_be_real_are_never_labelled_synthetic(tmp_path: Path) -> None:
    real = tmp_path / "syn-prog-01"
    real.mkdir()
    (real / "dm.xpt").write_bytes(b"a sponsor's own")
    for folder in (tmp_path, tmp_path / "syn-prog-01"):
        with pytest.raises(Refused, match="not labelled synthetic"):
            synth.write_trials(folder, people=200)
    assert not is_synthetic(tmp_path)
    assert (real / "dm.xpt").read_bytes() == b"a sponsor's own"


# ---- scans -----------------------------------------------------------------------------------------------------------


def test_the_index_of_scans_can_be_had_without_writing(delivery: Path) -> None:
    listed = [row["SCAN"] for row in csv.DictReader((delivery / "imaging.csv").open())]
    assert [scan.scan for scan in synth.scans(people=PEOPLE, visits=VISITS, scans=SCANS)] == listed


def test_scans_have_bids_names_of_their_own(frames: Frames) -> None:
    scans = list(synth.scans(people=PEOPLE, visits=VISITS, scans=SCANS))
    stem = re.compile(r"sub-[A-Za-z0-9]+_ses-[1-9][0-9]*(_acq-cord)?(_ce-gadolinium)?_(T1w|T2w|FLAIR|PDw)")
    assert all(stem.fullmatch(scan.scan) for scan in scans)
    assert len({scan.scan for scan in scans}) == len(scans)
    assert len({label(person) for person in frames["dm"]["USUBJID"]}) == PEOPLE
    assert {(scan.region, scan.modality) for scan in scans} == {(kind.region, kind.modality) for kind in KINDS}
    assert all((scan.region == "spinal_cord") == ("_acq-cord" in scan.scan) for scan in scans)
    assert all(scan.defaced == ("not_needed" if scan.region == "spinal_cord" else "yes") for scan in scans)
    first = {scan.person for scan in scans if scan.scan.endswith("_ses-1_T1w")}
    assert first == set(frames["dm"]["USUBJID"]), "everybody has a T1w before the first dose"


def test_what_was_measured_was_measured_on_the_day_of_the_scan(frames: Frames) -> None:
    measured = {
        (row[0], row[1])
        for name in ("mo", "nv")
        for row in frames[name].select("USUBJID", f"{name.upper()}DTC").unique().rows()
    }
    scans = synth.scans(people=PEOPLE, visits=VISITS, scans=SCANS)
    assert all((scan.person, scan.date.isoformat()) in measured for scan in scans)


# ---- what belongs together -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["suppdm", "suppqs", "supprs", "suppce", "suppae", "supplb"])
def test_a_supplemental_value_has_one_parent(frames: Frames, name: str) -> None:
    supp, parent = frames[name], frames[name.removeprefix("supp")]
    sequence = f"{name.removeprefix('supp').upper()}SEQ"
    keys = ["USUBJID"]
    if sequence in parent.columns:
        assert set(supp["IDVAR"]) == {sequence}
        parent = parent.with_columns(IDVARVAL=pl.col(sequence).cast(pl.Int64).cast(pl.String))
        keys.append("IDVARVAL")
    assert len(supp.join(parent.select(keys), on=keys, how="inner")) == len(supp)
    assert supp.select(*keys, "QNAM").is_unique().all()


def test_only_the_merged_qualifier_tells_which_of_two_scores_holds(frames: Frames) -> None:
    for name in ("qs", "rs"):
        prefix = name.upper()
        keys = ["USUBJID", f"{prefix}DTC"]
        edss = (
            frames[name]
            .filter(pl.col(f"{prefix}TESTCD") == "EDSS0101")
            .with_columns(IDVARVAL=pl.col(f"{prefix}SEQ").cast(pl.Int64).cast(pl.String))
        )
        assert not edss.select(keys).is_unique().all(), "unmerged, a visit has two scores"
        held = edss.join(frames[f"supp{name}"], on=["USUBJID", "IDVARVAL"], how="anti")
        assert held.select(keys).is_unique().all()


def test_related_records_tie_a_steroid_to_its_relapse(frames: Frames) -> None:
    related = frames["relrec"]
    found = {}
    for domain, start in (("CE", "CESTDTC"), ("CM", "CMSTDTC")):
        rows = frames[domain.lower()].with_columns(IDVARVAL=pl.col(f"{domain}SEQ").cast(pl.Int64).cast(pl.String))
        mine = related.filter(pl.col("RDOMAIN") == domain)
        found[domain] = mine.join(rows.select("USUBJID", "IDVARVAL", start), on=["USUBJID", "IDVARVAL"])
        assert len(found[domain]) == len(mine)
    pairs = found["CE"].join(found["CM"], on=["STUDYID", "USUBJID", "RELID"])
    assert len(pairs) * 2 == len(related)
    exact = pairs.filter(pl.col("CESTDTC").str.len_chars() == 10)
    days = (exact["CMSTDTC"].str.to_date() - exact["CESTDTC"].str.to_date()).dt.total_days()
    assert days.is_between(1, 7).all()


def test_lives_are_in_order(frames: Frames) -> None:
    """Birth, onset, diagnosis, first visit; and nothing after death."""
    history = frames["suppdm"].pivot("QNAM", index="USUBJID", values="QVAL")
    people = frames["dm"].join(history, on="USUBJID")
    for earlier, later in pairwise(("BRTHDTC", "ONSETDTC", "DIAGDTC", "RFSTDTC")):
        shortest = pl.min_horizontal(pl.col(earlier).str.len_chars(), pl.col(later).str.len_chars())
        assert people.filter(pl.col(earlier).str.head(shortest) > pl.col(later).str.head(shortest)).is_empty()
    deaths = frames["ds"].filter(pl.col("DSDECOD") == "DEATH", pl.col("DSSCAT") == "STUDY PARTICIPATION")
    died = deaths.select("USUBJID", death="DSSTDTC")
    dated = {"sv": "SVENDTC", "ae": "AEENDTC", "cm": "CMSTDTC", "ex": "EXENDTC", "lb": "LBDTC", "ft": "FTDTC"}
    assert len(died) > 0
    for name, column in dated.items():
        assert frames[name].join(died, on="USUBJID").filter(pl.col(column) > pl.col("death")).is_empty(), name


def test_enhancing_lesions_are_among_all_lesions(frames: Frames) -> None:
    for name in ("mo", "nv"):
        prefix = name.upper()
        counts = frames[name].filter(pl.col(f"{prefix}LOC") == "BRAIN")
        wide = counts.pivot(f"{prefix}TESTCD", index=["USUBJID", f"{prefix}DTC"], values=f"{prefix}STRESN")
        assert wide.filter(pl.col("GDLNUM") > pl.col("T2LNUM")).is_empty()
