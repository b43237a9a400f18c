"""Downloads of the catalogue: dictionaries and metadata. No value of anybody, and no exact count, is in any."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from core.web.visit import SignedIn, Visit
from data_catalog.editions import Edition
from data_catalog.interchange import dcat_catalog, dcat_dataset, dictionary_csv, json_schema, with_context
from data_catalog.published.service import published_numbers
from data_catalog.service import edition, newest_editions

router = APIRouter()


@router.get("/catalog.jsonld")
def catalog(visit: SignedIn) -> Response:
    """Give the catalogue as DCAT-AP."""
    datasets = [_dcat(visit, one) for one in newest_editions(visit.database)]
    content = dcat_catalog(datasets, f"{visit.settings.portal_url}/data")
    return _document(content, "catalog.jsonld", "application/ld+json")


@router.get("/{dataset_id}/dataset.jsonld")
def dataset(visit: SignedIn, dataset_id: str) -> Response:
    """Give a dataset's newest edition as DCAT-AP."""
    found = edition(visit.database, dataset_id)
    return _document(with_context(_dcat(visit, found)), f"{found.dataset}.jsonld", "application/ld+json")


@router.get("/{dataset_id}/dictionary.csv")
def dictionary(visit: SignedIn, dataset_id: str) -> Response:
    """Give a dataset's dictionary as CSV."""
    found = edition(visit.database, dataset_id)
    return as_file(dictionary_csv(found.declaration), f"{found.dataset}-dictionary.csv", "text/csv; charset=utf-8")


@router.get("/{dataset_id}/schema.json")
def schema(visit: SignedIn, dataset_id: str) -> Response:
    """Give a dataset's dictionary as JSON Schema."""
    found = edition(visit.database, dataset_id)
    return _document(json_schema(found, _address(visit, found)), f"{found.dataset}.schema.json", "application/json")


def _dcat(visit: Visit, found: Edition) -> dict[str, Any]:
    return dcat_dataset(found, published_numbers(visit.database, found), _address(visit, found))


def _address(visit: Visit, found: Edition) -> str:
    return f"{visit.settings.portal_url}/data/{found.dataset}"


def _document(content: Mapping[str, Any], name: str, media_type: str) -> Response:
    return as_file(json.dumps(content, indent=1, ensure_ascii=False), name, media_type)


def as_file(content: str, name: str, media_type: str) -> Response:
    """Answer with a text that is saved under a name."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
