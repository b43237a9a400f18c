"""What a file may be: by content and by name, and how large."""

from collections.abc import Iterator

from egress_review.appetite import RiskAppetite
from egress_review.checks.document import Document
from egress_review.checks.limits import MAX_FILE_BYTES
from egress_review.checks.models import CutFacts, Finding, HeldFile, Status
from egress_review.checks.text import counted, quote, unseen

CHECK = "file type"
RISK = "hidden content"

_TEXTUAL = frozenset({"csv", "tsv", "text", "code", "json", "notebook", "svg", "html"})
_STATUS: dict[str, Status] = {"read": "pass", "review": "review", "held": "not_checked", "refused": "fail"}
_WORDS = {
    "read": "is read by the checks.",
    "review": "can load, run and hide things; a person looks.",
    "held": "is not read by any check yet.",
    "refused": "may hold rows or run code and is not let out.",
}


def check_size(file: HeldFile) -> Finding | None:
    """Find a file over the limit; nothing of it is read."""
    if len(file.content) <= MAX_FILE_BYTES:
        return None
    message = f"The file has {len(file.content):,} bytes; over {MAX_FILE_BYTES:,} nothing is read."
    return Finding(CHECK, RISK, "not_checked", message)


def check(document: Document, _cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Judge what the file is, whether its name says the same, and whether all of it could be read."""
    yield _agreement(document)
    if hidden := unseen(document.file.name):
        yield Finding(CHECK, RISK, "fail", f"The file's name holds characters that don't show: {', '.join(hidden)}.")
    if document.faults:
        message = f"Not all of the file could be read ({counted(len(document.faults), 'reason')})."
        yield Finding(CHECK, "unreadable", "review", message, tuple(dict.fromkeys(document.faults))[:20])


def _agreement(document: Document) -> Finding:
    named, content = document.named, document.content
    if not document.file.content.strip():
        return Finding(CHECK, RISK, "review", "The file is empty.")
    if named is not None and named is not content and not (named.name in _TEXTUAL and content.name in _TEXTUAL):
        message = f"The name says {named.label}, the content is {content.label}."
        return Finding(CHECK, RISK, "fail", message)
    if named is None and content.handling == "read":
        message = f"The ending of {quote(document.file.name)} says nothing; the content is {content.label}."
        return Finding(CHECK, RISK, "review", message)
    if named is not None and named is not document.kind:
        message = f"The name says {named.label}, the content is {content.label}."
        return Finding(CHECK, RISK, "review", message)
    kind = document.kind
    return Finding(CHECK, RISK, _STATUS[kind.handling], f"{kind.label} {_WORDS[kind.handling]}")
