"""How like a source's column is to a variable of the model: by the words of its name, and by what stands in it."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

from data_catalog.mapping.profile import Column
from data_catalog.models import NUMERIC, Table, Variable, VariableType

ENOUGH = 1.5
"""Likeness of the columns of a file to a table's variables, together, from which a draft takes it for that table's."""

_SHORTEST = 4
_CLOSE = 0.8
_SAME_WORD = {
    **dict.fromkeys(("day", "dt", "dat", "datum", "dato"), ("date",)),
    **dict.fromkeys(("no", "nr", "num", "number", "pid", "identifier", "code"), ("id",)),
    **dict.fromkeys(("pat", "person", "subject", "usubjid", "patients"), ("patient",)),
    **dict.fromkeys(("dob", "birthdate", "born", "brthdtc"), ("birth", "date")),
    **dict.fromkeys(("gender", "kjonn"), ("sex",)),
    **dict.fromkeys(("clinic", "center", "hospital", "site"), ("centre",)),
    **dict.fromkeys(("ae", "sae", "aes", "saes"), ("adverse", "event")),
    **dict.fromkeys(("medication", "medicine", "therapy", "dmt"), ("treatment",)),
    "diagnosed": ("diagnosis",),
    "report": ("reported",),
    "end": ("stop",),
    "begin": ("start",),
}

Columns = Mapping[str, Column]


def words(name: str) -> frozenset[str]:
    """Return the words of a name, each in one spelling: `PATIENT_NO` and `patientId` are patient and id."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    parts = re.findall(r"[^\W_]+", split.lower())
    return frozenset(word for part in parts for word in _SAME_WORD.get(part, (part,)))


def matched(table: Table, columns: Columns) -> dict[str, tuple[str, float]]:
    """Return a column for each variable that one is like, and how like; no column is taken twice."""
    pairs = [
        (likeness(variable, name, column), variable.name, name)
        for variable in table.variables
        for name, column in columns.items()
    ]
    found: dict[str, tuple[str, float]] = {}
    for score, variable_name, name in sorted(pairs, key=lambda pair: -pair[0]):
        if score and variable_name not in found and name not in {taken for taken, _ in found.values()}:
            found[variable_name] = (name, score)
    return found


def likeness(variable: Variable, name: str, column: Column) -> float:
    """Return 1 for a column of the variable's own name, less for one that is like it, 0 for any other."""
    if not _holds(variable, column):
        return 0.0
    own, theirs = words(variable.name), words(name)
    if theirs == {"date"} and not variable.may_be_missing:
        return 0.5
    if not theirs - {"date"}:
        return 0.0
    if theirs == own:
        return 1.0
    if theirs < own:
        return 0.9
    if theirs <= own | words(variable.label):
        return 0.8
    return 0.7 if own < theirs else _spelt_alike(variable.name, name)


def score(table: Table, file: str, columns: Columns) -> float:
    """Return how like a file is to a table, the identifier aside, which is in every file."""
    found = matched(table, columns)
    named = {word.removesuffix("s") for word in words(file)} >= words(table.name)
    return sum(how for variable, (_, how) in found.items() if variable != table.person) + named


def is_likely(table: Table, file: str, columns: Columns) -> bool:
    """Tell whether a file holds a table: the variables a table is nothing without are there, and enough others."""
    found = matched(table, columns)
    required = {variable.name for variable in table.variables if not variable.may_be_missing}
    return required <= set(found) and score(table, file, columns) >= ENOUGH


def _holds(variable: Variable, column: Column) -> bool:
    """Tell whether what stands in a column can be of a variable's type."""
    if variable.type is VariableType.DATE:
        return bool(column.dates)
    if variable.type in NUMERIC:
        return column.number
    return bool(column.codes) if variable.codes else not column.dates


def _spelt_alike(variable: str, name: str) -> float:
    own, theirs = ("".join(c for c in text.lower() if c.isalnum()) for text in (variable, name))
    if min(len(own), len(theirs)) >= _SHORTEST and (own in theirs or theirs in own):
        return 0.6
    return 0.5 if SequenceMatcher(None, own, theirs).ratio() >= _CLOSE else 0.0
