"""A dataset's declaration in forms others read: the dictionary as CSV and JSON Schema, metadata as DCAT-AP.

Sources: JSON Schema 2020-12; DCAT-AP 3 (SEMIC), with the two terms of HealthDCAT-AP release 6 that count records and
people, filled in from published counts only. Access rights and theme are of the EU's authority tables.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from data_catalog.editions import Edition
from data_catalog.models import DatasetDeclaration, Table, Variable, VariableType
from data_catalog.published.marginals import PEOPLE, ROWS, Number
from data_catalog.published.policy import number

_COLUMNS = (
    "table",
    "variable",
    "label",
    "type",
    "unit",
    "codes",
    "minimum",
    "maximum",
    "step",
    "never",
    "sensitivity",
    "may_be_missing",
    "minimum_dataset",
    "purposes",
    "unblinds",
    "unblinds_because",
    "definition",
    "description",
)

_JSON_TYPES = {VariableType.INTEGER: "integer", VariableType.DECIMAL: "number"}

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "healthdcatap": "http://healthdataportal.eu/ns/health#",
}
_AUTHORITY = "http://publications.europa.eu/resource/authority"


def dictionary_csv(declaration: DatasetDeclaration) -> str:
    """Return every variable of a dataset as one CSV row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_csv_row(table, variable) for table in declaration.tables for variable in table.variables)
    return text.getvalue()


def json_schema(edition: Edition, address: str) -> dict[str, Any]:
    """Return the JSON Schema of a dataset: an object of tables, each an array of rows."""
    declaration = edition.declaration
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{address}/schema.json",
        "title": declaration.label,
        "description": _description(edition),
        "type": "object",
        "properties": {
            table.name: {"type": "array", "title": table.label, "items": _row_schema(table)}
            for table in declaration.tables
        },
        "additionalProperties": False,
    }


def dcat_dataset(edition: Edition, numbers: Sequence[Number], address: str) -> dict[str, Any]:
    """Return a dataset as a DCAT-AP resource in JSON-LD, without a context of its own."""
    declaration = edition.declaration
    return {
        "@id": address,
        "@type": "dcat:Dataset",
        "dct:identifier": edition.dataset,
        "dct:title": {"@value": declaration.label, "@language": "en"},
        "dct:description": {"@value": _description(edition), "@language": "en"},
        "dct:issued": {"@value": edition.published_at.isoformat(), "@type": "xsd:dateTime"},
        "dcat:version": str(edition.number),
        "dcat:landingPage": {"@id": address},
        "dcat:theme": {"@id": f"{_AUTHORITY}/data-theme/HEAL"},
        "dct:accessRights": {"@id": f"{_AUTHORITY}/access-right/NON_PUBLIC"},
        "dct:rights": {"@type": "dct:RightsStatement", "dct:description": declaration.licence},
        "dct:provenance": {"@type": "dct:ProvenanceStatement", "dct:description": declaration.source},
        "dcat:keyword": ["multiple sclerosis", *(["synthetic data"] if edition.synthetic else [])],
        **_counts(declaration, numbers),
    }


def dcat_catalog(datasets: Sequence[Mapping[str, Any]], address: str) -> dict[str, Any]:
    """Return the catalogue with its datasets as a DCAT-AP document in JSON-LD."""
    return {
        "@context": _CONTEXT,
        "@id": address,
        "@type": "dcat:Catalog",
        "dct:title": {"@value": "Myelin data catalogue", "@language": "en"},
        "dct:description": {"@value": "Datasets of multiple sclerosis held in Myelin.", "@language": "en"},
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": "Myelin"},
        "dcat:dataset": list(datasets),
    }


def with_context(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return one resource as a document of its own."""
    return {"@context": _CONTEXT, **resource}


def _csv_row(table: Table, variable: Variable) -> list[str]:
    facts = {
        **variable.model_dump(mode="json"),
        "table": table.name,
        "variable": variable.name,
        "codes": "; ".join(f"{code} = {meaning}" for code, meaning in variable.codes.items()),
        "never": "; ".join(map(str, variable.never)),
        "purposes": "; ".join(variable.purposes),
        "unblinds": variable.unblinds or "",
        "unblinds_because": variable.unblinds_in_words,
        "may_be_missing": "yes" if variable.may_be_missing else "no",
        "minimum_dataset": "yes" if variable.minimum_dataset else "no",
    }
    return ["" if facts[column] is None else str(facts[column]) for column in _COLUMNS]


def _row_schema(table: Table) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {variable.name: _variable_schema(variable) for variable in table.variables},
        "required": [variable.name for variable in table.variables if not variable.may_be_missing],
        "additionalProperties": False,
    }


def _variable_schema(variable: Variable) -> dict[str, Any]:
    kind = "integer" if variable.has_number_codes else _JSON_TYPES.get(variable.type, "string")
    schema: dict[str, Any] = {
        "title": variable.label,
        "type": [kind, "null"] if variable.may_be_missing else kind,
    }
    told = f"Unblinds ({variable.unblinds}): {variable.unblinds_in_words}" if variable.unblinds else ""
    described = " ".join(text for text in (variable.description, variable.definition, variable.unit, told) if text)
    if described:
        schema["description"] = described
    if variable.codes:
        codes: list[Any] = [int(code) if variable.has_number_codes else code for code in variable.codes]
        schema["enum"] = [*codes, None] if variable.may_be_missing else codes
    if variable.type is VariableType.DATE:
        schema["format"] = "date"
    return {**schema, **_limits(variable)}


def _limits(variable: Variable) -> dict[str, Any]:
    """Return what JSON Schema can say of limits; a step counts from a minimum that is a multiple of it."""
    if variable.type not in _JSON_TYPES:
        return {"pattern": f"^(?:{variable.pattern})$"} if variable.pattern else {}
    limits: dict[str, Any] = {"minimum": variable.minimum, "maximum": variable.maximum}
    if variable.never:
        limits["not"] = {"enum": list(variable.never)}
    if variable.step and isinstance(variable.minimum, int | float) and not variable.minimum % variable.step:
        limits["multipleOf"] = variable.step
    return {name: limit for name, limit in limits.items() if limit is not None}


def _description(edition: Edition) -> str:
    label = "Synthetic data: they describe nobody. " if edition.synthetic else ""
    return label + (edition.declaration.description or edition.declaration.label)


def _counts(declaration: DatasetDeclaration, numbers: Sequence[Number]) -> dict[str, Any]:
    """Return how many people and rows were published; nothing where any of it was not counted."""
    values = {(one.subject, one.statistic): number(one.value) for one in numbers if not one.predicate}
    people = values.get((declaration.tables[0].name, PEOPLE))
    rows = [values.get((table.name, ROWS)) for table in declaration.tables]
    counted: dict[str, Any] = {}
    if people is not None:
        counted["healthdcatap:numberOfUniqueIndividuals"] = _whole(people)
    if rows and all(row is not None for row in rows):
        counted["healthdcatap:numberOfRecords"] = _whole(sum(row or 0 for row in rows))
    return counted


def _whole(value: int) -> dict[str, str]:
    return {"@value": str(value), "@type": "xsd:nonNegativeInteger"}
