"""Whole stories by the API alone: from an empty draft to a project, and what stands in the way is said each time."""

from core.database import Database
from core.people.models import Person
from projects.service import project
from tests.egress_review.world import World
from tests.support.api import Programs
from tests.support.catalog import amendment_file, application_file, ready

DRAFT = application_file(id="bands").model_dump(mode="json", exclude={"id", "resource"})


def test_an_applicant_applies_two_members_vote_and_a_project_opens(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    ready(database, people)
    lena, dirk, dora = program("lena"), program("dirk"), program("dora")
    ask_for_two_votes(program)
    begun = lena.send("POST", "/applications", {"resource": "open", "project_id": "bands"})
    assert (begun["id"], begun["state"], begun["actions"]) == ("bands.0", "draft", ["submit", "withdraw"])
    for field, value in DRAFT.items():
        lena.send("PUT", f"/applications/bands.0/answers/{field}", {"value": value, "version": 0})
    found = lena.get("/applications/bands.0/check")
    assert (found["is_free"], found["problems"], found["verdicts"]) == (True, [], [])
    other = lena.ask("POST", "/applications/bands.0/submit", {"read": "0" * 64, "declared": True})
    assert other.status_code == 409, "it is submitted as it was read"
    submitted = lena.send("POST", "/applications/bands.0/submit", {"read": found["sha256"], "declared": True})
    version = submitted["submission"]["sha256"]
    for member in (dirk, dora):
        assert [one["id"] for one in member.get("/committee")["items"] if one["waits_for_me"]] == ["bands.0"]
        member.send("POST", "/committee/bands.0/interest", {"conflict": False})
        (body,) = member.get("/committee/bands.0")["bodies"]
        vote = {"body": body["id"], "word": "approve", "version": version, "conditions": "Tell us."}
        seen = member.send("POST", "/committee/bands.0/votes", vote)
    assert seen["state"] == "approved"
    assert project(database, "bands").approved_by == "dora"
    opened = lena.get("/projects/bands")
    assert (opened["state"], opened["team"]["lena"]) == ("approved", "lead")
    assert {right["kind"]: right["through"] for right in opened["rights"]}["project"] == "2026-12-31"
    (decision,) = lena.get("/applications/bands.0")["decisions"]
    assert (decision["approved"], decision["conditions"]) == (True, ["Tell us.", "Tell us."])


def ask_for_two_votes(program: Programs) -> None:
    """Have the committee decide by two votes: operations propose it, a member puts it in force."""
    rules = program("olga").get("/rules/open")["rules"]
    rules["bodies"][0]["quorum"] = 2
    proposed = program("olga").send("POST", "/rules", rules)
    assert not proposed["in_force"]
    assert program("dirk").send("POST", f"/rules/open/{proposed['number']}/confirm")["in_force"]


def test_an_application_written_elsewhere_is_submitted_whole_or_not_at_all(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    ready(database, people)
    lena, whole = program("lena"), {**DRAFT, "id": "bands", "resource": "open"}
    refused = lena.ask("POST", "/submissions", {**whole, "lay_summary": "", "team": []})
    assert refused.status_code == 422
    assert len(refused.json()["problems"]) == 1
    assert lena.get("/applications")["items"][0]["id"] == "cis-spinal.0", "no draft was begun"
    assert lena.send("POST", "/submissions", whole)["state"] == "submitted"


def test_a_rule_that_stops_an_application_is_named_with_what_would_change_it(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    ready(database, people)
    refused = program("lena").ask(
        "POST", "/submissions", {**DRAFT, "id": "bands", "resource": "open", "ends": "2036-12-31"}
    )
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (403, "/api#RulesRefuse")
    (verdict,) = problem["verdicts"]
    assert (verdict["rule"], verdict["weight"]) == ("term", "refuses")
    assert verdict["remedy"]


def test_an_answer_that_was_changed_elsewhere_is_kept_and_answered(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    ready(database, people)
    lena = program("lena")
    lena.send("POST", "/applications", {"resource": "open", "project_id": "bands"})
    where = "/applications/bands.0/answers/title"
    assert lena.send("PUT", where, {"value": "Mine", "version": 0})["version"] == 1
    late = lena.ask("PUT", where, {"value": "Too late", "version": 0})
    assert (late.status_code, late.json()["current"], late.json()["version"]) == (409, "Mine", 1)
    assert lena.send("PUT", where, {"value": "On top", "version": 1})["value"] == "On top"


def test_a_returned_application_says_what_is_to_be_changed(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    ready(database, people)
    lena, dirk = program("lena"), program("dirk")
    version = lena.send("POST", "/submissions", {**DRAFT, "id": "bands", "resource": "open"})["submission"]["sha256"]
    dirk.send("POST", "/committee/bands.0/interest", {"conflict": False})
    stale = dirk.ask("POST", "/committee/bands.0/return", {"reason": "Say more.", "version": "0" * 64})
    assert stale.status_code == 409
    dirk.send("POST", "/committee/bands.0/return", {"reason": "Say more.", "version": version})
    returned = lena.get("/applications/bands.0")
    assert (returned["state"], returned["returned"]) == ("returned", "Say more.")


def test_a_running_project_is_amended(
    house: World, database: Database, people: dict[str, Person], program: Programs
) -> None:
    lena, dirk = program("lena"), program("dirk")
    begun = lena.send("POST", "/projects/cis-spinal/amendments")
    assert (begun["id"], begun["state"]) == ("cis-spinal.1", "draft")
    assert lena.ask("POST", "/projects/cis-spinal/amendments").status_code == 409, "one at a time"
    assert lena.get("/projects/cis-spinal")["amendment"] == "cis-spinal.1"
    lena.send("POST", "/applications/cis-spinal.1/withdraw")
    asked = lena.send("POST", "/amendments", amendment_file().model_dump(mode="json"))
    assert asked["id"] == "cis-spinal.2"
    dirk.send("POST", "/committee/cis-spinal.2/interest", {"conflict": False})
    seen = dirk.get("/committee/cis-spinal.2")
    assert "variable schooling" in [one["what"] for one in seen["amends"]["differences"]]
    vote = {"body": seen["bodies"][0]["id"], "word": "approve", "version": asked["submission"]["sha256"]}
    assert dirk.send("POST", "/committee/cis-spinal.2/votes", vote)["state"] == "approved"
    assert project(database, "cis-spinal").waits_for_cut
