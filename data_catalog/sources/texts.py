"""What is the same of every format: which names columns may have, and how a number is written as text."""

from collections import Counter
from collections.abc import Sequence

from data_catalog.report import Finding

ROW = "_row"
FILE = "_file"
_WHOLE_BELOW = "1e18"
"""Whole numbers below are written with all their digits; a floating number holds no longer identifier exactly."""


def unfit_names(label: str, names: Sequence[str]) -> list[Finding]:
    """Refuse a header with a blank name, one name twice, or one that is taken.

    DuckDB takes ID and id for one name: asked for either, it would give the first.
    """
    times = Counter(name.lower() for name in names)
    unfit = sorted({n for n in names if not n.strip() or times[n.lower()] > 1 or n.lower() in (ROW, FILE)})
    if names and not unfit:
        return []
    rule = f"the header names each column, and once (ID and id are one name; {ROW} and {FILE} are taken)"
    return [Finding(label, ", ".join(map(repr, unfit)) or "–", rule, max(len(unfit), 1))]


def float_as_text(column: str) -> str:
    """Return SQL of a floating number as text: whole ones without `.0`, and nothing for what is no number."""
    whole = f"{column} = trunc({column}) AND abs({column}) < {_WHOLE_BELOW}"
    return (
        f"CASE WHEN isfinite({column}) THEN CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
        f"ELSE CAST({column} AS VARCHAR) END END"
    )
