"""Rows of the cut in a file's tables, told from chance.

Columns are mapped by name, or by value where no name helps. A file row counts when its mapped cells are together the
cells of somebody in the cut, and of fewer people than the minimum count: what many share is nobody's record.
What is expected by chance comes from the cut with each column shuffled on its own: there, a combination whose values
have the shares p1, p2, ... among n people is held by a Poisson number of people with mean n*p1*p2*...
The finding rests on the lift (found / expected) and on how improbable it is (a bound of the Poisson tail, times the
number of mappings tried), so an honest aggregate is not accused.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from egress_review.appetite import RiskAppetite
from egress_review.checks import cut as cuts
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding, Status
from egress_review.checks.spelling import Speller, Spelling, canonical, decimals
from egress_review.checks.tables import Table
from egress_review.checks.text import counted, quote

CHECK = "row matches"
RISK = "microdata"

FAIL_CHANCE = math.log(1e-3)  # a coincidence of one in a thousand is not taken for one
REVIEW_CHANCE = math.log(0.05)
DISTINGUISHING_COLUMNS = 3  # fewer make a combination, not a record: a person looks
MAX_MATCHED_COLUMNS = 60
MAX_CANDIDATES = 8
MIN_COVERED = 0.8  # of a column's values, to be mapped without the help of its name
SEARCH_ROWS = 1_000
TOLERANCE = 3.0  # natural logarithms by which a column may weaken the evidence and still be mapped
_SEED = 7


@dataclass(frozen=True)
class Match:
    """How far a table's rows are rows of the cut; `log_chance` bounds the probability of as many by chance."""

    where: str
    cut_table: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    expected: float
    log_chance: float


@dataclass(frozen=True)
class _Column:
    """A column of the file: its heading, its cells in canonical writing, its decimal places."""

    name: str
    cells: pl.Series
    places: int


@dataclass(frozen=True)
class _Joined:
    """The rows of file and cut, each as one hash of the cells mapped so far.

    `file` has the columns key, and share: the product of the mapped values' shares in the cut.
    """

    file: pl.DataFrame
    cut: pl.Series


def check(document: Document, cut: CutFacts, appetite: RiskAppetite) -> Iterator[Finding]:
    """Compare every table of the file, as it stands and turned, with every table of the cut."""
    if not document.tables:
        status: Status = "review" if document.kind.name in ("csv", "tsv") else "not_checked"
        yield Finding(CHECK, RISK, status, "No table was found in the file to compare with the cut.")
        return
    spellers = [Speller(table, cuts.rows(table)) for table in cut.tables]
    for table in document.tables:
        yield _judge(table, spellers, appetite)


def _judge(table: Table, spellers: Sequence[Speller], appetite: RiskAppetite) -> Finding:
    minimum = appetite.thresholds.minimum_count
    views = (table, turned(table))
    matches = [match for view in views for speller in spellers if (match := best_match(view, speller, minimum))]
    best = min(matches, key=lambda match: match.log_chance, default=None)
    if best is not None and best.log_chance <= REVIEW_CHANCE:
        return _accusation(best)
    if shape := _shape(table, spellers):
        return Finding(CHECK, RISK, "review", f"{table.where}: {shape}")
    return Finding(CHECK, RISK, "pass", f"{table.where}: no more rows of the cut than chance would have it.")


def _accusation(match: Match) -> Finding:
    is_record = len(match.columns) >= DISTINGUISHING_COLUMNS and match.log_chance <= FAIL_CHANCE
    lift = match.rows / max(match.expected, 1e-9)
    message = (
        f"{match.where}: {counted(match.rows, 'row')} of {match.cut_table}, the same on {len(match.columns)} columns; "
        f"chance would have {match.expected:.2g} (lift {lift:.3g})."
    )
    mapped = tuple(f"column {quote(ours)} is {theirs}" for ours, theirs in match.columns)
    return Finding(CHECK, RISK, "fail" if is_record else "review", message, mapped)


def _shape(table: Table, spellers: Sequence[Speller]) -> str:
    """Say what makes a table look like one row per person although its values tell nobody apart."""
    for speller in spellers:
        if len(table.rows) == speller.height:
            return f"it has as many rows as {speller.name} has."
        variables = {name.casefold() for name in speller.variables}
        if all(name.casefold() in variables for name in table.header):
            return "every column is a variable of the cut: its rows may be people, too few or too alike to be told."
    return ""


def turned(table: Table) -> Table:
    """Exchange rows and columns; the header becomes the first column."""
    lines = list(zip(table.header, *table.rows, strict=True))
    return Table(f"{table.where}, turned", lines[0], tuple(lines[1:]))


