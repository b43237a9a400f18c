"""Every output of a notebook is an output: each is judged on its own, by its MIME type."""

from collections.abc import Iterator

from egress_review.appetite import RiskAppetite
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding, Status

CHECK = "notebook outputs"

_BY_TYPE: tuple[tuple[str, Status, str, str], ...] = (
    ("text/plain", "review", "low count", "text; its tables were checked as tables, the rest is for a reader"),
    ("text/html", "review", "active content", "HTML; its tables were checked as tables, the rest is for a reader"),
    ("text/markdown", "review", "active content", "Markdown; for a reader"),
    ("text/latex", "review", "low count", "LaTeX; for a reader"),
    ("image/png", "review", "low count", "a picture; look at it beside the table it was made from"),
    ("image/jpeg", "review", "low count", "a picture; look at it beside the table it was made from"),
    ("image/svg+xml", "review", "microdata", "a drawing that holds its points as numbers"),
    ("application/javascript", "fail", "active content", "a script; scripts are not let out"),
    ("application/json", "review", "microdata", "JSON; its tables were checked as tables"),
    ("application/vnd.vega", "review", "microdata", "a chart that carries its data; they were checked as tables"),
    ("application/vnd.plotly", "review", "microdata", "a chart that carries its data; they were checked as tables"),
)


def check(document: Document, _cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Say of every representation of every output what it is and who must look."""
    if document.kind.name != "notebook":
        return
    for output in document.outputs:
        status, risk, what = _judge(output.mime)
        yield Finding(CHECK, risk, status, f"{output.where} ({output.mime}): {what}.")
    if not document.outputs:
        yield Finding(CHECK, "hidden content", "review", "The notebook has no outputs; its source is for a reader.")


def _judge(mime: str) -> tuple[Status, str, str]:
    for start, status, risk, what in _BY_TYPE:
        if mime.startswith(start):
            return status, risk, what
    return "not_checked", "hidden content", "of a type no check reads"
