"""Rows of the cut in a file's tables, told from chance.

Columns are mapped by name, or by value where no name helps. A file row counts when its mapped cells are together the
cells of somebody in the cut, and of fewer people than the minimum count: what many share is nobody's record.
What is expected by chance comes from the shares of the values in the cut, and from which values go together in pairs
(joining.py). The finding rests on the lift (found / expected) and on how improbable it is (a bound of the Poisson tail,
times the number of mappings tried), so an honest aggregate is not accused.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from egress_review.appetite import RiskAppetite
from egress_review.checks.columns import CodedTable, Numbers
from egress_review.checks.document import Document
from egress_review.checks.joining import Cells, Joined, Mapped, extend, holders, likeliest, mapped, start
from egress_review.checks.models import CutFacts, Finding, Status
from egress_review.checks.spelling import Speller, canonical, decimals
from egress_review.checks.tables import Table
from egress_review.checks.text import counted, quote

CHECK = "row matches"
RISK = "microdata"

FAIL_CHANCE = math.log(1e-3)  # a coincidence of one in a thousand is not taken for one
REVIEW_CHANCE = math.log(0.05)
DISTINGUISHING_COLUMNS = 3  # fewer make a combination, not a record: a person looks
MAX_MATCHED_COLUMNS = 60
MAX_CANDIDATES = 8
MIN_LIFT = 3.0  # times what chance would have: values may go together in threes and more, which chance doesn't know
MIN_COVERED = 0.8  # of a column's values, to be mapped without the help of its name
SEARCH_ROWS = 1_000
TOLERANCE = 3.0  # natural logarithms by which a column may weaken the evidence and still be mapped


@dataclass(frozen=True)
class Match:
    """How far a table's rows are rows of the cut; `log_chance` bounds the probability of as many by chance."""

    where: str
    cut_table: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    found: int
    expected: float
    log_chance: float


def check(document: Document, cut: CutFacts, appetite: RiskAppetite) -> Iterator[Finding]:
    """Compare every table of the file, as it stands and turned, with every table of the cut."""
    if not document.tables:
        status: Status = "review" if document.kind.name in ("csv", "tsv") else "not_checked"
        yield Finding(CHECK, RISK, status, "No table was found in the file to compare with the cut.")
        return
    spellers = [Speller(CodedTable(table)) for table in cut.tables]
    for table in document.tables:
        yield _judge(table, spellers, appetite)


def _judge(table: Table, spellers: Sequence[Speller], appetite: RiskAppetite) -> Finding:
    minimum = appetite.thresholds.minimum_count
    views = (table, turned(table)) if len(table.rows) < MAX_MATCHED_COLUMNS else (table,)
    matches = [match for view in views for speller in spellers if (match := best_match(view, speller, minimum))]
    best = min(matches, key=lambda match: match.log_chance, default=None)
    if best is not None and best.log_chance <= REVIEW_CHANCE:
        return _accusation(best)
    if not table.is_whole:
        message = (
            f"{table.where}: only its first {len(table.rows):,} rows were compared, and chance would have as many."
        )
        return Finding(CHECK, RISK, "not_checked", message)
    if shape := _shape(table, spellers):
        return Finding(CHECK, RISK, "review", f"{table.where}: {shape}")
    return Finding(CHECK, RISK, "pass", f"{table.where}: no more rows of the cut than chance would have it.")


def _accusation(match: Match) -> Finding:
    lift = match.found / max(match.expected, 1e-9)
    is_sure = match.log_chance <= FAIL_CHANCE and lift >= MIN_LIFT
    is_record = len(match.columns) >= DISTINGUISHING_COLUMNS and is_sure
    message = (
        f"{match.where}: {counted(match.rows, 'row')} of {match.cut_table}, the same on {len(match.columns)} columns; "
        f"chance would have {match.expected:.2g} (lift {lift:.3g})."
    )
    mapped = tuple(f"column {quote(ours)} is {theirs}" for ours, theirs in match.columns)
    return Finding(CHECK, RISK, "fail" if is_record else "review", message, mapped)


def _shape(table: Table, spellers: Sequence[Speller]) -> str:
    """Say what makes a table look like one row per person although its values tell nobody apart."""
    for speller in spellers:
        if len(table.rows) in (speller.rows.height, speller.rows.people_count):
            return f"it has as many rows as {speller.name} has rows or people."
        variables = {name.casefold() for name in speller.rows.variables}
        if all(name.casefold() in variables for name in table.header):
            return "every column is a variable of the cut: its rows may be people, too few or too alike to be told."
    return ""


def turned(table: Table) -> Table:
    """Exchange rows and columns; the header becomes the first column."""
    lines = list(zip(table.header, *table.rows, strict=True))
    return Table(f"{table.where}, turned", lines[0], tuple(lines[1:]))


