"""Hidden cells that the totals give back: primary suppression alone is not safe."""

from collections.abc import Iterator, Sequence

from egress_review.appetite import RiskAppetite
from egress_review.checks.counts import Counts, Place
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.small_counts import inner
from egress_review.checks.text import counted

CHECK = "hidden cells"
RISK = "low count"


def check(document: Document, cut: CutFacts, appetite: RiskAppetite) -> Iterator[Finding]:
    """Try to recover every hidden count of every table from its own totals."""
    for counts in document.counts(cut):
        if counts.hidden:
            yield from _judge(counts, appetite)


def _judge(counts: Counts, appetite: RiskAppetite) -> Iterator[Finding]:
    table, recovered = counts.table, recover(counts)
    minimum = appetite.thresholds.minimum_count
    for place, people in sorted(recovered.items()):
        if people < minimum:
            message = f"{table.where}: {table.place(*place)} is hidden, but the totals give it back."
            yield Finding(CHECK, RISK, "fail", message)
    if remaining := len(counts.hidden) - len(recovered):
        message = (
            f"{table.where}: {counted(remaining, 'hidden cell')} that subtraction in this table does not give back; "
        )
        yield Finding(CHECK, RISK, "review", message + "bounds, and other tables, were not tried.")
    elif all(people >= minimum for people in recovered.values()):
        message = f"{table.where}: the totals give the hidden cells back; each is {minimum} people or more."
        yield Finding(CHECK, RISK, "pass", message)


def recover(counts: Counts) -> dict[Place, int]:
    """Solve, one unknown at a time, the sums a table's totals state; give the hidden cells that come out."""
    sums = _sums(counts)
    solved: dict[Place, int] = {}
    progress = True
    while progress:
        progress = False
        for parts, total in sums:
            values = {place: solved.get(place, counts.cells[place]) for place in (*parts, total)}
            unknown = [place for place, people in values.items() if people is None]
            if len(unknown) == 1:
                inside = sum(values[place] or 0 for place in parts)
                solved[unknown[0]] = inside if unknown[0] == total else (values[total] or 0) - inside
                progress = True
    return solved


def _sums(counts: Counts) -> Sequence[tuple[tuple[Place, ...], Place]]:
    """List the sums of a table: its rows against columns of totals, its columns against rows of totals."""
    rows, columns = inner(counts)
    total_rows, total_columns = sorted(counts.total_rows), sorted(counts.total_columns)
    across = [
        (tuple((row, column) for column in columns), (row, total))
        for row in (*rows, *total_rows)
        for total in total_columns
    ]
    down = [
        (tuple((row, column) for row in rows), (total, column))
        for column in (*columns, *total_columns)
        for total in total_rows
    ]
    return [(parts, total) for parts, total in across + down if all(p in counts.cells for p in (*parts, total))]
