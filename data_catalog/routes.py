"""Pages of the catalogue: which datasets there are, and what their variables mean. No value of a person is shown."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.web.visit import SignedIn
from data_catalog import service
from data_catalog.dictionary import dictionary_tables, search

router = APIRouter(prefix="/data")


@router.get("")
def datasets(visit: SignedIn) -> Response:
    """List the datasets."""
    return visit.show("data_catalog/datasets.html", editions=service.newest_editions(visit.database))


@router.get("/{dataset_id}")
def dataset(visit: SignedIn, dataset_id: str, words: str = "") -> Response:
    """Show a dataset's newest edition and its dictionary."""
    edition = service.edition(visit.database, dataset_id)
    tables = search(dictionary_tables(edition), words)
    return visit.show("data_catalog/dataset.html", edition=edition, tables=tables, words=words)
