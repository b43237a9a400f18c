"""Statistics other than counts: the degrees of freedom behind them, and what a machine can't see from the table."""

from collections.abc import Iterator, Sequence

from egress_review.appetite import RiskAppetite
from egress_review.checks.counts import Counts
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.numbers import is_number
from egress_review.checks.tables import Table
from egress_review.checks.vocabulary import COEFFICIENTS, EXTREMES, MEANS, RANKS, SPREADS, WHOLES, words

CHECK = "statistics"
FREEDOM = "low degrees of freedom"

_UNSEEN = (
    (MEANS, "dominance", "sums or means: whether one or two people make most of one can't be seen here"),
    (RANKS, "one person's value", "medians or percentiles: each may be the value of one person"),
    (EXTREMES, "one person's value", "a minimum or maximum: it is one record unless enough people share it"),
    (COEFFICIENTS, "implicit tables", "model coefficients: the people per level of each factor can't be seen here"),
)


def check(document: Document, cut: CutFacts, appetite: RiskAppetite) -> Iterator[Finding]:
    """Judge degrees of freedom, and name what else each table of statistics needs evidence for."""
    for counts in document.counts(cut):
        named, where = _named(counts.table), counts.table.where
        if named & SPREADS:
            yield _spread(counts, appetite)
        if named & COEFFICIENTS:
            yield _model(counts, appetite)
        for vocabulary, risk, what in _UNSEEN:
            if named & vocabulary:
                yield Finding(CHECK, risk, "review", f"{where}: {what}.")


def _named(table: Table) -> frozenset[str]:
    """Collect the words of all headings, of columns and of rows with numbers in them."""
    rows = [row[0] for row in table.rows if any(map(is_number, row[1:])) and not is_number(row[0])]
    return frozenset().union(*map(words, (*table.header, *rows)))


def _spread(counts: Counts, appetite: RiskAppetite) -> Finding:
    minimum, where = appetite.thresholds.minimum_degrees_of_freedom, counts.table.where
    if not counts.known:
        message = f"{where}: standard deviations without the number of people behind them (n - 1 is to be {minimum})."
        return Finding(CHECK, FREEDOM, "review", message)
    behind = {place: people for place, people in counts.known.items() if not counts.is_missing(place)}
    low = [place for place, people in sorted(behind.items()) if people - 1 < minimum]
    if low:
        message = f"{where}: a standard deviation of n - 1 below {minimum} degrees of freedom."
        return Finding(CHECK, FREEDOM, "fail", message, tuple(counts.table.place(*place) for place in low[:10]))
    return Finding(CHECK, FREEDOM, "pass", f"{where}: every n - 1 is {minimum} degrees of freedom or more.")


def _model(counts: Counts, appetite: RiskAppetite) -> Finding:
    minimum, where = appetite.thresholds.minimum_degrees_of_freedom, counts.table.where
    stated = _stated_freedom(counts.table)
    source = "residual degrees of freedom"
    if not stated:
        stated, source = _derived_freedom(counts), "n less the number of coefficients"
    if not stated:
        message = f"{where}: a model without its residual degrees of freedom and without n; state one of them."
        return Finding(CHECK, FREEDOM, "review", message)
    if min(stated) < minimum:
        return Finding(CHECK, FREEDOM, "fail", f"{where}: {source} is below {minimum}.")
    return Finding(CHECK, FREEDOM, "pass", f"{where}: {source} is {minimum} or more.")


def _stated_freedom(table: Table) -> Sequence[float]:
    """Read residual degrees of freedom from a column, or a row, that is called so."""
    columns = [column for column, name in enumerate(table.header) if _names_freedom(name)]
    cells = [row[column] for row in table.rows for column in columns]
    cells += [cell for row in table.rows if _names_freedom(row[0]) for cell in row[1:]]
    return [float(cell) for cell in cells if is_number(cell)]


def _names_freedom(name: str) -> bool:
    named = words(name)
    return bool(named & {"df", "dof"}) and bool(named & {"resid", "residual", "residuals"})


def _derived_freedom(counts: Counts) -> Sequence[float]:
    """Take n, where a column or row gives it, less one coefficient for each row of a number."""
    header, rows = counts.table.header, counts.table.rows
    people = [
        n for (row, column), n in counts.known.items() if words(header[column]) & WHOLES or _names_n(rows[row][0])
    ]
    coefficients = [row for row in rows if not _names_n(row[0]) and any(map(is_number, row[1:]))]
    return [float(n - len(coefficients)) for n in people]


def _names_n(label: str) -> bool:
    return bool(words(label) & (WHOLES - {"total", "all"})) and not is_number(label)
