"""Cells of too few people, empty cells, and groups that lie wholly in one cell."""

from collections.abc import Iterator, Sequence
from itertools import product

from egress_review.appetite import RiskAppetite
from egress_review.checks import cut as cuts
from egress_review.checks.counts import Counts, Place
from egress_review.checks.coverage import Terms, repeated_rows, unjudged
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding, Status
from egress_review.checks.numbers import below, whole
from egress_review.checks.text import counted, quote
from egress_review.checks.vocabulary import STATISTICS, WHOLES, words

CHECK = "small counts"
LOW, CLASS = "low count", "class disclosure"
MAX_NAMED = 3  # cells named in a finding's message
MAX_LISTED = 50  # and in its details


def check(document: Document, cut: CutFacts, appetite: RiskAppetite) -> Iterator[Finding]:
    """Judge every count of every table of the file."""
    if not document.counts(cut):
        status: Status = "review" if document.kind.name in ("csv", "tsv") else "not_checked"
        yield Finding(CHECK, LOW, status, "No table was found in the file; numbers in text or pictures are not read.")
    terms = Terms(cuts.variables(cut), cuts.terms(cut), appetite.thresholds.minimum_count)
    for counts in document.counts(cut):
        yield from judge_counts(counts, appetite)
        yield from _not_judged(counts, terms)
        yield from _too_many(counts, cuts.most_rows(cut))
    if document.outside and document.counts(cut):
        places = counted(len(document.outside), "place")
        message = f"Text, or values that are in no table, in {places}: numbers in it are not read."
        yield Finding(CHECK, LOW, "not_checked", message, tuple(document.outside[:MAX_LISTED]))


def judge_counts(counts: Counts, appetite: RiskAppetite) -> Iterator[Finding]:
    """Judge the counts of one table: at least one finding, and `pass` only for cells that were recognised."""
    where, minimum = counts.table.where, appetite.thresholds.minimum_count
    faults = [*_low(counts, minimum)]
    if appetite.thresholds.zero_is_disclosive:
        faults += [*_empty(counts), *_whole_groups(counts)]
    yield from faults
    yield from _doubts(counts, minimum)
    headings = "columns " + ", ".join(quote(name) for name in counts.table.header[:20])
    if not counts.known:
        message = f"{where}: no counts of people were recognised, so none were checked."
        yield Finding(CHECK, LOW, "review", message, (headings,))
    elif not faults:
        empty = "" if appetite.thresholds.zero_is_disclosive else ", or 0"
        message = f"{where}: {counted(len(counts.known), 'count')} checked, of {minimum} people or more{empty}."
        yield Finding(CHECK, LOW, "pass", message, (headings,))


def _fault(counts: Counts, risk: str, places: Sequence[Place], what: str) -> Iterator[Finding]:
    """Put the cells of one table with one fault into one finding: the first by row and column in its message."""
    named = [counts.table.place(*place) for place in sorted(places)]
    if named:
        more = f" and {counted(len(named) - MAX_NAMED, 'more cell')}" if len(named) > MAX_NAMED else ""
        message = f"{counts.table.where}: {'; '.join(named[:MAX_NAMED])}{more}: {what}."
        yield Finding(CHECK, risk, "fail", message, tuple(named[:MAX_LISTED]))


def _low(counts: Counts, minimum: int) -> Iterator[Finding]:
    places = [place for place, people in counts.known.items() if 0 < people < minimum]
    bounds = {
        (row, column): below(cell)
        for row, cells in enumerate(counts.table.rows)
        for column, cell in enumerate(cells)
        if column or (row, column) in counts.cells
    }
    places += [place for place, bound in bounds.items() if bound is not None and bound < minimum]
    yield from _fault(counts, LOW, places, f"fewer than {minimum} people")


def _empty(counts: Counts) -> Iterator[Finding]:
    places = [place for place, people in counts.known.items() if people == 0 and not counts.is_missing(place)]
    yield from _fault(counts, CLASS, places, "empty, nobody is in it")
    for share, who in ((0.0, "nobody"), (100.0, "everybody")):
        cells = [place for place, said in counts.percentages.items() if said == share and not counts.is_total(place)]
        yield from _fault(counts, CLASS, cells, f"{share:g}%: {who} of the group")


def _whole_groups(counts: Counts) -> Iterator[Finding]:
    """Find rows and columns of a cross-tabulation that lie wholly in one cell."""
    rows, columns = inner(counts)
    lines = [[(row, column) for column in columns] for row in rows]
    lines += [[(row, column) for row in rows] for column in columns]
    full = [[place for place in line if counts.cells.get(place) != 0] for line in lines if len(line) > 1]
    places = {line[0] for line in full if len(line) == 1 and counts.cells.get(line[0])}
    if counts.is_crosstab:
        yield from _fault(counts, CLASS, sorted(places), "everybody of its row or column is in this one cell")


def inner(counts: Counts) -> tuple[Sequence[int], Sequence[int]]:
    """Give the rows and columns of a cross-tabulation that are not totals."""
    rows = sorted({row for row, _ in counts.cells} - counts.total_rows)
    return rows, sorted(counts.columns - counts.total_columns)


