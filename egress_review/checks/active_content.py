"""What would run, or be fetched from somewhere, when the released file is opened."""

from collections.abc import Iterator

from egress_review.appetite import RiskAppetite
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding, Status
from egress_review.checks.text import counted, quote

CHECK = "active content"
RISK = "active content"

_READ_FOR_IT = frozenset({"html", "svg", "notebook", "text"})


def check(document: Document, _cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Find scripts and remote addresses; a page or drawing with a script is not let out."""
    if document.kind.name not in _READ_FOR_IT:
        return
    if document.active:
        status: Status = "fail" if document.kind.name in ("html", "svg") else "review"
        message = f"{counted(len(document.active), 'thing')} to run, load or send when the file is opened."
        yield Finding(CHECK, RISK, status, message, _listed(document.active))
    if document.remote:
        addresses = counted(len(document.remote), "remote address", "remote addresses")
        message = f"{addresses}; nothing is fetched here, but who opens the file may."
        yield Finding(CHECK, RISK, "review", message, _listed(document.remote))
    if not document.active and not document.remote:
        yield Finding(CHECK, RISK, "pass", "Nothing in the file runs or is fetched.")


def _listed(things: list[str]) -> tuple[str, ...]:
    return tuple(quote(thing, 200) for thing in dict.fromkeys(things))[:20]
