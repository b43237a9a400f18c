"""What a team sees of its release requests outside the notebook, and how it gets what was released."""

import hashlib

import pytest

from core.audit.log import entries
from core.database import Database
from core.people.models import Person
from egress_review.models import State
from egress_review.progress import steps
from projects.service import remove_member
from tests.egress_review.world import World
from tests.support.portal import Sits

FILES = {"tables/conversion by lesion.csv": b"lesion,people\nno,112\nyes,76\n", "note.txt": b"Two rows.\n"}
HELD_WORDS = ("conversion by lesion", "note.txt", "Conversion by lesions.", "What note.txt shows.")


@pytest.mark.parametrize("path", ["/requests", "/projects/cis-spinal/requests"])
@pytest.mark.parametrize("state", [state for state in State if state not in (State.DRAFT, State.RELEASED)])
def test_before_release_only_id_size_time_and_state_are_shown(
    house: World, sits: Sits, path: str, state: State
) -> None:
    request_id = house.bring_to(state, FILES)
    page = sits("rosa").open(path)
    assert request_id in page.text
    assert state.replace("_", " ") in page.text
    assert "2 files, 38 bytes, by rosa" in page.text
    assert not [words for words in HELD_WORDS if words in page.response.text]


def test_what_checkers_wrote_is_read_inside(house: World, sits: Sits) -> None:
    request_id = house.submit(FILES).id
    house.review(request_id, "chris")
    house.review(request_id, "chloe")
    house.return_to_team(request_id, "Cell b is small.")
    page = sits("rosa").open("/requests")
    assert "Cell b is small." not in page.response.text
    assert f'replaces="{request_id}"' in page.text


class TestReleased:
    @pytest.fixture
    def released(self, house: World) -> str:
        return house.bring_to(State.RELEASED, FILES)

    def test_files_are_named_with_size_and_hash(self, house: World, sits: Sits, released: str) -> None:
        page = sits("lena").open("/requests")
        assert "tables/conversion by lesion.csv" in page.text
        digest = hashlib.sha256(FILES["note.txt"]).hexdigest()
        assert page.soup.select_one(f'code[title="SHA-256 {digest}"]')

    def test_the_team_downloads_the_very_bytes(self, house: World, sits: Sits, released: str) -> None:
        rosa = sits("rosa")
        link = rosa.open("/requests").soup.select("a[download]")[0]["href"]
        answer = rosa.client.get(str(link))
        assert answer.content == FILES["tables/conversion by lesion.csv"]
        assert answer.headers["content-type"] == "application/octet-stream"
        name = "conversion%20by%20lesion.csv"
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
        assert answer.headers["cache-control"] == "no-store"
        assert "sandbox" in answer.headers["content-security-policy"]

    def test_a_download_is_on_record(self, house: World, sits: Sits, released: str, database: Database) -> None:
        sits("rosa").open(f"/requests/{released}/files/1")
        with database.read() as connection:
            last = [entry for entry, _ in entries(connection)][-1]
        assert (last.actor, last.action) == ("person:rosa", "egress_review:file:download")

    @pytest.mark.parametrize("username", ["ravi", "chris", "olga", "anna"])
    def test_nobody_else_gets_them(self, house: World, sits: Sits, released: str, username: str) -> None:
        assert sits(username).open(f"/requests/{released}/files/1").status == 404

    def test_who_has_left_the_team_gets_nothing_more(
        self, house: World, sits: Sits, released: str, database: Database, people: dict[str, Person]
    ) -> None:
        remove_member(database, people["dirk"], "cis-spinal", "rosa")
        assert sits("rosa").open(f"/requests/{released}/files/1").status == 404

    def test_there_is_no_third_file(self, house: World, sits: Sits, released: str) -> None:
        assert sits("rosa").open(f"/requests/{released}/files/3").status == 404


def test_a_held_file_can_not_be_downloaded(house: World, sits: Sits) -> None:
    request_id = house.bring_to(State.APPROVED, FILES)
    page = sits("rosa").open(f"/requests/{request_id}/files/1")
    assert (page.status, "not released" in page.text) == (409, True)


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_picture(state: State) -> None:
    stages = [step.stage for step in steps(state)]
    assert stages[0] == ("now" if state is State.DRAFT else "done")
    if state in (State.RETURNED, State.REJECTED, State.WITHDRAWN):
        assert stages == ["done", "ended"]
    elif state is State.RELEASED:
        assert set(stages) == {"done"}
    else:
        assert stages.count("now") == 1
        assert stages == sorted(stages, key=["done", "now", "ahead"].index)