def best_match(table: Table, speller: Speller, minimum: int) -> Match | None:
    """Map the table's columns to the cut's one after the other, and give the most telling mapping on the way."""
    if not table.rows or not speller.rows.height or len(table.header) > MAX_MATCHED_COLUMNS:
        return None
    lines = np.arange(len(table.rows))
    mapping = _search(_columns(table), speller, lines[:: max(1, len(lines) // SEARCH_ROWS)])
    joined, log_tried, matches = start(speller.rows, lines), math.log(len(mapping) or 1), list[Match]()
    for column, tried in mapping:
        joined, log_tried = extend(joined, column, likeliest(joined, column, minimum)), log_tried + math.log(tried)
        rows, found, expected = _weigh(joined, minimum)
        if found and len(joined.columns) > 1:
            pairs = tuple((mapped.cells.name, mapped.variable) for mapped in joined.columns)
            chance = log_chance(found, expected) + log_tried
            matches.append(Match(table.where, speller.name, pairs, rows, found, expected, chance))
    return min(matches, key=lambda match: (match.log_chance, -len(match.columns)), default=None)


def _columns(table: Table) -> list[Cells]:
    return [_cells(name, table.column(index)) for index, name in enumerate(table.header)]


def _cells(name: str, written: Sequence[str]) -> Cells:
    different = {cell: canonical(cell) for cell in dict.fromkeys(written)}
    number_of = {text: number for number, text in enumerate(dict.fromkeys(different.values()))}
    ids = np.array([number_of[different[cell]] for cell in written], dtype=np.int64)
    return Cells(name, tuple(number_of), ids, decimals(tuple(different)))


def _search(columns: Sequence[Cells], speller: Speller, lines: Numbers) -> list[tuple[Mapped, int]]:
    """Map greedily, by some lines of the file, the column with most values first; a column that ends the match is left.

    Gives each column as it is mapped, and out of how many variables it was chosen.
    """
    joined, mapping, score = start(speller.rows, lines), list[tuple[Mapped, int]](), 0.0
    for cells in sorted(columns, key=lambda cells: -len(np.unique(cells.ids[lines]))):
        taken = {column.variable for column, _ in mapping}
        offers = [offer for offer in _offers(cells, speller, lines) if offer.variable not in taken]
        tries = [extend(joined, offer) for offer in offers]
        scored = [(_score(attempt), number) for number, attempt in enumerate(tries)]
        best, number = min(scored, default=(math.inf, 0))
        if best <= score + TOLERANCE:
            joined, score = tries[number], min(score, best)
            mapping.append((offers[number], len(tries)))
    return mapping


def _offers(cells: Cells, speller: Speller, lines: Numbers) -> list[Mapped]:
    """List the variables a column may be: the one of its name, else those that know its values, the likest first."""
    named = [name for name in speller.rows.variables if name.casefold() == cells.name.casefold()]
    offers = [mapped(cells, way) for name in named for way in speller.spellings(name, cells.places)]
    if any(_covered(offer, lines) for offer in offers):
        return [max(offers, key=lambda offer: _covered(offer, lines))]
    others = (way for name in speller.rows.variables for way in speller.spellings(name, cells.places))
    known = [offer for way in others if _covered(offer := mapped(cells, way), lines) >= MIN_COVERED]
    return sorted(known, key=lambda offer: _distance(offer, lines))[:MAX_CANDIDATES]


def _covered(offer: Mapped, lines: Numbers) -> float:
    """Give the part of a column's different values that are known, the missing one only where there is no other."""
    ids = np.unique(offer.cells.ids[lines])
    values = np.array([number for number in ids if offer.cells.texts[number]] or ids)
    return float((offer.shares[values] > 0).mean())


def _distance(offer: Mapped, lines: Numbers) -> float:
    ids, counts = np.unique(offer.cells.ids[lines], return_counts=True)
    return float(abs(counts / len(lines) - offer.shares[ids]).sum())


def _score(joined: Joined) -> float:
    return log_chance(len(np.unique(joined.cut_keys)), float(joined.expected.sum()))


def _weigh(joined: Joined, minimum: int) -> tuple[int, int, float]:
    """Count file rows, and their distinct combinations, held by 1 to minimum - 1 people; and those expected."""
    people = holders(joined, minimum)
    is_rare, is_found = people < minimum, (people > 0) & (people < minimum)
    return int(is_found[joined.keys].sum()), int(is_found.sum()), float(joined.expected[is_rare].sum())


def log_chance(found: int, expected: float) -> float:
    """Bound the logarithm of the chance of so many, or more, of a Poisson number; above 0 for fewer than expected.

    The tail's terms fall at least as fast as a geometric series: P(X >= k) <= P(X = k) * (k + 1) / (k + 1 - mean).
    """
    mean = max(expected, 1e-12)
    if found <= mean:
        return mean - found + (found * math.log(found / mean) if found else 0.0)
    term = found * math.log(mean) - mean - math.lgamma(found + 1)
    return min(0.0, term + math.log((found + 1) / (found + 1 - mean)))
