"""Pages of feasibility counts: a form, a box for a cohort written as text, and every answer given so far."""

from collections import defaultdict
from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import InvalidInput, MyelinError
from core.web.visit import SignedIn, Visit
from data_catalog.cohort import people_table
from data_catalog.errors import BudgetSpent
from data_catalog.feasibility import fields, policy, service
from data_catalog.filter import LONGEST
from data_catalog.service import edition, newest_editions

router = APIRouter()


@router.get("/feasibility")
def feasibility(visit: SignedIn, dataset: str = "", cohort: str = "") -> Response:
    """Show the form of a dataset and what it has answered so far; without a dataset, the choice of one."""
    if not dataset:
        return visit.show("data_catalog/feasibility_choice.html", editions=newest_editions(visit.database))
    return _page(visit, dataset, {fields.TEXT: cohort})


@router.post("/{dataset_id}/feasibility")
def ask(visit: SignedIn, dataset_id: str) -> Response:
    """Answer a question, which then stands first among the answers; a refusal keeps what was said."""
    try:
        value = service.ask(visit.database, visit.settings, visit.person, dataset_id, visit.form)
    except (InvalidInput, BudgetSpent) as refusal:
        return _page(visit, dataset_id, visit.form, refusal)
    words = f"{policy.in_words(value)}: the question stands among the answers below."
    return visit.go(f"/data/feasibility?dataset={dataset_id}", words)


def _page(visit: Visit, dataset: str, said: Mapping[str, str], refusal: MyelinError | None = None) -> Response:
    found = edition(visit.database, dataset)
    return visit.show(
        "data_catalog/feasibility.html",
        status=refusal.status if refusal else 200,
        edition=found,
        people=people_table(found.declaration),
        answers=service.answers(visit.database, dataset),
        spent=service.spent_on(visit.database, dataset, visit.person),
        policy=policy,
        fields=fields,
        longest=LONGEST,
        said=defaultdict(str, said),
        refusal=refusal,
    )
