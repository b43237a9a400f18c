"""Pages of the catalogue: resources, datasets, variables. No value of anybody is shown, and no exact count."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.permissions import may
from core.web.visit import SignedIn
from data_catalog import pages, service
from data_catalog.downloads import router as downloads
from data_catalog.feasibility.routes import router as feasibility
from data_catalog.permissions import LEDGER_READ, NUMBERS_PUBLISH
from data_catalog.published.routes import router as ledger
from data_catalog.published.service import publish_numbers, quality_report
from data_catalog.quality.models import STATUS_WORDS, Axis

router = APIRouter(prefix="/data")


@router.get("")
def catalog(visit: SignedIn) -> Response:
    """List the resources and their datasets, with the map of the registries."""
    may_read = may(visit.person, LEDGER_READ)
    return visit.show("data_catalog/datasets.html", page=pages.catalog_page(visit.database), may_read_ledger=may_read)


@router.get("/search")
def search(visit: SignedIn, words: str = "") -> Response:
    """Find datasets, and variables in every dataset."""
    found = pages.search_everywhere(visit.database, words)
    return visit.show("data_catalog/search.html", found=found, words=words, fewest=pages.FEWEST)


router.include_router(feasibility)
router.include_router(ledger)
router.include_router(downloads)


@router.get("/{dataset_id}")
def dataset(visit: SignedIn, dataset_id: str, words: str = "") -> Response:
    """Show a dataset's newest edition and its dictionary."""
    page = pages.dataset_page(visit.database, dataset_id, words)
    report = quality_report(visit.settings, page.edition)
    return visit.show(
        "data_catalog/dataset.html",
        page=page,
        words=words,
        report=report,
        can_publish=may(visit.person, NUMBERS_PUBLISH),
        may_read_ledger=may(visit.person, LEDGER_READ),
    )


@router.post("/{dataset_id}/numbers")
def numbers(visit: SignedIn, dataset_id: str) -> Response:
    """Publish the numbers of a dataset's newest edition."""
    count = publish_numbers(visit.database, visit.settings, visit.person, dataset_id)
    return visit.go(f"/data/{dataset_id}", f"{count} numbers are published and in the ledger.")


@router.get("/{dataset_id}/quality")
def quality(visit: SignedIn, dataset_id: str) -> Response:
    """Show the quality report of a dataset's newest edition."""
    edition = service.edition(visit.database, dataset_id)
    report = quality_report(visit.settings, edition)
    return visit.show("data_catalog/quality.html", edition=edition, report=report, axes=list(Axis), words=STATUS_WORDS)


@router.get("/{dataset_id}/{table_id}/{variable}")
def variable(visit: SignedIn, dataset_id: str, table_id: str, variable: str) -> Response:
    """Show a variable: its definition, its way from the source, and what was published of it."""
    page = pages.variable_page(visit.database, dataset_id, table_id, variable)
    return visit.show("data_catalog/variable.html", page=page)