def _doubts(counts: Counts, minimum: int) -> Iterator[Finding]:
    table = counts.table
    if counts.unread:
        places = tuple(table.place(*place) for place in counts.unread[:MAX_LISTED])
        unread = counted(len(counts.unread), "cell")
        message = f"{table.where}: {unread} under a heading of counts, without a whole number."
        yield Finding(CHECK, LOW, "review", message, places)
    known = ((place, whole(table.rows[place[0]][place[1]])) for place in counts.doubtful)
    if small := [place for place, people in known if people is not None and people < minimum]:
        names = list(dict.fromkeys(table.header[column] or f"column {column + 1}" for _, column in small))
        message = f"{table.where}: small whole numbers in {', '.join(map(quote, names[:MAX_NAMED]))}; "
        places = tuple(table.place(*place) for place in small[:MAX_LISTED])
        yield Finding(CHECK, LOW, "review", message + "no heading says whether they count people.", places)
    if leaves := tuple(_complements(counts, minimum)):
        message = f"{table.where}: a count or percentage leaves fewer than {minimum} people of its whole, or is so few."
        yield Finding(CHECK, LOW, "review", message, leaves[:MAX_LISTED])
    if absent := tuple(_absent_rows(counts)):
        message = f"{table.where}: {counted(len(absent), 'combination')} without a row: left out, or nobody is there."
        yield Finding(CHECK, CLASS, "review", message, absent[:MAX_LISTED])


def _not_judged(counts: Counts, terms: Terms) -> Iterator[Finding]:
    """Name what is neither a count nor a label, where something else of the table was judged."""
    if not counts.known:
        return
    where, header = counts.table.where, counts.table.header
    if not counts.table.is_whole:
        message = f"{where}: what comes after the first {len(counts.table.rows):,} rows was not read."
        yield Finding(CHECK, LOW, "not_checked", message)
    if columns := unjudged(counts, terms):
        names = tuple(quote(header[column]) if header[column] else f"column {column + 1}" for column in columns)
        message = f"{where}: {', '.join(names[:MAX_NAMED])}{' and others' if len(names) > MAX_NAMED else ''}: "
        message += "neither counts nor plain labels in the cells or the heading; no rule judged them."
        yield Finding(CHECK, LOW, "not_checked", message, names[:MAX_LISTED])
    if rows := repeated_rows(counts, terms):
        message = f"{where}: {counted(len(rows), 'row')} without labels of their own: they may be people, not groups."
        yield Finding(CHECK, LOW, "not_checked", message, tuple(f"row {row + 1}" for row in rows[:MAX_LISTED]))


def _too_many(counts: Counts, most: int) -> Iterator[Finding]:
    """Find counts of more people than there are: other things than people, or values that were made large."""
    groups = {p: n for p, n in counts.known.items() if not counts.is_total(p) and not counts.is_missing(p)}
    for column in sorted(counts.columns):
        if (people := sum(n for (_, at), n in groups.items() if at == column)) > most:
            heading = quote(counts.table.header[column]) if counts.table.header[column] else f"column {column + 1}"
            message = f"{counts.table.where}: {heading} adds up to {people:,}, and the cut has {most:,} rows: "
            message += "its groups overlap, or it does not count people."
            yield Finding(CHECK, LOW, "review", message)


def _complements(counts: Counts, minimum: int) -> Iterator[str]:
    """Find the rows whose whole, less one of its parts, is a small group; a part may be said as a percentage."""
    wholes = [column for column in counts.columns if words(counts.table.header[column]) & WHOLES]
    columns = range(len(counts.table.header))
    for row, cells in enumerate(() if counts.is_crosstab else counts.table.rows):
        people = [known for column in wholes if (known := counts.cells.get((row, column))) is not None]
        others = [counts.cells.get((row, column)) for column in columns if column not in wholes]
        shares = [share for column in columns if (share := counts.percentages.get((row, column))) is not None]
        said = [number * share / 100 for number in people for share in shares]
        parts = [float(part) for part in others if part is not None] + said
        if any(0.5 < rest < minimum for rest in [number - part for number in people for part in parts] + said):
            yield f"row {row + 1} ({quote(cells[0])})"


def _absent_rows(counts: Counts) -> Iterator[str]:
    """Find the combinations of two labels that have no row of their own in a long table of counts."""
    header = counts.table.header
    measured = counts.columns | {column for _, column in counts.percentages}
    labels = [c for c in range(len(header)) if c not in measured and not words(header[c]) & STATISTICS]
    if counts.is_crosstab or len(labels) != 2:
        return
    first, second = (counts.table.column(column) for column in labels)
    present = set(zip(first, second, strict=True))
    if len(present) != len(counts.table.rows) or len(set(first)) * len(set(second)) > 10 * len(present):
        return
    for one, other in product(dict.fromkeys(first), dict.fromkeys(second)):
        if (one, other) not in present:
            yield f"{quote(header[labels[0]])} {quote(one)}, {quote(header[labels[1]])} {quote(other)}"
