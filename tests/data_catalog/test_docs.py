"""The document on datasets says what the code does."""

from pathlib import Path

import pytest

from data_catalog.anonymity import SMALL
from data_catalog.filter import compile_filter
from data_catalog.generalisation import Generalisation
from data_catalog.models import DATASETS, Sensitivity, Table, Variable, VariableType, load_declaration
from data_catalog.report import SHOWN_PER_RULE
from data_catalog.synthetic import LABEL
from data_catalog.withdrawal import MINIMUM_COUNT

TEXT = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
WORDS = [*Variable.model_fields, *Table.model_fields, *VariableType, *Sensitivity, LABEL]


@pytest.mark.parametrize("word", sorted({str(word) for word in WORDS} - {"variables"}))
def test_every_word_of_a_declaration_is_explained(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_the_report_is_as_long_as_it_says() -> None:
    assert f"lists the first {SHOWN_PER_RULE} of each" in TEXT


def test_the_example_is_a_row_filter() -> None:
    (example,) = [line.strip() for line in TEXT.splitlines() if line.startswith("    age >= 18")]
    assert compile_filter(example, load_declaration(DATASETS / "cis_cohort.toml").tables[0])


CUTS = (Path(__file__).parents[2] / "docs" / "cuts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", sorted(Generalisation.model_fields))
def test_every_rule_of_generalisation_is_explained(word: str) -> None:
    assert f"{{ {word} = " in CUTS


def test_the_limits_of_k_anonymity_and_of_a_batch_are_as_it_says() -> None:
    assert "fewer than {} and {},".format(*SMALL) in CUTS
    withdrawal = (Path(__file__).parents[2] / "docs" / "withdrawal.md").read_text(encoding="utf-8")
    assert f"fewer than {MINIMUM_COUNT} people" in withdrawal
