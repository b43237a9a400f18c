"""A small cut of made-up people, as activation would leave it before the views are made."""

import json
from pathlib import Path
from random import Random

import duckdb

PEOPLE = 240

DICTIONARY = {
    "project": "cis-spinal",
    "synthetic": True,
    "tables": [
        {
            "dataset": "cis_cohort",
            "table": "patients",
            "label": "One row per patient's first attack",
            "rows": PEOPLE,
            "variables": [
                {"name": "age", "label": "Age at onset", "type": "integer", "unit": "years", "codes": {}},
                {"name": "gender", "label": "Gender", "type": "code", "codes": {"1": "male", "2": "female"}},
                *(
                    {
                        "name": name,
                        "label": f"{place} lesions on MRI",
                        "type": "code",
                        "codes": {"0": "negative", "1": "positive"},
                        "description": "First scan; the radiologist's reading",
                    }
                    for name, place in (
                        ("spinal_cord_mri", "Spinal cord"),
                        ("periventricular_mri", "Periventricular"),
                        ("infratentorial_mri", "Infratentorial"),
                    )
                ),
                {"name": "converted", "label": "Converted", "type": "code", "codes": {"1": "yes", "2": "no"}},
            ],
        }
    ],
}


def write_cut(data: Path) -> Path:
    """Write dictionary, manifest and one Parquet file of seeded people into a new folder."""
    (data / "cis_cohort").mkdir(parents=True)
    rows = ", ".join(str(row) for row in _people(Random(1)))
    columns = "pseudonym, age, gender, spinal_cord_mri, periventricular_mri, infratentorial_mri, converted"
    target = data / "cis_cohort" / "patients.parquet"
    duckdb.sql(f"FROM (VALUES {rows}) people({columns})").write_parquet(str(target))
    write_dictionary(data, DICTIONARY)
    files = [{"path": "cis_cohort/patients.parquet", "sha256": "", "bytes": target.stat().st_size, "rows": PEOPLE}]
    manifest = {"project": "cis-spinal", "cut": 1, "files": files, "synthetic": True}
    (data / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return data


def write_dictionary(data: Path, dictionary: object) -> None:
    """Put this dictionary in the place of the one that is there."""
    (data / "dictionary.json").write_text(json.dumps(dictionary), "utf-8")


def _people(random: Random) -> list[tuple[str | int, ...]]:
    def person(number: int) -> tuple[str | int, ...]:
        lesions = [random.randint(0, 1) for _ in range(3)]
        converted = 1 if random.random() < 0.3 + 0.3 * lesions[0] else 2
        return (f"P{number:016d}", random.randint(18, 60), random.randint(1, 2), *lesions, converted)

    return [person(number) for number in range(PEOPLE)]
