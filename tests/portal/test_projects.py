"""Pages of projects and of the dictionary: who sees what, and what the committee does with a proposal."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review.models import State
from projects.recutting import recut_project
from projects.service import close_project, remove_member
from tests.attacks.web.test_every_route import routes
from tests.egress_review.world import World
from tests.support import catalog
from tests.support.catalog import active_project, amendment, amendment_file
from tests.support.pages import Page, Reader
from tests.support.portal import Sits

NO_PAGES = {
    "/health",
    "/static/{name}",
    "/sign-in",
    "/register.json",
    "/reviews/{request_id}/rounds/{round_}/files/{number}",
}
"""What answers with something else than a page of the portal's; a held file stands in the frame of one."""

SYNTHETIC = "Synthetic data. This installation holds data that describe nobody"


@pytest.mark.parametrize("username", ["lena", "rosa", "olga", "dirk", "anna"])
def test_a_project_is_shown_to_its_team_and_to_those_who_judge_run_and_audit(
    house: World, sits: Sits, username: str
) -> None:
    page = sits(username).open("/projects/cis-spinal")
    assert (page.status, page.heading) == (200, "Spinal cord lesions and conversion")
    assert "spinal_cord_mri" in page.text


@pytest.mark.parametrize("username", ["ravi", "chris", "dana"])
@pytest.mark.parametrize("path", ["/projects/{}", "/projects/{}/variables", "/projects/{}/requests"])
def test_to_everybody_else_a_project_is_not_there(house: World, sits: Sits, username: str, path: str) -> None:
    reader = sits(username)
    there, nowhere = (reader.open(path.format(name)) for name in ("cis-spinal", "no-such-one"))
    assert (there.status, nowhere.status) == (404, 404)
    assert there.text.replace("cis-spinal", "…") == nowhere.text.replace("no-such-one", "…")


class TestVariables:
    def test_exactly_the_approved_ones_are_described(self, house: World, sits: Sits) -> None:
        page = sits("rosa").open("/projects/cis-spinal/variables")
        names = [name.get_text() for name in page.soup.select("tbody th code")]
        assert sorted(names) == ["age", "converted", "gender", "spinal_cord_mri"]
        assert "schooling" not in page.text

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("cord", ["spinal_cord_mri"]),
            ("AGE", ["age"]),
            ("female", ["gender"]),
            ("years", ["age"]),
            ("lesions mri", ["spinal_cord_mri"]),
            ("lesions female", []),
            ("schooling", []),
        ],
    )
    def test_search_looks_in_names_labels_units_and_codes(
        self, house: World, sits: Sits, words: str, found: list[str]
    ) -> None:
        rosa = sits("rosa")
        page = rosa.press(rosa.open("/projects/cis-spinal/variables"), "Find", words=words)
        assert [name.get_text() for name in page.soup.select("tbody th code")] == found
        assert found or f"No variable is described with “{words}”." in page.text

    def test_codes_are_in_the_order_of_numbers(self, house: World, sits: Sits) -> None:
        page = sits("rosa").open("/data/cis_cohort?words=initial_symptom")
        codes = [int(code.get_text()) for code in page.soup.select(".codes code")]
        assert codes == sorted(codes) == list(range(1, 16))

    def test_the_catalogue_lists_every_dataset(self, house: World, sits: Sits) -> None:
        assert "Clinically isolated syndrome" in sits("ravi").open("/data").text
        assert sits("ravi").open("/data/nothing_here").status == 404


