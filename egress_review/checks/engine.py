"""All checks of one file. The reading is done in a process apart; what stops there becomes a finding, never a pass."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from egress_review.appetite import RiskAppetite, parse_appetite
from egress_review.checks import (
    active_content,
    drug_comparison,
    file_type,
    formulas,
    hidden_cells,
    identifiers,
    images,
    notebook_outputs,
    row_matches,
    small_counts,
    statistics,
)
from egress_review.checks.cut import read_cut_facts
from egress_review.checks.document import Document
from egress_review.checks.limits import MAX_FINDINGS
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.checks.reading import read_document
from egress_review.checks.sandbox import run_apart
from egress_review.checks.text import counted

Check = Callable[[Document, CutFacts, RiskAppetite], Iterator[Finding]]

# In the order checkers read the findings; what takes longest comes last, so that a time-out takes the least.
CHECKS: Mapping[str, Check] = {
    file_type.CHECK: file_type.check,
    identifiers.CHECK: identifiers.check,
    small_counts.CHECK: small_counts.check,
    hidden_cells.CHECK: hidden_cells.check,
    statistics.CHECK: statistics.check,
    formulas.CHECK: formulas.check,
    active_content.CHECK: active_content.check,
    images.CHECK: images.check,
    notebook_outputs.CHECK: notebook_outputs.check,
    drug_comparison.CHECK: drug_comparison.check,
    row_matches.CHECK: row_matches.check,
}
ENGINE = "engine"
_ENDED = "ended"  # the reply that a check came to its end: what has none is not checked, whatever it found before


def run_checks(file: HeldFile, cut: CutFacts, appetite: RiskAppetite) -> tuple[Finding, ...]:
    """Run every check on a file, in a process apart with limits; give at least one finding, whatever the file is."""
    if (too_large := file_type.check_size(file)) is not None:
        return (too_large,)
    facts = {
        "name": file.name,
        "cut": str(cut.path),
        "forbids_drug_comparison": cut.forbids_drug_comparison,
        "appetite": appetite.model_dump(mode="json"),
    }
    outcome = run_apart("egress_review.checks.engine:examine", facts, file.content)
    findings = tuple(finding for reply in outcome.replies if (finding := _finding(reply)) is not None)
    ended = [reply.get(_ENDED) for reply in outcome.replies]
    unended = [name for name in CHECKS if name not in ended]
    if outcome.stopped or unended:
        why = outcome.stopped or "they found nothing"
        findings += tuple(_not_ended(name, why) for name in unended)
        findings += (Finding(ENGINE, "unreadable", "review", f"The checks did not come to their end ({why})."),)
    return findings


def _not_ended(name: str, why: str) -> Finding:
    message = f"This check did not come to its end ({why}): what it says of the file is not all."
    return Finding(name, "unreadable", "not_checked", message)


def _finding(reply: Mapping[str, Any]) -> Finding | None:
    """Read a finding from the process apart, which may be in a stranger's hands: what is malformed is none."""
    try:
        return Finding(**{**reply, "details": tuple(reply.get("details", ()))})
    except (TypeError, ValueError):
        return None


def examine(facts: Mapping[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    """Check a file in this very process, a finding at a time; this is what `run_checks` starts apart."""
    document = read_document(HeldFile(facts["name"], content))
    cut = read_cut_facts(Path(facts["cut"]), forbids_drug_comparison=facts["forbids_drug_comparison"])
    appetite = parse_appetite(facts["appetite"])
    for name, check in CHECKS.items():
        for finding in _limited(name, _guarded(name, check, document, cut, appetite)):
            yield {field: getattr(finding, field) for field in ("check", "risk", "status", "message", "details")}
        yield {_ENDED: name}


def _guarded(name: str, check: Check, document: Document, cut: CutFacts, appetite: RiskAppetite) -> Iterator[Finding]:
    try:
        yield from check(document, cut, appetite)
    except Exception as error:  # noqa: BLE001 - a hostile file may raise anything, and one check must not end the others
        message = f"This check stopped ({type(error).__name__}): what it says of the file is not all."
        yield Finding(name, "unreadable", "not_checked", message)


def _limited(name: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Give the first findings of each status; say how many more there are."""
    given: dict[str, int] = {}
    for finding in findings:
        given[finding.status] = given.get(finding.status, 0) + 1
        if given[finding.status] <= MAX_FINDINGS:
            yield finding
    for status, number in given.items():
        if number > MAX_FINDINGS:
            message = f"{counted(number - MAX_FINDINGS, 'more finding')} of this check, not listed."
            yield Finding(name, "unreadable", "fail" if status == "fail" else "review", message)
