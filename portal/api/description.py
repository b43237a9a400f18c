"""The OpenAPI document as people read it: each operation with what it takes and gives, and each kind of value. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "delete")
JSON = "application/json"
PAGE = "Page_"
"""What the names of pages of a list begin with."""


@dataclass(frozen=True)
class Kind:
    """What a value is, in words, and the kind of value that is described by itself, where it is one."""

    words: str
    name: str = ""


@dataclass(frozen=True)
class Operation:
    """One thing a program can do."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    takes: Kind | None
    gives: Kind | None


@dataclass(frozen=True)
class Field:
    """One field of a kind of value."""

    name: str
    kind: Kind
    is_needed: bool
    meaning: str


@dataclass(frozen=True)
class Schema:
    """A kind of value: its fields, or its words where it is one of several."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    values: tuple[str, ...]


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every operation of an OpenAPI document, in its order."""
    return [
        _operation(path, method, facts[method])
        for path, facts in document["paths"].items()
        for method in METHODS
        if method in facts
    ]


def by_tag(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """Return every operation of an OpenAPI document, by the part of the house it is of."""
    found: dict[str, list[Operation]] = {}
    for operation in operations(document):
        found.setdefault(operation.tag, []).append(operation)
    return found


def schemas(document: Mapping[str, Any]) -> list[Schema]:
    """Return every kind of value of an OpenAPI document but pages of lists, in order of name."""
    kinds = document["components"]["schemas"]
    return [_schema(name, kinds[name]) for name in sorted(kinds) if not name.startswith(PAGE)]


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """Return what a value is, in words."""
    if "$ref" in schema:
        return _named(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return _one_of([kind_of(one) for one in schema["anyOf"]])
    if schema.get("type") == "array":
        inner = kind_of(schema.get("items", {}))
        return Kind(f"list of {inner.words}", inner.name)
    if "properties" not in schema and ("additionalProperties" in schema or "patternProperties" in schema):
        inner = kind_of(_values(schema))
        return Kind(f"names with {inner.words}", inner.name)
    if "const" in schema:
        return Kind(f"“{schema['const']}”")
    if "enum" in schema:
        return Kind(" or ".join(f"“{one}”" for one in schema["enum"]))
    return Kind(_PLAIN.get(schema.get("format") or schema.get("type", ""), "anything"))


_PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "null": "nothing",
    "object": "names with anything",
    "date": "day",
    "date-time": "moment",
}


def _values(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the values of a mapping are."""
    by_pattern: Mapping[str, Any] = schema.get("patternProperties", {})
    others = schema.get("additionalProperties")
    return next(iter(by_pattern.values()), others if isinstance(others, dict) else {})


def _operation(path: str, method: str, facts: Mapping[str, Any]) -> Operation:
    answer = next(one for status, one in facts["responses"].items() if status.startswith("2"))
    return Operation(
        id=facts["operationId"],
        tag=facts["tags"][0],
        method=method.upper(),
        path=path,
        summary=facts["summary"],
        takes=_content(facts.get("requestBody", {})),
        gives=_content(answer),
    )


def _content(part: Mapping[str, Any]) -> Kind | None:
    content = part.get("content", {})
    if not content:
        return None
    media_type, facts = next(iter(content.items()))
    return kind_of(facts["schema"]) if media_type == JSON else Kind(media_type)


def _named(name: str) -> Kind:
    if name.startswith(PAGE):
        inner = name.removeprefix(PAGE).strip("_")
        return Kind(f"page of {inner}", inner)
    return Kind(name, name)


def _one_of(kinds: list[Kind]) -> Kind:
    name = next((kind.name for kind in kinds if kind.name), "")
    return Kind(" or ".join(kind.words for kind in kinds), name)


def _schema(name: str, facts: Mapping[str, Any]) -> Schema:
    values = tuple(str(one) for one in facts.get("enum", ()))
    return Schema(name, facts.get("description", ""), tuple(_fields(facts)), values)


def _fields(facts: Mapping[str, Any]) -> Iterator[Field]:
    needed = facts.get("required", ())
    for name, field in facts.get("properties", {}).items():
        yield Field(name, kind_of(field), name in needed, field.get("description", ""))
