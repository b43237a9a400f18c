"""Dates as sources write them: a form says which digits are what, and with that how precise the date is.

The date kept is the first day the text can mean; the precision says how long the period is.
"""

import re

from data_catalog.engine import literal

ISO = "iso"
"""The form of partial ISO 8601 dates, as in SDTM: 2019, 2019-03, 2019-03-02 and 2019-03-02T10:30.

A hyphen stands for a part that is not known: 2019---02 is a day of a month of 2019 (SDTM Implementation Guide 3.4,
section 4.4.2).
"""

_PARTS = {"%d": r"\d{1,2}", "%m": r"\d{1,2}", "%Y": r"\d{4}", "%y": r"\d{2}", "%b": "[A-Za-z]{3}"}
_ISO_FORMS = (
    (r"\d{4}-\d{2}-\d{2}(T.*)?", "%Y-%m-%d", "day"),
    (r"\d{4}-\d{2}", "%Y-%m", "month"),
    (r"\d{4}(---\d{2}(T.*)?)?", "%Y", "year"),
)
_LENGTHS = {"%Y-%m-%d": 10, "%Y-%m": 7, "%Y": 4}
"""Characters of a text in the ISO form that say its date."""


def check_format(form: str) -> None:
    """Raise ValueError for a form without a year, or with a part that is not understood."""
    unknown = sorted(set(re.findall("%.", form)) - set(_PARTS))
    if form != ISO and (unknown or not re.search("%[Yy]", form)):
        known = ", ".join(_PARTS)
        raise ValueError(f"{form!r} is no form of a date: it has a year, and of {known} what the source writes")


def parsed(text: str, forms: tuple[str, ...]) -> tuple[str, str]:
    """Return SQL of the date a text means, null where no form fits, and of the precision of a date that is one."""
    alternatives = [alternative for form in forms for alternative in _alternatives(form)]
    date, precision = "", ""
    for pattern, form, how_precise in alternatives:
        fits = f"regexp_full_match({text}, {literal(pattern)})"
        written = f"left({text}, {_LENGTHS[form]})" if form in _LENGTHS else text
        date += f" WHEN {fits} THEN try_strptime({written}, {literal(form)})::DATE"
        precision += f" WHEN {fits} THEN {literal(how_precise)}"
    is_one = len({how_precise for *_, how_precise in alternatives}) == 1
    return f"CASE{date} END", literal(alternatives[0][2]) if is_one else f"CASE{precision} END"


def _alternatives(form: str) -> tuple[tuple[str, str, str], ...]:
    """Return the pattern, the form and the precision of what a declared form stands for."""
    if form == ISO:
        return _ISO_FORMS
    parts = re.split("(%.)", form)
    pattern = "".join(_PARTS.get(part, re.escape(part)) for part in parts)
    precision = "day" if "%d" in parts else "month" if {"%m", "%b"} & set(parts) else "year"
    return ((pattern, form, precision),)
