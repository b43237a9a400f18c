"""What a page's form says of an application, field by field, and back: texts of inputs in, answers out. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data_catalog.models import Variable, VariableType
from projects.applications.checking import Problem
from projects.applications.models import Answer
from projects.resource_rules.models import RuleId

TEXTS = ("title", "question", "lay_summary", "population", "funding", "commercial_interest", "outputs_plan", "contract")
DAYS = ("starts", "ends")
CHOICES = ("about_ms", "compares_drugs", "commercial", "newest_editions")
SIGNATORY = ("name", "position", "organisation", "email")
MEMBER = ("username", "role", "organisation", "sector")
PERSON_LINES = 3
"""Empty lines a team is offered beside those that are filled in."""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "amendment": ("amendment_reason", "newest_editions"),
    "study": ("title", "question", "lay_summary", "about_ms", "purposes", "compares_drugs", "population", "answers"),
    "data": ("datasets", "reasons"),
    "people": ("team", "signatory", "funding", "commercial", "commercial_interest", "contract"),
    "time": ("starts", "ends", "ethics", "outputs_plan"),
}
"""Section of the form → its fields; a section is one form, saved by itself."""

TITLES: Mapping[str, str] = {
    "amendment": "The amendment",
    "study": "The study",
    "data": "The data",
    "people": "People and money",
    "time": "Time and results",
}
"""Section → its heading."""

LABELS: Mapping[str, str] = {
    "amendment_reason": "What is to change, and why",
    "newest_editions": "Newest editions",
    "title": "Title",
    "question": "What you want to find out",
    "lay_summary": "For everybody",
    "about_ms": "Whether it is about MS",
    "purposes": "Purposes",
    "compares_drugs": "Whether it compares drugs",
    "population": "Who is studied",
    "answers": "Answers to the rules",
    "datasets": "The data",
    "reasons": "What the data are needed for",
    "team": "Team",
    "signatory": "Who signs",
    "funding": "Who pays",
    "commercial": "Commercial interest",
    "commercial_interest": "Which commercial interest",
    "contract": "Contract",
    "starts": "First day",
    "ends": "Last day",
    "ethics": "Ethics approval",
    "outputs_plan": "What is to come out",
}
"""Field → what the page calls it."""

_TEAM = re.compile(r"team\.(\d{1,3})\.username")
_PICKED = re.compile(r"pick:([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")


def answers_in(section: str, form: Mapping[str, str]) -> dict[str, object]:
    """Return what a section's form says, by field; a field nothing is said of is None."""
    read = {"answers": _rules_answered, "datasets": _datasets, "reasons": _reasons, "team": _team}
    said: dict[str, object] = {}
    for field in SECTIONS[section]:
        if field in read:
            said[field] = read[field](form) or None
        elif field == "purposes":
            said[field] = ticked(form, "purpose:") or None
        elif field in CHOICES:
            said[field] = {"yes": True, "no": False}.get(form.get(field, ""))
        elif field == "signatory":
            said[field] = _filled(form, "signatory", SIGNATORY)
        elif field == "ethics":
            said[field] = _filled(form, "ethics", ("reference", "through"))
        else:
            said[field] = form.get(field, "").replace("\r\n", "\n").strip() or None
    return said


def versions_in(form: Mapping[str, str]) -> dict[str, int]:
    """Return the versions a form's answers were read at.

    Whoever saw what somebody else wrote and keeps their own says so with `keep:`, and the version they saw.
    """
    found = [(name.partition(":"), text) for name, text in form.items() if text.isdigit()]
    read = {field: int(text) for (kind, _, field), text in found if kind == "version"}
    return read | {field: int(text) for (kind, _, field), text in found if kind == "keep"}


def ticked(form: Mapping[str, str], prefix: str) -> list[str]:
    """Return what is ticked of the boxes that begin with a prefix, without it."""
    return [name.removeprefix(prefix) for name in form if name.startswith(prefix)]


def in_words(value: str) -> str:
    """Return an answer, which is JSON text, as a person reads it, a line a part; nothing where nothing was said."""
    return "\n".join(_lines(json.loads(value))) if value else ""


def _lines(said: Any, name: str = "") -> Iterator[str]:
    """Yield a line for every part of an answer that says something, named by where it stands."""
    if isinstance(said, dict):
        for key, part in said.items():
            yield from _lines(part, f"{name}.{key}" if name else str(key))
    elif isinstance(said, list) and said and isinstance(said[0], dict):
        yield from ("; ".join(str(part) for part in one.values() if part) for one in said)
    elif said is not None:
        words = {True: "yes", False: "no"}.get(said, said) if isinstance(said, bool) else said
        words = ", ".join(map(str, words)) if isinstance(words, list) else words
        yield f"{name}: {words}" if name else str(words)


