"""The synthetic registries' deliveries: native, labelled, repeatable, and what their mapping files say of them."""

import io
import re
import tomllib
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from core.errors import NotFound
from data_catalog.synth.registries import REGISTRIES, write_registry
from data_catalog.synthetic import is_synthetic

MAPPINGS = Path(__file__).parents[2] / "data_catalog" / "mappings"
PEOPLE = 1500

FUNCTIONS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")
DATES = {
    "patient": ("birth", "onset", "diagnosis", "progression", "death"),
    "visit": ("visit",),
    "relapse": ("relapse",),
    "treatment": ("start", "stop"),
    "mri": ("mri",),
    "function_test": ("test",),
    "patient_reported": ("report",),
    "laboratory": ("sample",),
    "oct": ("oct",),
    "adverse_event": ("event", "reported"),
    "pregnancy": ("lmp", "end"),
    "comorbidity": ("diagnosed",),
    "vaccination": ("vaccination",),
}
CODES: dict[str, dict[str, set[str]]] = {
    "patient": {
        "sex": {"female", "male", "unknown"},
        "course": {"ris", "cis", "rrms", "spms", "ppms"},
        "death_cause": {"ms", "other", "unknown"},
    },
    "relapse": {
        "severity": {"mild", "moderate", "severe"},
        "steroids": {"yes", "no"},
        "recovery": {"complete", "partial", "none"},
        **{f"affected_{name}": {"yes", "no"} for name in FUNCTIONS},
    },
    "treatment": {
        "kind": {"disease_modifying", "symptomatic", "relapse"},
        "stop_reason": {"adverse_event", "lack_of_efficacy", "pregnancy", "patient_choice", "completed", "other"},
    },
    "mri": {"region": {"brain", "spinal_cord"}},
    "laboratory": {
        "specimen": {"csf", "serum", "plasma", "blood"},
        "analyte": {"nfl", "gfap", "igg_index", "ocb", "jcv_index", "lymphocytes"},
        "result": {"positive", "negative", "equivocal"},
    },
    "oct": {"eye": {"left", "right"}},
    "adverse_event": {
        "seriousness": {
            "death", "life_threatening", "hospitalisation", "disability", "congenital_anomaly", "important",
            "not_serious",
        },
        "outcome": {"recovered", "recovering", "not_recovered", "sequelae", "fatal", "unknown"},
        "related": {"yes", "no", "unknown"},
    },
    "pregnancy": {
        "outcome": {"live_birth", "stillbirth", "miscarriage", "termination", "ectopic", "ongoing", "unknown"}
    },
}  # fmt: skip
PLAIN: dict[str, tuple[str, ...]] = {
    "patient": ("centre", "country"),
    "visit": ("edss", "ambulation", *(f"fs_{name}" for name in FUNCTIONS)),
    "treatment": ("drug", "atc"),
    "mri": ("t1_gd_lesions", "t2_lesions", "t2_new_lesions", "t2_volume", "brain_volume", "pbvc", "cord_area"),
    "function_test": ("t25fw", "nhpt_dominant", "nhpt_nondominant", "sdmt", "pasat"),
    "patient_reported": ("msis29_physical", "msis29_psychological"),
    "laboratory": ("value", "unit", "assay", "platform"),
    "oct": ("rnfl", "gcipl", "device"),
    "adverse_event": ("term", "meddra_version", "suspected_drug"),
    "comorbidity": ("condition", "icd10"),
    "vaccination": ("vaccine", "atc"),
}

Delivery = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give every registry's delivery of a few people, written once."""
    root = tmp_path_factory.mktemp("registries")
    for registry in REGISTRIES:
        write_registry(registry, root / registry, people=PEOPLE)
    return {registry: root / registry for registry in REGISTRIES}


def mapping_of(registry: str) -> dict[str, Any]:
    """Return a registry's mapping file."""
    return tomllib.loads((MAPPINGS / f"{registry}.toml").read_text(encoding="utf-8"))


def read(folder: Path, file: dict[str, Any]) -> pl.DataFrame:
    """Read one file of a delivery as its mapping declares it, every value as text."""
    if file["format"] == "xlsx":
        header, *rows = CalamineWorkbook.from_path(folder / file["path"]).get_sheet_by_name(file["sheet"]).to_python()
        return pl.DataFrame(rows, schema=header, orient="row")
    text = (folder / file["path"]).read_bytes().decode(file.get("encoding", "utf-8"))
    return pl.read_csv(io.StringIO(text), separator=file.get("delimiter", ","), infer_schema=False)


