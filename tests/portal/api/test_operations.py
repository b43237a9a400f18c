"""Operations one by one: that each does through the API what it does on the pages, and shows no more."""

from typing import Any

import pytest

from core.audit.log import entries
from core.database import Database
from core.people.models import Person
from egress_review.models import State
from portal.api.app import PREFIX
from projects.closeout.service import finish
from projects.service import project
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.support.api import Programs
from tests.support.catalog import application_file, applied, approved_project
from tests.support.closeout import nothing_around


def test_a_list_comes_a_page_at_a_time_whole_and_in_order(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    for name in ("a", "b", "c", "d"):
        applied(database, people, application_file(id=name))
    lena, cursor, seen = program("lena"), "", []
    while cursor is not None:
        page = lena.get(f"/applications?limit=2&cursor={cursor}")
        assert len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == ["a.0", "b.0", "c.0", "cis-spinal.0", "d.0"]
    assert lena.ask("GET", "/applications?limit=0").status_code == 422


def test_a_draft_is_its_writers_alone(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    applied(database, people, application_file(id="waits"))
    assert {one["field"] for one in program("lena").get("/applications/waits.0")["answers"]} >= {"title", "team"}
    for other in ("rosa", "dirk", "anna"):
        assert program(other).get("/applications/waits.0")["answers"] == [], other


def test_those_who_apply_read_what_was_decided_and_not_who_voted(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    approved_project(database, people, application_file(id="bands"))
    text = program("lena").ask("GET", "/applications/bands.0").text
    assert '"approved":true' in text
    assert "dirk" not in text


@pytest.mark.parametrize("value", ["NaN", "-Infinity", r'"\ud800"', r'{"\udfff": 1}', "[" * 400 + "]" * 400])
def test_what_json_can_not_write_is_no_answer(house: World, program: Programs, value: str) -> None:
    lena = program("lena")
    lena.send("POST", "/applications", {"resource": "open", "project_id": "bands"})
    where, headers = f"{PREFIX}/applications/bands.0/answers/title", {"Content-Type": "application/json"}
    answer = lena.client.put(where, content=f'{{"version": 0, "value": {value}}}', headers=headers)
    assert answer.status_code == 422
    assert lena.get("/applications/bands.0")["answers"] == []


def test_operations_add_somebody_who_then_has_a_role_and_a_training(
    house: World, program: Programs, database: Database
) -> None:
    olga, otto = program("olga"), program("otto")
    vera = {"username": "vera", "name": "Vera", "email": "vera@example.org", "subject": "vera-1"}
    assert olga.send("POST", "/people", vera)["roles"] == []
    assert olga.ask("POST", "/people", {**vera, "username": "other"}).status_code == 403
    grant = olga.send("POST", "/people/vera/roles", {"role": "checker"})
    assert not grant["in_force"]
    assert [one["id"] for one in otto.get("/grants")["items"]] == [grant["id"]]
    assert otto.send("POST", f"/grants/{grant['id']}/confirm")["in_force"]
    olga.send("POST", "/people/vera/affiliation", {"organisation": "University", "sector": "academic"})
    course = {"course": "safe-outputs", "passed_on": "2026-05-01", "through": "2027-05-01", "evidence": "no. 1"}
    olga.send("POST", "/people/vera/trainings", course)
    found = otto.get("/people/vera")
    assert (found["roles"], found["affiliation"]["organisation"]) == (["checker"], "University")
    assert otto.get("/people/vera/trainings")["items"][0]["course"] == "safe-outputs"
    olga.send("DELETE", "/people/vera/trainings/safe-outputs")
    olga.send("DELETE", "/people/vera/roles/checker")
    assert otto.send("POST", "/people/vera/close")["active"] is False
    assert otto.send("POST", "/people/vera/reopen")["active"] is True
    with database.read() as connection:
        by = {entry.actor for entry, _ in entries(connection, subject="person:vera")}
    assert by == {"person:olga", "person:otto"}, "under the names of those whose programs these are"


def test_what_the_sign_in_provider_knows_somebody_by_is_shown_to_nobody(house: World, program: Programs) -> None:
    for path in ("/people", "/people/rosa", "/me"):
        assert "subject-rosa" not in program("olga").ask("GET", path).text


def test_a_role_that_was_taken_away_is_gone_with_the_next_request(house: World, program: Programs) -> None:
    dirk = program("dirk")
    assert dirk.ask("GET", "/committee").status_code == 200
    program("olga").send("DELETE", "/people/dirk/roles/dac_member")
    assert dirk.ask("GET", "/committee").status_code == 403
    program("olga").send("POST", "/people/dirk/close")
    assert dirk.ask("GET", "/me").status_code == 401


def test_a_fee_is_asked_for_and_paid(house: World, database: Database, program: Programs) -> None:
    olga = program("olga")
    asked = olga.send("POST", "/projects/cis-spinal/invoices", {"amount": 150000, "due_on": "2026-12-31"})
    where = f"/invoices/{asked['number']}"
    paid = program("otto").send("POST", f"{where}/payment", {"paid_on": "2026-06-01", "reference": "bank 1"})
    assert (paid["state"], paid["amount"], paid["currency"]) == ("paid", 150000, "EUR")
    assert olga.ask("POST", f"{where}/cancel").status_code == 422, "what is paid stays paid"
    assert program("dirk").get("/invoices")["items"][0]["reference"] == "bank 1"


def test_an_agreement_is_drawn_up_and_its_leads_read_whose_turn_it_is(house: World, program: Programs) -> None:
    signers = {"signatory": "ravi", "countersignatory": "dirk"}
    drawn = program("olga").send("POST", "/projects/cis-spinal/agreements", signers)
    assert (drawn["state"], drawn["signatory"]) == ("drafted", "ravi")
    seen = program("lena").get("/projects/cis-spinal/agreements")
    assert [one["document_sha256"] for one in seen["drawn"]] == [drawn["document_sha256"]]
    assert "waits for the signature of Ravi" in seen["turns"][0]
    assert program("rosa").ask("GET", "/projects/cis-spinal/agreements").status_code == 404, "a lead's to read"
    assert program("lena").ask("POST", "/projects/cis-spinal/agreements", signers).status_code == 403


def test_a_project_is_stopped_and_opened_again_and_its_team_changed(
    house: World, database: Database, program: Programs
) -> None:
    olga, dirk = program("olga"), program("dirk")
    assert program("rosa").get("/projects/cis-spinal")["closed_because"] == ""
    assert olga.send("POST", "/projects/cis-spinal/suspend")["state"] == "suspended"
    assert "suspended" in program("rosa").get("/projects/cis-spinal")["closed_because"]
    assert dirk.send("POST", "/projects/cis-spinal/resume")["state"] == "active"
    assert dirk.send("POST", "/projects/cis-spinal/members", {"username": "ravi"})["team"]["ravi"] == "researcher"
    dirk.send("DELETE", "/projects/cis-spinal/members/ravi")
    assert program("ravi").ask("GET", "/projects/cis-spinal").status_code == 404


def test_a_project_is_closed_as_it_was_looked_at_and_its_proof_is_read(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    approved_project(database, people, application_file(id="over"))
    olga = program("olga")
    version = olga.get("/projects/over")["version"]
    assert olga.ask("POST", "/projects/over/close", {"version": "0" * 32}).status_code == 409
    assert olga.send("POST", "/projects/over/close", {"version": version})["state"] == "closed"
    assert olga.ask("GET", "/projects/over/deletion-proof").status_code == 404
    finish(database, house.settings, people["olga"], "over", nothing_around())
    standing = olga.get("/projects/over/closeout")
    assert (standing["is_proven"], standing["steps"][-1]["step"]) == (True, "proven")
    proof = program("lena").ask("GET", "/projects/over/deletion-proof")
    assert proof.headers["content-type"].startswith("text/plain")
    assert project(database, "over").title in proof.text


def test_two_members_exempt_a_draft_from_a_rule(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    applied(database, people, application_file(id="before"))
    lena = program("lena")
    lena.send("POST", "/applications", {"resource": "open", "project_id": "bands"})
    asked = lena.send("POST", "/applications/bands.0/exemptions/term", {"reason": "It takes longer."})
    assert (asked["in_force"], asked["settled"]) == (False, False)
    word: dict[str, Any] = {"granted": True, "reason": "It does."}
    for member in ("dirk", "dora"):
        said = program(member).send("POST", "/committee/bands.0/exemptions/term", word)
    assert (said["in_force"], said["said"]) == (True, ["It does.", "It does."])
    assert program("dirk").ask("POST", "/committee/bands.0/exemptions/term", word).status_code == 409


def test_a_seat_is_given_and_ended(house: World, program: Programs, clock: HandClock) -> None:
    olga = program("olga")
    dora = {"resource": "open", "body": "house", "username": "dora"}
    assert dora in program("lena").get("/seats?limit=200")["items"]
    olga.send("DELETE", "/seats/open/house/dora")
    assert dora not in olga.get("/seats?limit=200")["items"]
    clock.turn(minutes=1)
    assert olga.send("POST", "/seats/open/house", {"username": "dora"}) == dora


def test_a_publication_goes_its_way_and_a_report_is_written(house: World, program: Programs) -> None:
    released, lena = house.bring_to(State.RELEASED), program("lena")
    of_project = "/projects/cis-spinal/publications"
    planned = lena.send("POST", of_project, {"kind": "article", "title": "Spinal cord lesions"})
    where = f"{of_project}/{planned['number']}"
    assert lena.send("POST", f"{where}/show", {"manuscript": "https://example.org/m"})["state"] == "shown"
    assert lena.send("POST", f"{where}/outputs", {"outputs": [released]})["outputs"] == [released]
    out = {"link": "10.1000/1", "published_on": "2026-05-20", "acknowledges": True}
    published = lena.send("POST", f"{where}/publish", out)
    assert (published["state"], published["link"]) == ("published", "https://doi.org/10.1000/1")
    assert lena.send("POST", f"{where}/summary", {"words": "It matters."})["lay_summary"] == "It matters."
    assert lena.ask("POST", f"{where}/submit", {"venue": "x", "submitted_on": "2026-05-01"}).status_code == 409
    lena.send("POST", "/projects/cis-spinal/reports", {"words": "An article came of it."})
    assert program("dirk").get("/projects/cis-spinal/reports")["items"][0]["words"] == "An article came of it."
    assert program("dirk").get(of_project)["items"] == [lena.get(of_project)["items"][0]]
    assert program("rosa").get("/projects/cis-spinal/obligations")["next"] is None
    refused = program("dirk").ask("POST", of_project, {"kind": "article", "title": "Mine"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/api#ActionRefused")