def by_section(problems: Iterable[Problem], number: int) -> dict[str, list[Problem]]:
    """Return what is missing section by section, every section named; what is of no field is under an empty name."""
    found: dict[str, list[Problem]] = {name: [] for name in SECTIONS if number or name != "amendment"}
    for one in problems:
        found.setdefault(section_of(one.field) if one.field in LABELS else "", []).append(one)
    return found


def section_of(field: str) -> str:
    """Return the section of the form a field is in."""
    return next(name for name, fields in SECTIONS.items() if field in fields)


def versions_of(answers: Mapping[str, Answer]) -> dict[str, int]:
    """Return the version each field is at, 0 where nothing was said."""
    fields = (field for section in SECTIONS.values() for field in section)
    return {field: answers[field].version if field in answers else 0 for field in fields}


def _team(form: Mapping[str, str]) -> list[dict[str, str]]:
    lines = sorted(int(found[1]) for name in form if (found := _TEAM.fullmatch(name)))
    team = ({part: form.get(f"team.{line}.{part}", "").strip() for part in MEMBER} for line in lines)
    return [member for member in team if member["username"]]


def _datasets(form: Mapping[str, str]) -> dict[str, Any]:
    datasets: dict[str, Any] = {}
    for dataset, table, variable in _picked(form):
        place = f"{dataset}.{table}"
        asked = datasets.setdefault(dataset, {}).setdefault(table, {"variables": [], **_of_table(form, place)})
        asked["variables"].append(variable)
        if rule := form.get(f"rule:{place}.{variable}"):
            asked.setdefault("generalise", {})[variable] = _RULES.get(rule) or _told(rule)
    return datasets


def _of_table(form: Mapping[str, str], place: str) -> dict[str, Any]:
    conditions = {name: form.get(f"{name}:{place}", "").strip() for name in ("row_filter", "cohort")}
    kinds = {part: ticked(form, f"{part}:{place}:") for part in ("regions", "modalities")}
    scans = {"scans": kinds} if any(kinds.values()) else {}
    return {**{name: text for name, text in conditions.items() if text}, **scans}


def _reasons(form: Mapping[str, str]) -> dict[str, str]:
    picked = list(_picked(form))
    places = {f"{dataset}.{table}" for dataset, table, _ in picked} | {".".join(names) for names in picked}
    return {place: text for place in sorted(places) if (text := form.get(f"why:{place}", "").strip())}


def _picked(form: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    return (found.group(1, 2, 3) for name in form if (found := _PICKED.fullmatch(name)))  # type: ignore[misc]


def _rules_answered(form: Mapping[str, str]) -> dict[str, str]:
    return {rule: text for rule in RuleId if (text := form.get(f"answer:{rule}", "").strip())}


def _filled(form: Mapping[str, str], field: str, parts: tuple[str, ...]) -> dict[str, str] | None:
    said = {part: form.get(f"{field}.{part}", "").strip() for part in parts}
    return said if any(said.values()) else None


_RULES: Mapping[str, dict[str, Any]] = {
    "shift": {"shift": 180},
    "year": {"truncate": "year"},
    "month": {"truncate": "month"},
    "band-5": {"band": 5},
    "band-10": {"band": 10},
    "blind": {"blind": True},
}
"""What a page offers to make a variable coarser; a file can say more."""

RULES_FOR: Mapping[str, Mapping[str, str]] = {
    "date": {"shift": "moved by up to 180 days", "month": "the month alone", "year": "the year alone"},
    "integer": {"band-5": "in bands of 5", "band-10": "in bands of 10"},
    "decimal": {"band-5": "in bands of 5", "band-10": "in bands of 10"},
}
"""Type of a variable → the rules a page offers for it, in words."""


def offered_for(variable: Variable, said: Mapping[str, Any] | None) -> tuple[tuple[str, str, bool], ...]:
    """Return the ways a page offers to make a variable coarser: name, words, and whether it is the one that was said.

    One that was said in a file, and that no page offers, is among them as it was said.
    """
    rule = {part: value for part, value in (said or {}).items() if value is not None}
    ways = dict(RULES_FOR.get(variable.type, {}))
    if variable.unblinds and variable.type in _LABELLED:
        ways["blind"] = "a label for each value, which tells none of them"
    known = next((name for name, offered in _RULES.items() if offered == rule), "")
    if rule and known not in ways:
        known = json.dumps(rule, sort_keys=True)
        ways[known] = f"as a file said it: {'; '.join(_lines(rule))}"
    return tuple((name, words, name == known) for name, words in ways.items())


def _told(text: str) -> dict[str, Any]:
    """Return a rule that a page was told in full, as `offered_for` wrote it; nothing where it is none."""
    try:
        rule = json.loads(text)
    except ValueError:
        return {}
    return rule if isinstance(rule, dict) else {}


_LABELLED = (VariableType.CODE, VariableType.TEXT)