def tables_of(registry: str, folder: Path) -> list[tuple[dict[str, Any], pl.DataFrame]]:
    """Return the mapping's blocks, each with its source rows, joined columns and pivoted names included."""
    mapping = mapping_of(registry)
    files = {name: read(folder, file) for name, file in mapping["files"].items()}
    found = []
    for block in mapping["tables"]:
        rows = files[block["from"]]
        for join in block.get("join", []):
            other = files[join["file"]].rename(lambda column, of=join["file"]: f"{of}.{column}")
            on = {mine: f"{join['file']}.{theirs}" for mine, theirs in join["on"].items()}
            rows = rows.join(other, left_on=list(on), right_on=list(on.values()), how="left", coalesce=False)
        if "pivot" in block:
            pivot = block["pivot"]
            rows = rows.pivot(on=pivot["name"], index=pivot["keys"], values=pivot["values"][0])
            assert set(rows.columns) == {*pivot["keys"], *pivot["names"]}
        found.append((block, rows))
    return found


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_delivery_is_labelled_and_its_people_are_obviously_synthetic(registry: str, folders: dict[str, Path]) -> None:
    assert is_synthetic(folders[registry])
    assert "describe nobody" in (folders[registry] / "SYNTHETIC").read_text()
    for block, rows in tables_of(registry, folders[registry]):
        ids = rows[block["variables"]["patient_id"]]
        assert ids.str.starts_with(REGISTRIES[registry].prefix).all(), block["table"]
        assert ids.n_unique() == PEOPLE if block["table"] == "patient" else ids.n_unique() <= PEOPLE


@pytest.mark.parametrize("registry", REGISTRIES)
def test_the_mapping_declares_the_registry_as_published(registry: str) -> None:
    mapping, facts = mapping_of(registry), REGISTRIES[registry]
    assert (mapping["id"], mapping["resource"], mapping["label"]) == (registry, "bmsd", facts.label)
    assert "SYNTHETIC" in mapping["description"]
    assert mapping["labels"] == "invented"
    declared = {"country": facts.country, "people": facts.people, "as_of": facts.as_of}
    if facts.coverage_percent is not None:
        declared["coverage_percent"] = facts.coverage_percent
    assert mapping["registry"] == declared


def test_the_sizes_are_those_of_the_mission() -> None:
    sizes = {registry: facts.people for registry, facts in REGISTRIES.items()}
    assert sizes == {
        "remus": 24_030, "dmsr": 34_720, "ofsep": 86_180, "rism": 95_294, "smsreg": 24_780, "msbase": 122_604,
    }  # fmt: skip
    assert sum(sizes.values()) == 387_608


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_file_of_a_delivery_is_mapped_and_every_mapped_file_is_there(
    registry: str, folders: dict[str, Path]
) -> None:
    files = mapping_of(registry)["files"]
    assert {file["path"] for file in files.values()} == {p.name for p in folders[registry].iterdir()} - {"SYNTHETIC"}
    used = {block["from"] for block in mapping_of(registry)["tables"]}
    used |= {join["file"] for block in mapping_of(registry)["tables"] for join in block.get("join", [])}
    assert used == set(files)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_mapped_variable_is_of_the_common_data_model(registry: str) -> None:
    for block in mapping_of(registry)["tables"]:
        table = block["table"]
        known = {"patient_id", *(f"{name}_date" for name in DATES[table]), *CODES.get(table, {}), *PLAIN.get(table, ())}
        assert set(block["variables"]) <= known, table
        for variable, how in block["variables"].items():
            codes = how.get("codes", {}) if isinstance(how, dict) else {}
            if variable in CODES.get(table, {}):
                assert set(codes.values()) <= CODES[table][variable], (table, variable)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_registry_has_people_visits_relapses_treatments_and_adverse_events(registry: str) -> None:
    tables = {block["table"] for block in mapping_of(registry)["tables"]}
    assert {"patient", "visit", "relapse", "treatment", "adverse_event", "mri"} <= tables


@pytest.mark.parametrize("registry", REGISTRIES)
def test_what_a_delivery_holds_its_mapping_reads(registry: str, folders: dict[str, Path]) -> None:
    decimals = {name: file.get("decimal", ".") for name, file in mapping_of(registry)["files"].items()}
    for block, rows in tables_of(registry, folders[registry]):
        table = block["table"]
        assert _columns_in(block.get("where", "")) <= set(rows.columns), table
        for variable, how in block["variables"].items():
            how = {"column": how} if isinstance(how, str) else how
            assert _columns_in(how.get("derive", "")) <= set(rows.columns), (table, variable)
            if "column" not in how:
                continue
            values = rows[how["column"]].drop_nulls().unique()
            values = values.filter(~values.is_in(how.get("missing", [])))
            strange = [
                value for value in values if not _understood(variable, value, how, table, decimals[block["from"]])
            ]
            assert not strange, (table, variable, strange[:5])


def _columns_in(expression: str) -> set[str]:
    """Return the columns an expression names: here they are all in capitals."""
    return set(re.findall(r"\b[A-Z][A-Z0-9_.]*\b", re.sub(r"'[^']*'", "", expression)))


def _understood(variable: str, value: str, how: dict[str, Any], table: str, decimal: str) -> bool:
    if "codes" in how:
        return value in how["codes"]
    if "dates" in how:
        return any(re.fullmatch(_date_pattern(form), value) for form in how["dates"])
    if variable in CODES.get(table, {}):
        return value in CODES[table][variable]
    numeric = "scale" in how or variable in {*PLAIN["visit"], *PLAIN["mri"], *PLAIN["function_test"], "value", "rnfl"}
    return not numeric or re.fullmatch(rf"-?\d+({re.escape(decimal)}\d+)?", value) is not None


