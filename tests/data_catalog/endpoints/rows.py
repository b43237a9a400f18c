"""Rows of the common data model by hand: days are counted from 10 January 2010."""

from datetime import date, timedelta

from tests.data_catalog.typed import Row

TABLES = ("patient", "visit", "relapse", "mri", "treatment", "adverse_event")


def on(day: int, what: str, precision: str = "day") -> Row:
    return {f"{what}_date": date(2010, 1, 10) + timedelta(days=day), f"{what}_precision": precision}


def visit(person: str, day: int, edss: float | None, precision: str = "day") -> Row:
    return {"patient_id": person, "edss": edss, **on(day, "visit", precision)}


def relapse(person: str, day: int, precision: str = "day") -> Row:
    return {"patient_id": person, **on(day, "relapse", precision)}


def scan(
    person: str, day: int, gd: int | None, t2: int | None = None, region: str = "brain", precision: str = "day"
) -> Row:
    lesions = {"t1_gd_lesions": gd, "t2_new_lesions": t2}
    return {"patient_id": person, "region": region, **lesions, **on(day, "mri", precision)}


def drug(person: str, name: str, start: int, stop: int | None, precision: str = "day", **more: str) -> Row:
    ends = {} if stop is None else on(stop, "stop")
    return {
        "patient_id": person,
        "drug": name,
        "kind": "disease_modifying",
        **on(start, "start", precision),
        **ends,
        **more,
    }


def event(person: str, day: int, seriousness: str = "hospitalisation", precision: str = "day") -> Row:
    return {"patient_id": person, "seriousness": seriousness, **on(day, "event", precision)}
