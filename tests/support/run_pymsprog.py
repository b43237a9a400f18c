"""Run pymsprog in its own environment: cohorts and runs come in as JSON, events go out as JSON.

Started by `tests/support/oracle.py` with the Python that `scripts/oracle` names; nothing of Myelin is imported here.
"""

import json
import sys
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import Any

import pandas as pd
import pymsprog

_NUMBERS = {"unlimited": float("inf")}


def main() -> None:
    asked = json.load(sys.stdin)
    cohorts = {**asked["cohorts"], "toy": toy()}
    started = perf_counter()
    answers = [run(cohorts[each["cohort"]], each) for each in asked["runs"]]
    took = {"seconds": perf_counter() - started, "peak_kilobytes": getrusage(RUSAGE_SELF).ru_maxrss}
    json.dump({"cohorts": cohorts, "answers": answers, **took}, sys.stdout)


def toy() -> dict[str, Any]:
    """Return pymsprog's own sample data, with days in place of dates."""
    visits, relapses = pymsprog.load_toy_data()
    for table in (visits, relapses):
        table["day"] = (pd.to_datetime(table["date"]) - pd.Timestamp("1970-01-01")).dt.days
        table["id"] = table["id"].astype(str)
    return {
        "visits": visits[["id", "day", "EDSS"]].to_numpy().tolist(),
        "relapses": relapses[["id", "day"]].to_numpy().tolist(),
    }


def run(cohort: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Return each person's first event: its day, the day that confirms it, and the day and score of the baseline.

    With `every` it is a list of all, of `event="multiple"`; with `again`, of searches for the first one after another.
    """
    if asked.get("again"):
        return again(cohort, asked)
    visits = pd.DataFrame(cohort["visits"], columns=["id", "day", "edss"])
    relapses = pd.DataFrame(cohort["relapses"], columns=["id", "day"])
    common = {"subj_col": "id", "value_col": "edss", "date_col": "day", "outcome": "edss", "relapse": relapses}
    arguments = {name: number(value) for name, value in asked["arguments"].items()}
    if "milestone" in arguments:
        found = pymsprog.value_milestone(visits, date_format="day", **common, **arguments)
        return {str(person): [row["time2event"]] for person, row in found.iterrows() if row["observed"]}
    half_step_from = asked["half_step_from"]

    def step(baseline: float) -> float:
        return 1.5 if baseline == 0 else 1.0 if baseline < half_step_from else 0.5

    _, found = pymsprog.MSprog(
        visits,
        date_format="day",
        delta_fun=step,
        include_dates=True,
        include_value=True,
        verbose=0,
        **common,
        **arguments,
    )
    pira = asked.get("pira", arguments["event"] == "firstPIRA")
    confirmed = f"conf{arguments['conf_days']}_date"
    columns = ["date", f"PIRA_{confirmed}" if pira else confirmed, "bl_date", "bl_value"]
    if asked.get("moving"):
        columns.append(confirmed)
    events = found[(found["CDW_type"] == "PIRA") if pira else (found["event_type"] == "CDW")]
    rows: dict[str, list[Any]] = {}
    for _, row in events.iterrows():
        rows.setdefault(str(row["id"]), []).append([row[column] for column in columns])
    return rows if asked.get("every") else {person: of_person[0] for person, of_person in rows.items()}


def again(cohort: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Return every event: after each, the visit that confirmed it as worsening begins a new course."""
    events: dict[str, Any] = {}
    while found := run(cohort, {**asked, "again": False, "moving": True}):
        for person, row in found.items():
            events.setdefault(person, []).append(row[:-1])
        left = [visit for visit in cohort["visits"] if visit[0] in found and visit[1] >= found[visit[0]][-1]]
        cohort = {**cohort, "visits": left}
    return events


def number(value: Any) -> Any:
    """Give JSON's words for numbers their meaning."""
    if isinstance(value, list):
        return [number(each) for each in value]
    return _NUMBERS.get(value, value) if isinstance(value, str) else value


if __name__ == "__main__":
    main()