def _date_pattern(form: str) -> str:
    parts = {"%d": r"\d\d", "%m": r"\d\d", "%Y": r"\d{4}", "%y": r"\d\d", "%b": "[A-Za-z]{3}"}
    return re.sub("%[dmYyb]", lambda match: parts[match.group()], form)


@pytest.mark.parametrize("registry", ["msbase", "ofsep"])
def test_the_same_seed_writes_the_same_bytes_and_another_does_not(
    registry: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    write_registry(registry, tmp_path / "again", people=PEOPLE)
    write_registry(registry, tmp_path / "other", people=PEOPLE, seed=7)
    names = [path.name for path in folders[registry].iterdir() if path.suffix == ".csv"]
    same = [(folders[registry] / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names]
    other = [(folders[registry] / name).read_bytes() == (tmp_path / "other" / name).read_bytes() for name in names]
    assert all(same)
    assert not any(other)


def test_no_two_registries_draw_the_same_people(folders: dict[str, Path]) -> None:
    """One seed serves all six: without the registry in it two of them would hold the same lives."""
    msbase = pl.read_csv(folders["msbase"] / "msb_visits.csv", infer_schema=False)["DATE_OF_VISIT"].head(50)
    ofsep = pl.read_csv(folders["ofsep"] / "consultations.csv", separator=";", infer_schema=False)["DATE_CONSULT"].head(
        50
    )
    assert msbase.to_list() != ofsep.str.replace_all("/", ".").to_list()


def test_progress_is_told_and_an_unknown_registry_is_refused(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    written = write_registry("msbase", tmp_path, people=300, progress=lambda *step: told.append(step))
    assert told == [("msbase", 300, 300)]
    assert written.people == written.rows["msb_patients.csv"] == 300
    with pytest.raises(NotFound, match="no synthetic registry atlantis"):
        write_registry("atlantis", tmp_path)


UNIQUE = {
    "visit": ("visit_date",),
    "relapse": ("relapse_date",),
    "mri": ("mri_date", "region"),
    "function_test": ("test_date",),
    "patient_reported": ("report_date",),
    "oct": ("oct_date", "eye"),
}


@pytest.mark.parametrize("registry", REGISTRIES)
def test_rows_that_fall_together_are_declared(registry: str, folders: dict[str, Path]) -> None:
    """A vague date means its first day, so two visits of a month may meet: the mapping says which one is kept."""
    again = {file.path: file.twice > 0 for file in REGISTRIES[registry].files}
    twice = {name: again.get(file["path"], False) for name, file in mapping_of(registry)["files"].items()}
    for block, rows in tables_of(registry, folders[registry]):
        if block["table"] not in UNIQUE:
            continue
        day, *others = UNIQUE[block["table"]]
        how = block["variables"][day]
        first = {text: _first_day(text, how["dates"]) for text in rows[how["column"]].unique()}
        keys = rows.select(
            block["variables"]["patient_id"],
            pl.col(how["column"]).replace_strict(first),
            *(pl.col(block["variables"][other]["column"]) for other in others),
        )
        meet = len(keys) - len(keys.unique())
        can_meet = twice[block["from"]] or any("%d" not in form for form in how["dates"])
        assert (block.get("duplicates") == "first") == can_meet, block["table"]
        assert meet == 0 if not can_meet else meet < 0.03 * len(keys)


def _first_day(text: str, forms: list[str]) -> date:
    for form in forms:
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007  (a day, no time)
    raise AssertionError(text)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_people_have_a_plausible_number_of_visits(registry: str, folders: dict[str, Path]) -> None:
    block, rows = next(found for found in tables_of(registry, folders[registry]) if found[0]["table"] == "visit")
    assert 8 <= len(rows) / PEOPLE <= 14
    assert rows[block["variables"]["patient_id"]].n_unique() == PEOPLE


def test_french_dates_keep_the_forms_of_the_published_sample(folders: dict[str, Path]) -> None:
    text = (folders["ofsep"] / "patients.csv").read_bytes().decode("latin-1")
    for form in (r";DM/\d\d/\d{4};", r";\d{4};", r";\d\d/\d{4};", r";\d\d/\d\d/\d\d;", ";Féminin;", ";RIS;"):
        assert re.search(form, text), form


def test_msbase_relapses_stand_twice(folders: dict[str, Path]) -> None:
    """The declared fault is there: without `duplicates = "first"` the unique key would refuse the file."""
    rows = pl.read_csv(folders["msbase"] / "msb_relapses.csv", infer_schema=False)
    assert len(rows) > len(rows.unique(["PATIENT_ID", "DATE_OF_ONSET"]))
    block = next(block for block in mapping_of("msbase")["tables"] if block["table"] == "relapse")
    assert block["duplicates"] == "first"
