"""Definitions say everything, a published version stays what it was, and the document does not lag."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, NotFound
from data_catalog.endpoints import catalogue
from data_catalog.endpoints.catalogue import (
    DEFINITIONS,
    load_definition,
    published_versions,
    record_published,
    standard_endpoint,
    standard_endpoints,
)
from data_catalog.endpoints.declared import as_declared_table, parameters
from data_catalog.endpoints.document import DOCUMENT, with_tables
from data_catalog.endpoints.models import EndpointDefinition
from data_catalog.models import Purpose

ALL = [pytest.param(definition, id=definition.id) for definition in standard_endpoints()]
ROVING = (DEFINITIONS / "cdw_84d_roving_5_5.toml").read_text()


@pytest.mark.parametrize("definition", ALL)
def test_the_file_is_named_as_the_endpoint(definition: EndpointDefinition) -> None:
    assert load_definition(DEFINITIONS / f"{definition.id}.toml") == definition


@pytest.mark.parametrize("definition", ALL)
def test_a_published_version_computes_what_it_always_did(definition: EndpointDefinition) -> None:
    assert published_versions()[definition.id, definition.version] == definition.sha256


@pytest.mark.parametrize("definition", ALL)
def test_every_parameter_stands_in_the_dictionary(definition: EndpointDefinition) -> None:
    described = as_declared_table(definition).description
    assert [name for name, value in parameters(definition) if f"{name} = {value}" not in described] == []
    assert f"Version {definition.version}." in described


@pytest.mark.parametrize("line", [line for line in ROVING.splitlines() if " = " in line and '"""' not in line])
def test_nothing_may_be_left_out(line: str, tmp_path: Path) -> None:
    path = tmp_path / "endpoint.toml"
    path.write_text(ROVING.replace(f"{line}\n", "\n"))
    with pytest.raises(InvalidInput):
        load_definition(path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("step = 1.0", "step = 0.7"),
        ("step = 1.0", "step = 0.0"),
        ("confirmation_days = 84", "confirmation_days = -84"),
        ("confirmation_days_before = 0", "confirmation_days_before = 84"),
        ('confirmation_days_after = "unlimited"', 'confirmation_days_after = "for ever"'),
        ('baseline = "roving"', 'baseline = "wandering"'),
        ("half_step_from = 5.5", "half_step_from = 5.5\nhalf_step_to = 7.0"),
        ("version = 1", "version = 0"),
        ("version = 1", "version = ["),
    ],
)
def test_what_means_nothing_is_refused(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "endpoint.toml"
    path.write_text(ROVING.replace(before, after))
    with pytest.raises(InvalidInput):
        load_definition(path)


def test_an_endpoint_is_approved_by_id_and_version() -> None:
    assert standard_endpoint("neda_3", 2).id == "neda_3"
    with pytest.raises(NotFound, match="did you mean 'neda_3'"):
        standard_endpoint("neda", 2)
    with pytest.raises(NotFound, match="The version here is 2"):
        standard_endpoint("neda_3", 1)


def test_a_changed_definition_needs_a_new_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = standard_endpoint("neda_3", 2)
    other = changed.model_copy(update={"parameters": changed.parameters.model_copy(update={"horizon_days": 365})})
    worded = changed.model_copy(update={"description": "The same in other words."})
    published: dict[str, Any] = {"PUBLISHED": tmp_path / "published.txt"}
    for name, value in published.items():
        monkeypatch.setattr(catalogue, name, value)
    for definitions in ([changed], [worded], [changed, other.model_copy(update={"version": 3})]):
        monkeypatch.setattr(catalogue, "standard_endpoints", lambda definitions=definitions: definitions)
        record_published()
    monkeypatch.setattr(catalogue, "standard_endpoints", lambda: [other])
    with pytest.raises(InvalidInput, match="Give it the next version"):
        record_published()


def test_what_tells_drugs_apart_is_not_for_comparing_them() -> None:
    for definition in standard_endpoints():
        drug = as_declared_table(definition).variable("drug")
        if drug is not None:
            assert set(drug.purposes) == {Purpose.RETROSPECTIVE, Purpose.PROSPECTIVE, Purpose.SAFETY}


def test_the_document_does_not_lag() -> None:
    text = DOCUMENT.read_text()
    assert with_tables(text) == text
    assert "| `pira_168d_6_0` |" in text
