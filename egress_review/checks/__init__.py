"""The checks of held files: what a machine can say before two people look."""

from egress_review.checks.cut import CutUnreadable, read_cut_facts
from egress_review.checks.engine import CHECKS, run_checks
from egress_review.checks.models import CutFacts, CutTable, Finding, HeldFile, Status

__all__ = [
    "CHECKS",
    "CutFacts",
    "CutTable",
    "CutUnreadable",
    "Finding",
    "HeldFile",
    "Status",
    "read_cut_facts",
    "run_checks",
]
