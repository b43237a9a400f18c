"""Cells a spreadsheet would run when the released table is opened."""

from collections.abc import Iterator

from egress_review.appetite import RiskAppetite
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.numbers import is_hidden, is_number
from egress_review.checks.text import counted

CHECK = "formulas"
RISK = "active content"

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # OWASP, CSV injection; full width too


def check(document: Document, _cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Find cells of a delimited file that begin like a formula and are no number."""
    if document.kind.name not in ("csv", "tsv"):
        return
    for table in document.tables:
        cells = [(row, column) for row, line in enumerate(table.rows) for column, cell in enumerate(line) if runs(cell)]
        headings = [name for name in table.header if runs(name)]
        if cells or headings:
            message = (
                f"{counted(len(cells) + len(headings), 'cell')} with the start of a formula a spreadsheet would run."
            )
            yield Finding(CHECK, RISK, "review", message, tuple(table.place(*cell) for cell in cells[:10]))
        else:
            yield Finding(CHECK, RISK, "pass", "No cell begins like a formula.")


def runs(cell: str) -> bool:
    """Ask whether a spreadsheet may take a cell for a formula."""
    return cell.startswith(STARTS) and not is_number(cell) and not is_hidden(cell)
