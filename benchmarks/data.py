"""Seeded synthetic records of a registry's shape, in the sizes the benchmarks ask for: 40 columns, 25 rows a person."""

import os
from datetime import UTC, datetime
from pathlib import Path

from core.files import ensure_folder, sha256_bytes, sha256_file, write_durably
from data_catalog.cut_request import CutTable
from data_catalog.editions import MANIFEST, EditionManifest, TableEntry
from data_catalog.engine import engine, write_parquet
from data_catalog.models import DatasetDeclaration
from data_catalog.synthetic import LABEL

ROWS_PER_PERSON = 25

VISIT_BY_VISIT, PERSON_BY_PERSON = "", " ORDER BY patient_id"
"""How the rows of an edition stand: as they arrived over the years, or each person's together."""

_WORDS = {
    "centre": [f"Centre {number}" for number in range(1, 201)],
    "study": [f"TRIAL-{number:02}" for number in range(1, 15)],
    "arm": ["placebo", "active", "untreated", "unknown"],
    "country": ["CZ", "DK", "FR", "IT", "SE", "AU"],
    "sex": ["female", "male", "female"],
    "course": ["rrms", "spms", "ppms", "rrms", "cis", "ris", "rrms", "spms"],
    "region": ["brain", "spinal_cord"],
    "severity": ["mild", "moderate", "severe"],
    "steroids": ["yes", "no"],
    "recovery": ["complete", "partial", "none"],
    "drug": [f"substance {number}" for number in range(1, 31)],
    "atc": [f"L04AA{number:02}" for number in range(1, 31)],
    "kind": ["disease_modifying", "symptomatic", "relapse"],
    "stop_reason": ["adverse_event", "lack_of_efficacy", "pregnancy", "patient_choice", "completed", "other"],
}
_DATES = {  # first year, years
    "birth_date": (1940, 60),
    "onset_date": (1970, 40),
    "diagnosis_date": (1975, 40),
    "visit_date": (1990, 35),
    "start_date": (1995, 30),
    "stop_date": (1996, 29),
}
_DECIMALS = {  # steps, step
    "edss": (20, 0.5),
    "t2_volume": (50_000, 0.001),
    "brain_volume": (400_000, 0.001),
    "pbvc": (1500, 0.01),
    "cord_area": (9000, 0.01),
    "t25fw": (600, 0.1),
    "nhpt_dominant": (900, 0.1),
    "nhpt_nondominant": (900, 0.1),
}
_INTEGERS = {"fs_visual": 7, "fs_pyramidal": 7, "fs_cerebellar": 6, "sdmt": 111, "pasat": 61}
_OF_THE_PERSON = {"country", "sex", "course", "birth_date", "onset_date", "diagnosis_date"}
_PRECISIONS = ["day", "day", "day", "month", "year"]


def cache_folder() -> Path:
    """Return where generated records stay between runs: `MYELIN_BENCHMARKS`, or the user's cache folder."""
    chosen = os.environ.get("MYELIN_BENCHMARKS")
    return Path(chosen) if chosen else Path.home() / ".cache" / "myelin-benchmarks"


def vault_table(rows: int, variables: tuple[str, ...], row_filter: str, order: str = VISIT_BY_VISIT) -> CutTable:
    """Return the records as a table of an edition, written at first need."""
    folder = cache_folder() / f"registry-{rows}{'-by-person' if order == PERSON_BY_PERSON else ''}"
    if not (folder / MANIFEST).exists():
        _generate(folder, rows, order)
    content = (folder / MANIFEST).read_bytes()
    manifest = EditionManifest.model_validate_json(content)
    return CutTable(DECLARATION, manifest, sha256_bytes(content), folder, "visit", variables, row_filter)


def _generate(folder: Path, rows: int, order: str) -> None:
    ensure_folder(folder)
    (folder / LABEL).write_text("These files are synthetic: drawn at random by Myelin. They describe nobody.\n")
    path = folder / "visit.parquet"
    with engine(folder) as connection:
        connection.execute("SET memory_limit = '1500MB'")
        write_parquet(connection, _query(rows) + order, path)
    entry = TableEntry(table="visit", path=path.name, sha256=sha256_file(path), bytes=path.stat().st_size, rows=rows)
    manifest = EditionManifest(
        dataset=DECLARATION.id,
        number=1,
        declaration_sha256=DECLARATION.sha256,
        synthetic=True,
        published_by="benchmark",
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        sources=(),
        tables=(entry,),
    )
    write_durably(folder / MANIFEST, manifest.to_bytes())


def _query(rows: int) -> str:
    """Return the rows in the order they arrived: visit by visit, not person by person."""
    people = max(rows // ROWS_PER_PERSON, 1)
    columns = ["printf('REG%07d', person) AS patient_id"]
    columns += [f"{_pick(name, words)} AS {name}" for name, words in _WORDS.items()]
    for name, (first, years) in _DATES.items():
        columns.append(f"DATE '{first}-01-01' + ({_draw(name, years * 365)})::INTEGER AS {name}")
        columns.append(f"{_pick(name + '_precision', _PRECISIONS)} AS {_precision(name)}")
    for name, (steps, step) in _DECIMALS.items():
        columns.append(_sometimes_missing(name, f"({_draw(name, steps)} * {step})::DOUBLE"))
    columns += [_sometimes_missing(name, f"({_draw(name, most)})::BIGINT") for name, most in _INTEGERS.items()]
    numbered = f"SELECT i, hash(i, 'person') % {people} AS person FROM range({rows}) AS r(i)"
    return f"SELECT {', '.join(columns)} FROM ({numbered})"


def _draw(name: str, below: int) -> str:
    of = "person" if name in _OF_THE_PERSON else "i"
    return f"hash({of}, '{name}') % {below}"


def _pick(name: str, words: list[str]) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"[{listed}][1 + ({_draw(name, len(words))})::INTEGER]"


def _sometimes_missing(name: str, value: str) -> str:
    return f"CASE WHEN hash(i, '{name} missing') % 10 < 8 THEN {value} END AS {name}"


def _precision(date_name: str) -> str:
    return date_name.replace("_date", "_precision")


def _variable(name: str, kind: str, **more: object) -> dict[str, object]:
    sensitivity = "identifier" if kind == "identifier" else "ordinary"
    return {"name": name, "label": name, "type": kind, "sensitivity": sensitivity, **more}


def _variables() -> list[dict[str, object]]:
    texts = ("centre", "study", "country", "drug", "atc")
    found = [_variable("patient_id", "identifier")]
    for name, words in _WORDS.items():
        if name in texts:
            found.append(_variable(name, "text"))
        else:
            found.append(_variable(name, "code", codes={word: word for word in words}))
    for name in _DATES:
        precision = _precision(name)
        found.append(_variable(name, "date", precision=precision))
        found.append(_variable(precision, "code", codes={word: word for word in _PRECISIONS}))
    found += [_variable(name, "decimal", may_be_missing=True) for name in _DECIMALS]
    return found + [_variable(name, "integer", may_be_missing=True) for name in _INTEGERS]


DECLARATION = DatasetDeclaration.model_validate(
    {
        "id": "benchmark",
        "label": "Synthetic records for benchmarks",
        "description": "Synthetic: drawn at random by Myelin. They describe nobody.",
        "source": "drawn at random",
        "licence": "CC0",
        "tables": [{"name": "visit", "label": "Visits", "person": "patient_id", "variables": _variables()}],
    }
)