class TestSyntheticData:
    @pytest.fixture
    def synthetic(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> World:
        monkeypatch.setattr(catalog, "OPEN_RECORDS", tmp_path / "nowhere")
        active_project(database, settings, people, tmp_path / "sources")
        return World(database, settings, people)

    def test_every_page_of_everybody_says_so(self, synthetic: World, app: FastAPI, sits: Sits, anybody: Reader) -> None:
        names = {
            "project_id": "cis-spinal",
            "dataset_id": "cis_cohort",
            "table_id": "patients",
            "variable": "age",
            "request_id": synthetic.bring_to(State.RELEASED),
            "round_": "1",
            "number": "1",
            "name": "x",
            "resource": "ms_cidr",
            "username": "rosa",
            "role": "checker",
            "course": "data-protection",
        }
        readers = {name: sits(name) for name in ("rosa", "ravi", "chris", "olga", "dirk", "anna")}
        for name, reader in {**readers, "nobody": anybody}.items():
            for path in (path for method, path in routes(app) if method == "GET"):
                answer = reader.client.get(path.format(**names), follow_redirects=False)
                if path in NO_PAGES or answer.is_redirect or "attachment" in str(answer.headers):
                    continue
                assert SYNTHETIC in Page(answer).text, (name, path)

    def test_what_is_synthetic_is_labelled_where_it_is_shown(self, synthetic: World, sits: Sits) -> None:
        request_id = synthetic.submit().id
        for username, path in (
            ("rosa", "/projects"),
            ("rosa", "/projects/cis-spinal"),
            ("rosa", "/data/cis_cohort"),
            ("chris", f"/reviews/{request_id}"),
            ("olga", "/operations"),
        ):
            badges = sits(username).open(path).soup.select("main .badge")
            assert any("synthetic" in badge.get_text() for badge in badges), path

    def test_without_its_database_the_portal_still_says_what_is_wrong(
        self, synthetic: World, anybody: Reader, database: Database
    ) -> None:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ALTER TABLE edition RENAME TO gone")
        page = anybody.open("/nowhere")
        assert (page.status, page.heading) == (404, "There is nothing here")

    def test_real_data_are_not_called_synthetic(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        sits: Sits,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("data_catalog.service.is_synthetic", lambda sources: False)
        active_project(database, settings, people, tmp_path / "sources")
        page = sits("rosa").open("/projects/cis-spinal")
        assert page.status == 200
        assert SYNTHETIC not in page.text


def press_late(reader: Reader, database: Database, people: dict[str, Person], button: str) -> None:
    """Press a button of a page that the project has moved on from, which must be refused."""
    page = reader.open("/projects/cis-spinal")
    remove_member(database, people["olga"], "cis-spinal", "rosa")
    late = reader.press(page, button)
    assert (late.status, late.heading) == (409, "This has moved on")
    assert late.soup.select_one('a.button[href="/projects/cis-spinal"]')


class TestAmendments:
    @pytest.fixture
    def asked(self, house: World, database: Database, people: dict[str, Person]) -> None:
        amendment(database, people, amendment_file(amendment_reason="Does <b>schooling</b> explain it?"))

    def test_a_lead_begins_it_from_the_page_and_submits_it(self, house: World, sits: Sits) -> None:
        lena = sits("lena")
        page = lena.press(lena.open("/projects/cis-spinal"), "Ask for other data, people or time")
        assert "Your draft says what is approved now." in page.text
        assert "nothing changes: the project is approved for exactly this" in page.text
        assert "cis-spinal.1" in str(page.soup.select_one('form[id="draft-amendment"]'))
        assert not sits("rosa").open("/projects/cis-spinal").has_button("Ask for other data, people or time")

    def test_the_committee_sees_the_difference_and_the_reason_first(self, asked: None, sits: Sits) -> None:
        dirk = sits("dirk")
        assert "cis-spinal.1" in dirk.open("/committee").text
        page = dirk.open("/committee/cis-spinal.1")
        assert "Does <b>schooling</b> explain it?" in page.text
        rows = [[cell.get_text() for cell in row.select("th, td")] for row in page.soup.select(DIFFERENCE)]
        assert rows == [
            ["cis_cohort.patients", "rows", "all", "where age >= 18"],
            ["cis_cohort.patients", "variable spinal_cord_mri", "as it is", "not seen any more"],
            ["cis_cohort.patients", "variable schooling", "not seen", "as it is"],
        ]
        assert page.text.index("What would change") < page.text.index("The study")

    def test_approved_it_waits_for_its_cut_and_everybody_is_told(
        self, asked: None, sits: Sits, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        dirk = sits("dirk")
        page = dirk.press(dirk.open("/committee/cis-spinal.1"), "Approve")
        assert "Your vote is cast. The application is approved." in page.text
        assert "Approved amendments to make the cut of" in sits("olga").open("/").text
        assert "amendment to cut" in sits("olga").open("/operations").text
        told = "Until operations make it, the notebook has cut 1, as before."
        paths = ("/projects/cis-spinal", "/projects/cis-spinal/variables")
        assert [told in sits("rosa").open(path).text for path in paths] == [True, True]
        recut_project(database, settings, people["olga"], "cis-spinal", make_views=catalog.empty_views)
        after = sits("rosa").open("/projects/cis-spinal").text
        assert told not in after
        assert "number 2 of amendment 1" in after

    @pytest.mark.parametrize(
        ("username", "room"), [("lena", "applications"), ("rosa", "applications"), ("olga", "committee")]
    )
    def test_its_project_leads_to_it(self, asked: None, sits: Sits, username: str, room: str) -> None:
        reader = sits(username)
        page = reader.open("/projects/cis-spinal")
        assert page.soup.select_one(f'a[href="/{room}/cis-spinal.1"]')
        assert reader.open(f"/{room}/cis-spinal.1").status == 200

    @pytest.mark.parametrize("name", ["cis-spinal.1", "cis-spinal.2", "cis-spinal.x", "cis-spinal.01", "no-such.1"])
    def test_to_others_it_is_not_there_and_neither_is_what_is_none(self, asked: None, sits: Sits, name: str) -> None:
        assert [sits("ravi").open(f"/{room}/{name}").status for room in ("applications", "committee")] == [404, 404]

    def test_of_a_closed_project_nothing_waits(
        self, asked: None, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        close_project(database, people["olga"], "cis-spinal")
        assert "Nothing waits for your word." in sits("dirk").open("/committee").text
        assert "Amendment 1" not in sits("dirk").open("/projects/cis-spinal").text


DIFFERENCE = 'section[aria-labelledby="amends"] tbody tr'


def test_pages_that_are_nowhere_say_so_kindly(anybody: Reader) -> None:
    page = anybody.open("/nowhere")
    assert (page.status, page.heading) == (404, "There is nothing here")
