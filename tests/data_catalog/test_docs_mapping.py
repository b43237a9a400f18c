"""The document on mapping files has every word a mapping can say."""

import re
from pathlib import Path

import pytest

from data_catalog.facts import Registry
from data_catalog.mapping.dates import _PARTS, ISO
from data_catalog.mapping.expressions import ALLOWED, LONGEST
from data_catalog.mapping.models import ASKED, MAPPINGS, Join, MappingFile, Pivot, TableSource, VariableSource
from data_catalog.sources.files import FileSpec, Format

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
FIELDS = {
    field.alias or name
    for model in (VariableSource, TableSource, Join, Pivot, MappingFile, FileSpec, Registry)
    for name, field in model.model_fields.items()
}


@pytest.mark.parametrize("word", sorted({*FIELDS, *map(str, Format), *_PARTS, ISO, f'"{ASKED}"'}))
def test_every_word_of_a_mapping_is_explained(word: str) -> None:
    assert f"`{word}`" in TEXT


@pytest.mark.parametrize("word", sorted(set(re.findall(r"[a-z]{2,}", ALLOWED.split("numbers;")[1]))))
def test_every_word_of_an_expression_is_listed(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXT.split("## Expressions")[1])


def test_the_figures_are_those_of_the_code() -> None:
    assert f"Up to {LONGEST} characters" in TEXT
    assert len(list(MAPPINGS.glob("*.toml"))) == 7