def best_match(table: Table, speller: Speller, minimum: int) -> Match | None:
    """Map the table's columns to the cut's one after the other, and give the most telling mapping on the way."""
    if not table.rows or not speller.height or len(table.header) > MAX_MATCHED_COLUMNS:
        return None
    columns = _columns(table, 1)
    mapping = _search(_columns(table, max(1, len(table.rows) // SEARCH_ROWS)), speller)
    joined, log_tried, matches = _start(columns, speller), math.log(len(mapping) or 1), list[Match]()
    for number, (index, spelling, tried) in enumerate(mapping, 1):
        joined, log_tried = _extend(joined, columns[index], spelling), log_tried + math.log(tried)
        rows, found, expected = _weigh(joined, minimum)
        if found and number > 1:
            pairs = tuple((columns[at].name, mapped.variable) for at, mapped, _ in mapping[:number])
            chance = log_chance(found, expected) + log_tried
            matches.append(Match(table.where, speller.name, pairs, rows, expected, chance))
    return min(matches, key=lambda match: (match.log_chance, -len(match.columns)), default=None)


def _columns(table: Table, step: int) -> list[_Column]:
    sample = table.rows[::step]
    return [
        _Column(name, pl.Series([canonical(row[index]) for row in sample]), decimals(table.column(index)))
        for index, name in enumerate(table.header)
    ]


def _search(columns: Sequence[_Column], speller: Speller) -> list[tuple[int, Spelling, int]]:
    """Map greedily, the column with most values first; a column that ends the match is left out.

    Gives for each mapped column its index, the variable as it is spelled, and out of how many it was chosen.
    """
    joined, mapping, score = _start(columns, speller), list[tuple[int, Spelling, int]](), 0.0
    for index in sorted(range(len(columns)), key=lambda index: -columns[index].cells.n_unique()):
        taken = {spelling.variable for _, spelling, _ in mapping}
        offers = [spelling for spelling in _offers(columns[index], speller) if spelling.variable not in taken]
        tries = [(_extend(joined, columns[index], spelling), spelling) for spelling in offers]
        scored = [(_score(attempt), number) for number, (attempt, _) in enumerate(tries)]
        best, number = min(scored, default=(math.inf, 0))
        if best <= score + TOLERANCE:
            joined, score = tries[number][0], min(score, best)
            mapping.append((index, tries[number][1], len(tries)))
    return mapping


def _offers(column: _Column, speller: Speller) -> list[Spelling]:
    """List the variables a column may be: the one of its name, else those that know its values, the likest first."""
    counts = column.cells.value_counts()
    shares = dict(zip(counts[:, 0], counts[:, 1] / len(column.cells), strict=True))
    values = [value for value in shares if value] or [""]
    covered = {
        number: sum(value in spelling.shares for value in values) / len(values)
        for number, spelling in enumerate(speller.spellings(column.places))
    }
    spellings = speller.spellings(column.places)
    named = [number for number in covered if spellings[number].variable.casefold() == column.name.casefold()]
    if any(covered[number] for number in named):
        return [spellings[max(named, key=covered.__getitem__)]]
    known = [spellings[number] for number, share in covered.items() if share >= MIN_COVERED]
    return sorted(known, key=lambda spelling: _distance(shares, spelling))[:MAX_CANDIDATES]


def _distance(shares: dict[str, float], spelling: Spelling) -> float:
    return sum(abs(share - spelling.shares.get(value, 0.0)) for value, share in shares.items())


def _start(columns: Sequence[_Column], speller: Speller) -> _Joined:
    height = len(columns[0].cells)
    file = pl.DataFrame(
        {"key": pl.zeros(height, pl.UInt64, eager=True), "share": pl.ones(height, pl.Float64, eager=True)}
    )
    return _Joined(file, pl.zeros(speller.height, pl.UInt64, eager=True))


def _extend(joined: _Joined, column: _Column, spelling: Spelling) -> _Joined:
    """Map one more column: hash its cells into the keys, on both sides in the same way."""
    values = list(spelling.shares)
    share = column.cells.replace_strict(values, list(spelling.shares.values()), default=0.0, return_dtype=pl.Float64)
    file = pl.DataFrame({"key": _hashed(joined.file["key"], column.cells), "share": joined.file["share"] * share})
    return _Joined(file, _hashed(joined.cut, spelling.cells))


def _hashed(keys: pl.Series, cells: pl.Series) -> pl.Series:
    return pl.DataFrame({"key": keys, "cell": cells}).hash_rows(seed=_SEED)


def _expected(file: pl.DataFrame, people: int) -> float:
    """Sum over combinations the chance that anybody holds them in the shuffled cut: 1 - exp(-n*share)."""
    return float((1 - (-people * file["share"]).exp()).sum())


def _score(joined: _Joined) -> float:
    distinct = joined.file.unique("key")
    found = int(distinct["key"].is_in(joined.cut.unique().implode()).sum())
    return log_chance(found, _expected(distinct, len(joined.cut)))


def _weigh(joined: _Joined, minimum: int) -> tuple[int, int, float]:
    """Count file rows, and their distinct combinations, held by 1 to minimum - 1 people; and those expected."""
    holders = joined.cut.alias("key").value_counts(name="people")
    distinct = joined.file.unique("key").join(holders, on="key", how="left")
    rare = distinct.filter(pl.col("people").fill_null(0) < minimum)
    found = rare.filter(pl.col("people").is_not_null())
    rows = int(joined.file["key"].is_in(found["key"].implode()).sum())
    return rows, found.height, _expected(rare, len(joined.cut))


def log_chance(found: int, expected: float) -> float:
    """Bound the logarithm of the chance of so many, or more, of a Poisson number; above 0 for fewer than expected.

    The tail's terms fall at least as fast as a geometric series: P(X >= k) <= P(X = k) * (k + 1) / (k + 1 - mean).
    """
    mean = max(expected, 1e-12)
    if found <= mean:
        return mean - found + (found * math.log(found / mean) if found else 0.0)
    term = found * math.log(mean) - mean - math.lgamma(found + 1)
    return min(0.0, term + math.log((found + 1) / (found + 1 - mean)))
