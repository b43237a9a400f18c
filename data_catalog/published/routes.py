"""Pages of the ledger of published numbers: what was published, when, under which rule, by whom."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from core.web.visit import SignedIn
from data_catalog.downloads import as_file
from data_catalog.published.ledger import Kind
from data_catalog.published.service import ledger_csv, ledger_page, select_entries
from data_catalog.service import newest_editions

router = APIRouter()

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get("/ledger")
def ledger(visit: SignedIn, dataset: str = "", edition: str = "", kind: str = "", page: PageNumber = 1) -> Response:
    """Show the newest entries of the ledger, of one dataset, edition or kind or of all."""
    selection = select_entries(dataset.strip(), edition.strip(), kind)
    shown = ledger_page(visit.database, visit.person, selection, page)
    datasets = [one.dataset for one in newest_editions(visit.database)]
    return visit.show("data_catalog/ledger.html", page=shown, datasets=datasets, kinds=list(Kind))


@router.get("/ledger.csv")
def download(visit: SignedIn, dataset: str = "", edition: str = "", kind: str = "") -> Response:
    """Give the same entries, all of them, as CSV."""
    selection = select_entries(dataset.strip(), edition.strip(), kind)
    content = ledger_csv(visit.database, visit.person, selection)
    return as_file(content, "published-numbers.csv", "text/csv; charset=utf-8")
