"""Seeded synthetic source files of the declarations that come with Myelin, with the faults of the real ones.

They stand in where the real files are not: a plain clone can't hold them. Each folder says so itself in a file,
so that nobody can take them in as real.
"""

import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from core.errors import NotFound
from core.files import ensure_folder

LABEL = "SYNTHETIC"
_LABEL_TEXT = "These files are synthetic: drawn at random by Myelin. They describe nobody.\n"

_AGES = (15, 77)
_VISITS = (1, 53)
_EDSS = tuple(step / 2 for step in (0, *range(2, 20)))


def is_synthetic(folder: Path) -> bool:
    """Tell whether a folder of source files says it is synthetic."""
    return (folder / LABEL).exists()


def write_synthetic_sources(dataset_id: str, folder: Path, *, seed: int = 20260601) -> None:
    """Write a dataset's synthetic source file and label its folder; raises NotFound for a dataset with none."""
    if dataset_id not in _GENERATORS:
        raise NotFound(f"There is no synthetic {dataset_id}.", f"There are: {', '.join(_GENERATORS)}.")
    ensure_folder(folder, 0o755)
    (folder / LABEL).write_text(_LABEL_TEXT)
    _GENERATORS[dataset_id](folder, seed)


def synthetic_cis_cohort(folder: Path, seed: int, rows: int = 273) -> None:
    """Write `cis_cohort.csv`: spinal cord and periventricular lesions and bands make conversion likelier."""
    draw = random.Random(seed)  # noqa: S311  (likeness, not secrecy)
    people = [_cis_person(draw, number) for number in range(rows)]
    for column in ("Schooling", "Initial_Symptom"):  # the real file lacks one value of each
        people[draw.randrange(rows)][column] = ""
    _write(folder / "cis_cohort.csv", people)


def synthetic_edss_visits(folder: Path, seed: int, people: int = 40) -> None:
    """Write `visits.csv`: scores that drift, a third of them missing, ambulation missing for some people altogether."""
    draw = random.Random(seed)  # noqa: S311  (likeness, not secrecy)
    visits = [visit for number in range(1, people + 1) for visit in _visits_of(draw, f"ipt {number:02}")]
    _write(folder / "visits.csv", visits)


_GENERATORS: dict[str, Callable[[Path, int], None]] = {
    "cis_cohort": synthetic_cis_cohort,
    "edss_visits": synthetic_edss_visits,
}


def _cis_person(draw: random.Random, number: int) -> dict[str, str | int | float]:
    periventricular, spinal, bands = (_chance(draw, p) for p in (0.5, 0.3, 0.3))
    converted = _chance(draw, 0.2 + 0.25 * spinal + 0.2 * periventricular + 0.15 * bands)
    symptom = draw.randint(1, 15)
    return {
        "ID": number,
        "Gender": 1 + _chance(draw, 0.6),
        "Age": min(max(round(draw.gauss(34, 11)), _AGES[0]), _AGES[1]),
        "Schooling": float(draw.choice((9, 12, 12, 15, 15, 20, 20))),
        "Breastfeeding": draw.choice((1, 1, 2, 3)),
        "Varicella": draw.choice((1, 1, 2, 2, 3)),
        "Initial_Symptom": float(symptom),
        "Mono_or_Polysymptomatic": 3 if _chance(draw, 0.02) else 1 + (symptom > 4),
        "Oligoclonal_Bands": 2 if _chance(draw, 0.04) else bands,
        **{column: _chance(draw, p) for column, p in (("LLSSEP", 0.4), ("ULSSEP", 0.4), ("VEP", 0.3), ("BAEP", 0.07))},
        "Periventricular_MRI": periventricular,
        "Cortical_MRI": _chance(draw, 0.4),
        "Infratentorial_MRI": _chance(draw, 0.3),
        "Spinal_Cord_MRI": spinal,
        "Initial_EDSS": float(draw.choice((1, 1, 1, 2, 3))) if converted else "",
        "Final_EDSS": float(draw.choice((1, 1, 2, 2, 3))) if converted else "",
        "group": 2 - converted,
    }


def _visits_of(draw: random.Random, identifier: str) -> Iterator[dict[str, str | int | float]]:
    day = date(1996, 1, 1) + timedelta(days=draw.randrange(5000))
    walks, level = _chance(draw, 0.8), draw.randrange(len(_EDSS) - 4)
    relapse: date | None = day - timedelta(days=draw.randrange(2000)) if _chance(draw, 0.85) else None
    for _ in range(draw.randint(*_VISITS)):
        level = min(max(level + draw.choice((-1, 0, 0, 0, 1)), 0), len(_EDSS) - 1)
        scored = not _chance(draw, 0.33)
        yield {
            "ID": identifier,
            "dateEDSS": day.isoformat(),
            "EDSS": _EDSS[level] if scored else "",
            **{column: draw.randint(0, most) if scored else "" for column, most in _FUNCTIONS.items()},
            "FSamb": draw.randint(0, 11) if scored and walks else "",
            "daysPostRelapse": (relapse - day).days if relapse else "",
        }
        day += timedelta(days=draw.randint(14, 200))


_FUNCTIONS = {"FSpyr": 6, "FScrbl": 5, "FSbstem": 5, "FSsens": 6, "FSsph": 6, "FSvis": 6, "FScereb": 5}


def _chance(draw: random.Random, probability: float) -> int:
    return int(draw.random() < probability)


def _write(path: Path, rows: list[dict[str, str | int | float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
