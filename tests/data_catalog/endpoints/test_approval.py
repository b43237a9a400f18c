"""A project is approved for one version of an endpoint, its cut says which, and no other is cut in its place."""

import json
from pathlib import Path

import pytest
from myelin.dictionary import read_dictionary

from core.database import Database
from core.errors import InvalidInput
from core.people.models import Person
from core.settings import Settings
from data_catalog.cut import make_cut
from data_catalog.editions import check_files
from data_catalog.endpoints.catalogue import published_versions, standard_endpoint
from data_catalog.endpoints.models import EndpointDefinition
from data_catalog.models import EndpointReference
from data_catalog.service import edition
from projects.activation import CutSource, cut_request
from projects.service import project
from tests.support.catalog import ON_ONE_ENGINE, activate, application_file, approved_project, empty_views
from tests.support.endpoints import publish_endpoint

pytestmark = ON_ONE_ENGINE

FIRST = standard_endpoint("cdw_168d_fixed_5_5", 1)
SECOND = FIRST.model_copy(
    update={"version": 2, "parameters": FIRST.parameters.model_copy(update={"confirmation_days": 84})}
)


def approve(database: Database, people: dict[str, Person], definition: EndpointDefinition) -> str:
    asked = {"small": {definition.reference.table: {"variables": ["event", "event_days"]}}}
    file = application_file(id="worsening", datasets=asked)
    approved_project(database, people, file)
    return file.id


def test_the_cut_says_which_definition_its_numbers_come_from(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    publish_endpoint(database, settings, people["dana"], FIRST, tmp_path)
    made = activate(database, settings, people["olga"], approve(database, people, FIRST))
    (cut,) = made.cuts
    path = cut.folder(settings) / "dictionary.json"
    assert [each.name for each in read_dictionary(path).tables] == [FIRST.reference.table]
    (table,) = json.loads(path.read_bytes())["tables"]
    assert table["table"] == "endpoint_cdw_168d_fixed_5_5_v1"
    said = EndpointReference.model_validate(table["endpoint"])
    assert said == FIRST.reference
    assert said.sha256 == published_versions()["cdw_168d_fixed_5_5", 1]


def test_another_version_is_not_cut_in_its_place(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    """Even from an edition that computes the endpoint anew a project gets nothing but what it was approved for."""
    publish_endpoint(database, settings, people["dana"], FIRST, tmp_path / "first")
    approved = project(database, approve(database, people, FIRST))
    publish_endpoint(database, settings, people["dana"], SECOND, tmp_path / "second")
    newest = edition(database, "small")
    checked = check_files(settings, newest)
    sources = {"small": CutSource(newest.declaration, checked, newest.manifest_sha256, newest.folder(settings))}
    cut = tmp_path / "cut"
    with pytest.raises(InvalidInput, match="did you mean 'endpoint_cdw_168d_fixed_5_5_v2'"):
        make_cut(cut_request(database, settings, approved, sources), cut, tmp_path / "work", empty_views)
    assert not cut.exists()


def test_a_project_can_not_ask_for_a_version_that_is_not_there(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    publish_endpoint(database, settings, people["dana"], SECOND, tmp_path)
    with pytest.raises(InvalidInput, match="did you mean 'endpoint_cdw_168d_fixed_5_5_v2'"):
        approve(database, people, FIRST)
