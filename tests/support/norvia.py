"""The Norvia MS register of the tutorial: an invented registry's export, drawn at random, the same every time."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

from data_catalog.synth.native import Sheet
from data_catalog.synth.spreadsheet import write_sheet
from data_catalog.synthetic import LABEL

PEOPLE = 60
LABEL_TEXT = (
    "These files are synthetic: drawn at random by Myelin for a tutorial. "
    "They describe nobody, and there is no Norvia.\n"
)

_CLINICS = ("Nordhavn", "Sjøby", "Århøj")
_DRUGS = (
    ("INTERFERON BETA-1A", "L03AB07"),
    ("DIMETHYL FUMARATE", "L04AX07"),
    ("NATALIZUMAB", "L04AG03"),
    ("OCRELIZUMAB", "L04AG08"),
)
_TERMS = ("Pneumonia", "Lymphopenia", "Urinary tract infection")
_LAST = date(2023, 9, 30)


def write_norvia(folder: Path) -> None:
    """Write the five files and their label."""
    random = Random(7)
    people = [_person(random, number) for number in range(1, PEOPLE + 1)]
    births = [date(random.randint(1955, 1995), random.randint(1, 12), random.randint(1, 28)) for _ in people]
    onsets = [birth + timedelta(days=random.randint(18 * 365, 26 * 365)) for birth in births]
    _write(
        folder / "patients.csv",
        "PATIENT_NO;GENDER;DOB;FIRST_SYMPTOM;DIAGNOSED;MS_TYPE;CLINIC",
        (
            f"{name};{sex};{_day(birth)};{_somewhat(onset, random)};{_day(_after(onset, random))};{kind};{clinic}"
            for (name, sex, kind, clinic), birth, onset in zip(people, births, onsets, strict=True)
        ),
    )
    _write(folder / "visits.csv", "PATIENT_NO;VISIT_DAY;EDSS;PYRAMIDAL;WALK_25FT", _visits(random, people))
    _write(folder / "relapses.csv", "PATIENT_NO;ONSET_DAY;SEVERITY;STEROIDS;RECOVERY", _relapses(random, people))
    _write(folder / "treatments.csv", "PATIENT_NO;DRUG;ATC;START;STOP;STOP_REASON", _treatments(random, people))
    header = ("PATIENT_NO", "EVENT_DAY", "REPORT_DAY", "TERM", "SERIOUS", "OUTCOME")
    write_sheet(folder, Sheet("sae.xlsx", "SAE", (header, *_events(random, people))))
    (folder / LABEL).write_text(LABEL_TEXT, encoding="utf-8")


def _person(random: Random, number: int) -> tuple[str, str, str, str]:
    sex = random.choices("KMU", (70, 28, 2))[0] if number > 1 else "U"
    return f"NV{number:04}", sex, random.choices(("RR", "SP", "PP"), (7, 2, 1))[0], random.choice(_CLINICS)


def _visits(random: Random, people: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for name, *_ in people:
        edss = random.choice((2, 3, 4, 5, 6, 7, 8))
        for number in range(random.randint(1, 5)):
            day = date(2018 + number, random.randint(1, 9), random.randint(1, 28))
            walk = _comma(random.uniform(3.8, 12)) if random.random() < 0.8 else "i.u."
            yield f"{name};{_day(day)};{_comma(edss / 2)};{min(edss // 2, 5)};{walk}"
            edss = min(edss + random.choice((0, 0, 1)), 17)


def _relapses(random: Random, people: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for name, *_ in people:
        for number in range(random.choice((0, 1, 1, 2))):
            day = date(2016 + 3 * number, random.randint(1, 12), random.randint(1, 28))
            answers = (random.choice("123"), random.choice("JN"), random.choices(("full", "part", ""), (5, 4, 1))[0])
            yield f"{name};{_somewhat(day, random)};{';'.join(answers)}"


def _treatments(random: Random, people: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for name, *_ in people:
        drug, atc = random.choice(_DRUGS)
        start = date(2019, random.randint(1, 12), random.randint(1, 28))
        stop, why = "", ""
        if random.random() < 0.4:
            stop = _day(start + timedelta(days=random.randint(90, 1200)))
            why = random.choice(("side effect", "no effect", "own wish"))
        yield f"{name};{drug};{atc};{_day(start)};{stop};{why}"


def _events(random: Random, people: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for name, *_ in random.sample(list(people), 14):
        day = date(2021, random.randint(1, 12), random.randint(1, 28))
        report = day + timedelta(days=random.randint(1, 20))
        serious = random.choice(("hospital", "hospital", "other"))
        yield name, day.isoformat(), report.isoformat(), random.choice(_TERMS), serious, random.choice(("R", "O"))


def _after(onset: date, random: Random) -> date:
    return min(onset + timedelta(days=random.randint(30, 900)), _LAST)


def _comma(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")


def _day(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def _somewhat(day: date, random: Random) -> str:
    """Write a date as people remember it: often without its day."""
    return day.strftime(random.choices(("%d.%m.%Y", "%m.%Y"), (4, 1))[0])


def _write(path: Path, header: str, rows: Iterator[str]) -> None:
    path.write_bytes("".join(f"{line}\r\n" for line in (header, *rows)).encode("windows-1252"))
