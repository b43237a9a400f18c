"""Values as the schemas of an OpenAPI document describe them, drawn by Hypothesis: what a program may send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Values = st.SearchStrategy[Any]
Schema = Mapping[str, Any]

anything: Values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
"""Anything that JSON can write, and what it can not but Python's writer does: NaN, lone surrogates."""


@dataclass(frozen=True)
class Schemas:
    """The schemas of a document, and names that are there, which are drawn wherever they fit."""

    document: Mapping[str, Any]
    names: tuple[str, ...]

    def values(self, schema: Schema) -> Values:
        """Return how to draw what a schema describes."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return st.deferred(lambda: self.values(self.document["components"]["schemas"][name]))
        if "enum" in schema or "const" in schema:
            return st.sampled_from(schema.get("enum") or [schema["const"]])
        if "anyOf" in schema:
            return st.one_of([self.values(one) for one in schema["anyOf"]])
        kinds = {"object": self._objects, "array": self._arrays, "string": self._texts, "integer": _integers}
        kind = schema.get("type", "")
        return kinds[kind](schema) if kind in kinds else _PLAIN.get(kind, anything)

    def _objects(self, schema: Schema) -> Values:
        if "properties" not in schema:
            patterns = schema.get("patternProperties") or {"": schema.get("additionalProperties", {})}
            ((pattern, inner),) = patterns.items()
            keys = self._texts({"pattern": pattern} if pattern else {})
            return st.dictionaries(keys, self.values(inner if isinstance(inner, dict) else {}), max_size=3)
        drawn = {name: self.values(one) for name, one in schema["properties"].items()}
        needed = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: one for name, one in drawn.items() if name in needed},
            optional={name: one for name, one in drawn.items() if name not in needed},
        )

    def _arrays(self, schema: Schema) -> Values:
        return st.lists(self.values(schema.get("items", {})), min_size=schema.get("minItems", 0), max_size=3)

    def _texts(self, schema: Schema) -> Values:
        if schema.get("format") == "date":
            return st.dates().map(str)
        if "pattern" not in schema:
            return st.text(min_size=schema.get("minLength", 0), max_size=20)
        pattern = re.compile(schema["pattern"])
        matching = st.from_regex(pattern, fullmatch=True)
        short = matching.filter(lambda text: len(text) <= schema.get("maxLength", len(text)))
        there = [name for name in self.names if pattern.fullmatch(name)]
        return st.sampled_from(there) | short if there else short


def _integers(schema: Schema) -> Values:
    return st.integers(schema.get("minimum"), schema.get("maximum")) | st.just(schema.get("minimum", 0))


_PLAIN: dict[str, Values] = {"boolean": st.booleans(), "number": st.floats(), "null": st.none()}
