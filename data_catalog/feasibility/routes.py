"""Pages of feasibility counts: a form, and every answer given so far."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.web.visit import SignedIn
from data_catalog.feasibility import cohort, policy, service
from data_catalog.service import edition, newest_editions

router = APIRouter()


@router.get("/feasibility")
def feasibility(visit: SignedIn, dataset: str = "") -> Response:
    """Show the form of a dataset and what it has answered so far; without a dataset, the choice of one."""
    editions = newest_editions(visit.database)
    if not dataset:
        return visit.show("data_catalog/feasibility_choice.html", editions=editions)
    return visit.show(
        "data_catalog/feasibility.html",
        edition=edition(visit.database, dataset),
        answers=service.answers(visit.database, dataset),
        spent=service.spent_on(visit.database, dataset, visit.person),
        policy=policy,
        cohort=cohort,
    )


@router.post("/{dataset_id}/feasibility")
def ask(visit: SignedIn, dataset_id: str) -> Response:
    """Answer a question, which then stands first among the answers."""
    value = service.ask(visit.database, visit.settings, visit.person, dataset_id, visit.form)
    words = "Fewer than ten people" if value.startswith("<") else f"About {int(value):,} people"
    return visit.go(f"/data/feasibility?dataset={dataset_id}", f"{words}: the question stands among the answers below.")
