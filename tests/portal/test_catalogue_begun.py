"""The catalogue of an installation that is being set up: what resources declare is there before any edition."""

from pathlib import Path

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from tests.portal.test_accessibility import check_names, check_regions, check_states, check_structure, check_tables
from tests.support.pages import Page
from tests.support.portal import Sits
from tests.support.registries import REGISTRIES, cohort_rows, declare, publish_rows


def editions_of(page: Page) -> dict[str, str]:
    rows = [[cell.get_text(" ", strip=True) for cell in row.find_all("td")] for row in page.soup.select("tbody tr")]
    return {cells[0]: cells[-1] for cells in rows}


def test_before_any_edition_the_map_draws_what_the_resource_declares(sits: Sits) -> None:
    page = sits("rosa").open("/data")
    assert {name: said for name, said in editions_of(page).items() if name != "6 registries"} == {
        label: "none yet" for label, _ in REGISTRIES.values()
    }
    for said in ("ReMuS 24,030 June 2025 90% – none yet", "MSBase 122,604 August 2025 variable", "387,608"):
        assert said in page.text
    assert len(page.soup.select("svg.map rect.edge.awaited")) == 6
    assert "No dataset of it has been published here yet." in page.text
    check_structure(page)
    for check in (check_names, check_regions, check_states, check_tables):
        check(page.soup)


def test_a_registry_with_an_edition_is_told_from_those_without(
    database: Database, settings: Settings, people: dict[str, Person], sits: Sits, tmp_path: Path
) -> None:
    label, registry = REGISTRIES["dmsr"]
    newer = registry.model_copy(update={"people": 35000, "as_of": "January 2027"})
    declaration = declare("dmsr", label, "patient", resource="bmsd", registry=newer)
    publish_rows(database, settings, people["dana"], declaration, cohort_rows("dmsr", 20), tmp_path / "rows")
    page = sits("rosa").open("/data")
    said = editions_of(page)
    assert said.pop("DMSR") == "1 synthetic"
    assert list(said.values()).count("none yet") == 5
    assert "Denmark DMSR 35,000 January 2027" in page.text
    assert len(page.soup.select("svg.map rect.edge")) == 6
    assert len(page.soup.select("svg.map rect.edge.awaited")) == 5
