"""Closing a project in the portal: what is said first, who may, and how far it is afterwards."""

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review.kept import kept_outputs
from egress_review.models import State
from projects.closeout.proof import verify_proof
from projects.closeout.service import purge_archive
from projects.models import ProjectState
from projects.service import close_project, project
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.support.closeout import close_out, go_on
from tests.support.portal import Sits

HERE = "/projects/cis-spinal"
BUTTON = "Close this project for good"


@pytest.mark.parametrize("username", ["olga", "dirk"])
def test_who_may_close_is_led_to_what_it_deletes_and_what_remains(house: World, sits: Sits, username: str) -> None:
    reader = sits(username)
    page = reader.open(HERE)
    assert page.soup.select_one(f'a[href="{HERE}/close"]')
    page = reader.open(f"{HERE}/close")
    for told in ("1 cut(s), with their views", "home folders", "released outputs", "365 days", "lists of who withdrew"):
        assert told in page.text


@pytest.mark.parametrize("username", ["lena", "rosa", "anna"])
def test_others_see_the_project_and_can_not_close_it(
    house: World, sits: Sits, database: Database, username: str
) -> None:
    reader = sits(username)
    assert not reader.open(HERE).soup.select_one(f'a[href="{HERE}/close"]')
    page = reader.open(f"{HERE}/close")
    assert (page.status, "may not close a project" in page.text) == (403, True)


def test_the_id_is_asked_for(house: World, sits: Sits, database: Database) -> None:
    dirk = sits("dirk")
    for typed in ("", "cis-spine", "yes"):
        page = dirk.press(dirk.open(f"{HERE}/close"), BUTTON, project=typed)
        assert (page.status, "type cis-spinal" in page.text) == (422, True)
    assert project(database, "cis-spinal").state is ProjectState.ACTIVE


def test_it_is_closed_at_once_and_the_rest_is_left_to_the_worker(
    house: World, sits: Sits, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    dirk = sits("dirk")
    page = dirk.press(dirk.open(f"{HERE}/close"), BUTTON, project="cis-spinal")
    assert "The project is closed." in page.text
    assert (settings.cuts / "cis-spinal").exists(), "a request does not wait for deletion"
    assert "It is under way" in page.text
    assert len(page.soup.select("#close-out .badge.off")) == 6
    assert page.soup.select_one("#close-out")["hx-trigger"] == "every 5s"  # type: ignore[index]
    assert dirk.open(f"{HERE}/deletion-proof.txt").status == 404
    go_on(database, settings, people["olga"])
    page = dirk.open(HERE)
    assert len(page.soup.select("#close-out .badge.good")) == 6
    assert "hx-trigger" not in page.soup.select_one("#close-out").attrs  # type: ignore[union-attr]


def test_what_changed_since_it_was_looked_at_is_not_closed(
    house: World, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    olga = sits("olga")
    page = olga.open(f"{HERE}/close")
    close_project(database, people["dirk"], "cis-spinal")
    late = olga.press(page, BUTTON, project="cis-spinal")
    assert late.status == 409


def test_the_proof_is_the_teams_and_the_houses_to_download(
    house: World, sits: Sits, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    close_out(database, settings, people["olga"])
    signed = (settings.proofs / "cis-spinal.txt").read_bytes()
    for username in ("lena", "dirk", "anna"):
        answer = sits(username).open(f"{HERE}/deletion-proof.txt").response
        assert answer.content == signed
        assert "attachment" in answer.headers["content-disposition"]
    assert sits("ravi").open(f"{HERE}/deletion-proof.txt").status == 404


def test_released_outputs_are_named_in_it_and_stay_downloadable(
    house: World, sits: Sits, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    request_id = house.bring_to(State.RELEASED)
    house.submit({"held.csv": b"a,people\nb,99\n"})
    close_project(database, people["olga"], "cis-spinal")
    go_on(database, settings, people["olga"], kept_outputs=lambda name: kept_outputs(database, settings, name))
    remains = verify_proof(settings.proofs / "cis-spinal.txt").remains
    [output] = remains.released
    assert (output.request, output.file, output.verified) == (request_id, 1, True)
    assert remains.held_files == 2
    assert "held.csv" not in (settings.proofs / "cis-spinal.txt").read_text()
    answer = sits("rosa").open(f"/requests/{request_id}/files/1").response
    assert answer.content == b"group,people\na,12\nb,31\n"


def test_a_released_output_that_was_damaged_is_not_called_kept(
    house: World, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    request_id = house.bring_to(State.RELEASED)
    [file] = settings.released.iterdir()
    file.unlink()
    close_project(database, people["olga"], "cis-spinal")
    go_on(database, settings, people["olga"], kept_outputs=lambda name: kept_outputs(database, settings, name))
    proof = verify_proof(settings.proofs / "cis-spinal.txt")
    assert not proof.remains.released[0].verified
    assert any(one.what == f"released output {request_id}/1" for one in proof.not_verified)


def test_an_archive_past_its_last_day_waits_for_operations(
    house: World,
    sits: Sits,
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    clock: HandClock,
) -> None:
    (settings.teams / "cis-spinal").mkdir(parents=True)
    close_out(database, settings, people["olga"])
    told = "Archives of closed projects to delete"
    assert told not in sits("olga").open("/").text
    assert "is kept through 1 June 2027" in sits("lena").open(HERE).text
    clock.turn(days=366)
    olga = sits("olga")
    assert told in olga.open("/").text
    assert told not in sits("dirk").open("/").text
    assert "archive to delete" in olga.open("/operations").text
    assert "myelin project purge-archive cis-spinal" in olga.open(HERE).text
    purge_archive(database, settings, people["olga"], "cis-spinal")
    assert told not in sits("olga").open("/").text
    assert "The archive was deleted after its last day" in sits("lena").open(HERE).text
