"""Definitions say everything, a published version stays what it was, and the document does not lag."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, NotFound
from data_catalog.cdm import cdm_table
from data_catalog.endpoints import catalogue
from data_catalog.endpoints.catalogue import (
    DEFINITIONS,
    load_definition,
    published_versions,
    record_published,
    standard_endpoint,
    standard_endpoints,
)
from data_catalog.endpoints.declared import as_declared_table
from data_catalog.endpoints.document import DOCUMENT, with_tables
from data_catalog.endpoints.models import EndpointDefinition
from data_catalog.models import DatasetDeclaration, Purpose, Table

ALL = [pytest.param(definition, id=definition.id) for definition in standard_endpoints()]
ROVING = (DEFINITIONS / "cdw_84d_roving_5_5.toml").read_text()


@pytest.mark.parametrize("definition", ALL)
def test_the_file_is_named_as_the_endpoint(definition: EndpointDefinition) -> None:
    assert load_definition(DEFINITIONS / f"{definition.id}.toml") == definition


@pytest.mark.parametrize("definition", ALL)
def test_a_published_version_computes_what_it_always_did(definition: EndpointDefinition) -> None:
    assert published_versions()[definition.id, definition.version] == definition.reference.sha256


@pytest.mark.parametrize("definition", ALL)
def test_a_declaration_says_which_endpoint_its_table_holds(definition: EndpointDefinition) -> None:
    """Id, version and every parameter come back from the bytes an edition keeps, with the hash that was published."""
    declaration = declared(as_declared_table(definition))
    (table,) = DatasetDeclaration.model_validate_json(declaration.to_bytes()).tables
    kept = table.endpoint
    assert kept is not None
    assert (kept.id, kept.version) == (definition.id, definition.version)
    assert kept.parameters == definition.parameters.model_dump(mode="json")
    assert kept.sha256 == published_versions()[definition.id, definition.version]


def declared(table: Table) -> DatasetDeclaration:
    return DatasetDeclaration(id="small", label="Small", source="synthetic", licence="none", tables=(table,))


def test_another_version_has_another_table() -> None:
    """What a project was approved for names its version, so that no edition can put another in its place."""
    table = as_declared_table(standard_endpoint("neda_3", 2))
    assert table.name == "endpoint_neda_3_v2"
    newer = {**dict(table), "endpoint": standard_endpoint("neda_3", 2).model_copy(update={"version": 3}).reference}
    with pytest.raises(ValueError, match="called endpoint_neda_3_v3"):
        Table.model_validate(newer)


def test_tables_of_no_endpoint_are_kept_as_they_always_were() -> None:
    assert b"endpoint" not in declared(cdm_table("visit")).to_bytes()


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


@pytest.mark.parametrize("every", [each for each in standard_endpoints() if each.kind.endswith("_events")])
def test_every_event_is_defined_as_the_first_one(every: EndpointDefinition) -> None:
    first = {each.id: each for each in standard_endpoints()}[every.id.removesuffix("_events")]
    assert every.parameters == first.parameters
    assert every.kind == f"{first.kind}_events"


def test_later_events_are_refused_where_one_would_be_counted_again(tmp_path: Path) -> None:
    path = tmp_path / "endpoint.toml"
    path.write_text((DEFINITIONS / "cdw_84d_roving_5_5_events.toml").read_text().replace('"roving"', '"fixed"'))
    with pytest.raises(InvalidInput, match="need a baseline that follows worsening"):
        load_definition(path)


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
