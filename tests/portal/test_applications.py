"""The pages of those who apply: begin, write, be told, submit, and hear what became of it."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.audit.tables import audit_event
from core.database import Database
from core.people.affiliations import record_affiliation
from core.people.models import Person, Sector
from core.settings import Settings
from projects.applications import service
from projects.applications.models import ApplicationState
from projects.applications.service import application_for, save_answer
from projects.committee.models import Word
from projects.committee.service import cast_vote, declare_interest, return_application
from projects.resource_rules.service import rules_in_force
from tests.egress_review.world import World
from tests.support.catalog import application_file, applied, ready
from tests.support.pages import FROM_OURSELVES, Page, Reader
from tests.support.portal import Sits
from tests.support.registries import publish_registries

STUDY = {
    "title": "Lesions and conversion",
    "question": "Do lesions go with conversion?",
    "lay_summary": "Who goes on to have MS?",
    "about_ms": "yes",
    "purpose:retrospective analysis": "on",
    "compares_drugs": "no",
    "population": "Adults.",
}
DATA = {
    "pick:cis_cohort.patients.age": "on",
    "pick:cis_cohort.patients.converted": "on",
    "rule:cis_cohort.patients.age": "band-5",
    "why:cis_cohort.patients": "Exposure and outcome.",
    "row_filter:cis_cohort.patients": "age >= 18",
}
PEOPLE = {
    "team.0.username": "lena",
    "team.0.role": "lead",
    "team.0.organisation": "University of Examples",
    "team.0.sector": "academic",
    "funding": "None.",
    "commercial": "no",
}
TIME = {"starts": "2026-06-01", "ends": "2027-05-31", "outputs_plan": "A table."}
SECTIONS = {"study": STUDY, "data": DATA, "people": PEOPLE, "time": TIME}


@pytest.fixture
def rules(house: World, database: Database, people: dict[str, Person]) -> None:
    ready(database, people)


def begun(lena: Reader, name: str = "bands") -> Page:
    page = lena.open("/applications")
    return lena.press(page, "Begin an application to Open records", name=name)


def save(reader: Reader, page: Page, section: str, **said: str) -> Page:
    """Press the Save button of one section, which every section has."""
    form = page.soup.select_one(f'form[action$="/answers/{section}"]')
    assert form is not None
    kept = {field["name"]: field.get("value", "") for field in form.select("input[type=hidden]")}
    headers = {**FROM_OURSELVES, "Referer": str(page.response.url)}
    return Page(reader.client.post(form["action"], data={**kept, **said}, headers=headers))


def test_an_application_is_written_checked_and_submitted(rules: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    page = begun(lena)
    assert "Title is not answered yet" in page.text
    assert not page.has_button("Submit to the committee")
    for section, said in SECTIONS.items():
        page = save(lena, page, section, **said)
        assert "Saved." in page.text
    assert "Everything is answered, and no rule stops it." in page.text
    assert not page.has_button("Submit to the committee"), "nothing is submitted unread"
    page = lena.open("/applications/bands/read")
    for words in ("Do lesions go with conversion?", "cis_cohort.patients", "Exposure and outcome.", "age >= 18"):
        assert words in page.text
    page = lena.press(page, "Submit to the committee", declared="yes")
    assert "Your application is before the committee." in page.text
    file = application_for(database, lena.person, "bands").submission.file  # type: ignore[union-attr,arg-type]
    asked = file.datasets["cis_cohort"]["patients"]
    assert (asked.variables, asked.row_filter, asked.generalise["age"].band) == (("age", "converted"), "age >= 18", 5)
    assert file.reasons == {"cis_cohort.patients": "Exposure and outcome."}


def test_what_was_written_is_there_again(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    save(lena, begun(lena), "data", **DATA)
    soup = lena.open("/applications/bands").soup
    checked = {field["name"] for field in soup.select("input[type=checkbox][checked]")}
    assert checked == {"pick:cis_cohort.patients.age", "pick:cis_cohort.patients.converted"}
    assert soup.select_one('textarea[name="why:cis_cohort.patients"]').get_text() == "Exposure and outcome."  # type: ignore[union-attr]
    chosen = soup.select('select[name="rule:cis_cohort.patients.age"] option[selected]')
    assert [option["value"] for option in chosen] == ["band-5"]


def test_a_rule_that_stops_it_is_said_at_once_and_nothing_is_submitted(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    page = save(lena, begun(lena), "study", **{**STUDY, "about_ms": "no"})
    assert "The study is said not to be about multiple sclerosis" in page.text
    assert "Make multiple sclerosis the study's question." in page.text
    token = page.soup.find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    said = {"form_token": token, "declared": "yes"}
    late = lena.client.post("/applications/bands/submit", data=said, headers=FROM_OURSELVES)
    assert late.status_code == 422
    assert "Nothing was submitted" in late.text


def written(lena: Reader) -> Page:
    """A draft that is whole, as it is read before it is submitted."""
    page = begun(lena)
    for section, said in SECTIONS.items():
        page = save(lena, page, section, **said)
    return lena.open("/applications/bands/read")


def state_of(database: Database, lena: Reader) -> tuple[ApplicationState, int]:
    found = application_for(database, lena.person, "bands")  # type: ignore[arg-type]
    return found.state, len(found.submissions)


def test_without_the_declaration_nothing_is_submitted(rules: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    page = lena.press(written(lena), "Submit to the committee")
    assert (page.status, "the declaration is not ticked" in page.text) == (422, True)
    assert state_of(database, lena) == (ApplicationState.DRAFT, 0)


def test_what_was_changed_since_it_was_read_is_read_again(rules: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    read = written(lena)
    save(lena, lena.open("/applications/bands"), "study", **{**STUDY, "title": "Another title"})
    page = lena.press(read, "Submit to the committee", declared="yes")
    assert (page.status, "changed since you read it" in page.text) == (409, True)
    assert state_of(database, lena) == (ApplicationState.DRAFT, 0)
    lena.press(page, "Submit to the committee", declared="yes")
    assert state_of(database, lena) == (ApplicationState.SUBMITTED, 1)


def test_a_submission_that_breaks_off_leaves_the_draft_as_it_was(
    rules: None, sits: Sits, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lena = sits("lena")
    read = written(lena)

    def die(*_: object) -> None:
        raise RuntimeError("the machine stops here")

    def kept() -> int:
        with database.read() as connection:
            return connection.execute(select(func.count()).select_from(audit_event)).scalar_one()

    before = kept()
    with monkeypatch.context() as broken:
        broken.setattr(service, "tell", die)
        lena.press(read, "Submit to the committee", declared="yes")
    assert state_of(database, lena) == (ApplicationState.DRAFT, 0)
    assert kept() == before
    lena.press(read, "Submit to the committee", declared="yes")
    assert state_of(database, lena) == (ApplicationState.SUBMITTED, 1)


def test_what_is_missing_is_said_section_by_section_with_the_way_to_it(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    page = save(lena, begun(lena), "time", **TIME)
    listed = page.soup.select_one("#check .sections")
    assert listed is not None
    heads = [" ".join(one.get_text(" ").split()[:6]) for one in listed.find_all("li", recursive=False)]
    assert heads[0].startswith("The study 7 missing")
    assert heads[3].startswith("Time and results complete")
    ways = [link["href"].removeprefix("#") for link in listed.select("a")]
    assert [way for way in ways if page.soup.find(id=way) is None] == []


def test_until_when_the_resource_takes_applications_is_said(rules: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    assert "Applications are taken at any time." in begun(lena).text
    with database.read() as connection:
        call = rules_in_force(connection, "ms_cidr").rules.open_call(database.clock())
    assert call is not None
    page = lena.press(lena.open("/applications"), "Begin an application to MS CIDR", name="calls")
    assert f"Open through {call.closes:%-d %B %Y} (that day included, {call.time_zone})" in page.text
    assert f"{call.days_left(database.clock())} days left" in page.text


def test_a_variable_has_a_reason_of_its_own_and_keeps_it(rules: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    own = {"why:cis_cohort.patients.age": "It confounds."}
    save(lena, begun(lena), "data", **DATA, **own, **{"why:cis_cohort.patients.gender": "It is not picked."})
    page = lena.open("/applications/bands")
    lena.press(page, "Save", title="Saved again")
    kept = application_for(database, lena.person, "bands").answers["reasons"]  # type: ignore[arg-type]
    table = {"cis_cohort.patients": "Exposure and outcome."}
    assert json.loads(kept.value) == {**table, "cis_cohort.patients.age": "It confounds."}
    assert page.soup.find("input", {"name": "why:cis_cohort.patients.age"})["value"] == "It confounds."  # type: ignore[index]


def test_where_members_work_by_the_record_is_shown_to_them_and_the_committee(
    rules: None, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    record_affiliation(database, people["olga"], "rosa", "Acme Pharma", Sector.PHARMACEUTICAL)
    lena = sits("lena")
    team = {**PEOPLE, **{name.replace(".0.", ".1."): text for name, text in PEOPLE.items() if ".0." in name}}
    page = save(lena, begun(lena), "people", **{**team, "team.1.username": "rosa", "team.1.role": "researcher"})
    assert "On record: Acme Pharma, pharmaceutical differs" in page.text
    assert "On record: nothing" in page.text
    applied(
        database, people, application_file(id="waits", resource="open", team=[{"username": "lena", "role": "lead"}])
    )
    record_affiliation(database, people["olga"], "lena", "Acme Pharma", Sector.PHARMACEUTICAL)
    assert "Acme Pharma, pharmaceutical differs" in sits("dirk").open("/committee/waits").text


def test_drafts_are_a_duty(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    assert "Drafts" not in lena.open("/").text
    begun(lena)
    assert "1 Drafts" in lena.open("/").text
    lena.press(lena.open("/applications/bands"), "Withdraw this application for good")
    assert "Drafts" not in lena.open("/").text


def test_two_windows_do_not_overwrite_each_other(rules: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    first, second = begun(lena), lena.open("/applications/bands")
    save(lena, first, "study", title="From the first window")
    answer = save(lena, second, "study", title="From the second window")
    assert answer.status == 409
    assert "was changed in another window" in answer.text
    kept = application_for(database, lena.person, "bands").answers["title"]  # type: ignore[arg-type]
    assert json.loads(kept.value) == "From the first window"
    assert answer.soup.select_one("#title")["value"] == "From the second window", "nothing written is lost"  # type: ignore[index]
    assert save(lena, answer, "study", title="From the second window").status == 409, "only who has seen both decides"
    keep = answer.soup.find("button", string="Keep mine")
    assert keep is not None
    assert keep["form"] == answer.form("Save")["id"]  # type: ignore[index]
    save(lena, answer, "study", title="From the second window", **{keep["name"]: keep["value"]})  # type: ignore[index,dict-item]
    kept = application_for(database, lena.person, "bands").answers["title"]  # type: ignore[arg-type]
    assert json.loads(kept.value) == "From the second window"


def test_a_save_by_script_answers_with_the_pre_check_and_the_versions(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    page = begun(lena)
    token = page.soup.find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    said = {"form_token": token, "title": "By script", "version:title": "0"}
    headers = {**FROM_OURSELVES, "HX-Request": "true"}
    part = Page(lena.client.post("/applications/bands/answers/study", data=said, headers=headers))
    assert part.soup.find("html") is None
    assert "What you want to find out is not answered yet" in part.text
    assert part.soup.select_one("#version-title")["value"] == "1"  # type: ignore[index]
    again = Page(lena.client.post("/applications/bands/answers/study", data=said | {"title": "Late"}, headers=headers))
    assert "was changed in another window" in again.text


@pytest.mark.parametrize("username", ["rosa", "dirk", "olga", "anna"])
def test_a_draft_is_its_writers_alone(rules: None, sits: Sits, username: str) -> None:
    begun(sits("lena"))
    other = sits(username)
    assert other.open("/applications/bands").status == 404
    token = other.open("/applications").soup.find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    for step in ("answers/study", "submit", "withdraw", "appeal", "exemption/window"):
        said = {"form_token": token, "title": "Mine", "reason": "x"}
        answer = other.client.post(f"/applications/bands/{step}", data=said, headers=FROM_OURSELVES)
        assert answer.status_code == 404, step


def test_a_name_is_taken_once_and_is_a_name(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    begun(lena)
    assert "is taken" in begun(lena).text
    assert "is no project name" in begun(lena, "../vault").text


class TestAfterSubmission:
    @pytest.fixture
    def waits(self, rules: None, database: Database, people: dict[str, Person]) -> None:
        applied(database, people, application_file(id="bands"))

    def test_returned_it_is_written_again(
        self, waits: None, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        return_application(database, people["dirk"], "bands", "Say <b>why</b> the age.")
        lena = sits("lena")
        assert "Applications returned to you" in lena.open("/").text
        page = lena.open("/applications/bands")
        assert "Say <b>why</b> the age." in page.text
        page = lena.open("/applications/bands/read")
        assert "is before the committee" in lena.press(page, "Submit to the committee", declared="yes").text

    def test_declined_it_can_be_appealed_and_no_member_is_named(
        self, waits: None, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        cast_vote(database, people["dirk"], "bands", "house", Word.DECLINE, reason="Too few people.")
        lena = sits("lena")
        page = lena.open("/applications/bands")
        assert "Too few people." in page.text
        assert "dirk" not in page.text
        page = lena.press(page, "Appeal", reason="There are 273.")
        assert "other members of the committee" in page.text
        cast_vote(database, people["dora"], "bands", "house", Word.APPROVE)
        assert lena.open("/projects/bands").status == 200

    def test_what_is_not_given_is_told_with_its_reason(
        self, waits: None, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        declined = {"cis_cohort.patients.gender": "Not part of the question."}
        cast_vote(database, people["dirk"], "bands", "house", Word.APPROVE, declined=declined, conditions="No copies.")
        text = sits("lena").open("/applications/bands").text
        assert "cis_cohort.patients.gender is not given: Not part of the question." in text
        assert "On condition: No copies." in text

    def test_withdrawn_it_stays_so(self, waits: None, sits: Sits) -> None:
        lena = sits("lena")
        page = lena.press(lena.open("/applications/bands"), "Withdraw this application for good")
        assert "The application is withdrawn." in page.text
        assert not page.has_button("Withdraw this application for good")


def test_an_exemption_is_asked_for_on_the_form(
    rules: None, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    lena, dirk = sits("lena"), sits("dirk")
    page = save(lena, begun(lena), "study", **{**STUDY, "about_ms": "no"})
    page = lena.press(page, "Ask for an exemption from “about ms”", reason="NMOSD is close to it.")
    assert "The committee is asked." in page.text
    assert "NMOSD is close to it." in dirk.open("/committee/bands").text
    for username in ("dirk", "dora"):
        member = sits(username)
        member.press(member.open("/committee/bands"), "Grant it", reason="It is.")
    page = lena.open("/applications/bands")
    assert "Exempted by the committee" in page.text
    save_answer(database, people["lena"], "bands", "funding", "None.", 0)
    declare_interest(database, people["dirk"], "bands", conflict=False)


@pytest.fixture
def registries(rules: None, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    publish_registries(database, settings, people["dana"], tmp_path)


def test_variables_are_picked_once_for_every_registry(registries: None, sits: Sits, database: Database) -> None:
    lena = sits("lena")
    page = lena.press(lena.open("/applications"), "Begin an application to BMSD", name="bands")
    form = page.soup.select_one('form[action$="/everywhere/patient"]')
    assert form is not None
    token = {"form_token": form.select_one('[name="form_token"]')["value"]}  # type: ignore[index]
    picked = {"pick:sex": "on", "pick:course": "on", "at:remus": "on", "at:msbase": "on", "why": "Who is studied."}
    headers = {**FROM_OURSELVES, "Referer": str(page.response.url)}
    nothing = lena.client.post(form["action"], data=token | {"pick:sex": "on"}, headers=headers)  # type: ignore[arg-type,dict-item]
    assert nothing.status_code == 422
    page = Page(lena.client.post(form["action"], data=token | picked, headers=headers))  # type: ignore[arg-type]
    assert "Picked at 2 datasets." in page.text
    answers = application_for(database, lena.person, "bands").answers  # type: ignore[arg-type]
    asked = {"patient": {"variables": ["sex", "course"]}}
    assert json.loads(answers["datasets"].value) == {"remus": asked, "msbase": asked}
    assert set(json.loads(answers["reasons"].value)) == {"remus.patient", "msbase.patient"}
    other = {**token, "pick:sex": "on", "at:remus": "on"}
    assert sits("rosa").client.post(form["action"], data=other, headers=headers).status_code == 403


def test_a_cohort_is_counted_while_it_is_written(registries: None, sits: Sits) -> None:
    lena = sits("lena")
    page = lena.press(lena.open("/applications"), "Begin an application to BMSD", name="bands")
    button = page.soup.select_one('[formaction$="/people/remus/patient"]')
    assert button is not None
    token = page.soup.select_one('[name="form_token"]')["value"]  # type: ignore[index]
    headers = {**FROM_OURSELVES, "HX-Request": "true"}

    def asked(cohort: str, place: str = "remus") -> Page:
        said = {"form_token": token, f"cohort:{place}.patient": cohort}
        return Page(lena.client.post(f"/applications/bands/people/{place}/patient", data=said, headers=headers))

    assert re.fullmatch(r"About [\d,]+ people\.|Fewer than ten people\.", asked("sex = 'female'").text)
    assert "describes nobody" in asked("").text
    assert "weight" in asked("weight > 3").text, "what is wrong with it is said there"
    assert asked("sex = 'female'", "cis_cohort").status == 404, "it is not of this resource"


def test_what_two_windows_picked_is_told_in_words(rules: None, sits: Sits) -> None:
    lena = sits("lena")
    first, second = begun(lena), lena.open("/applications/bands")
    save(lena, first, "data", **DATA)
    answer = save(lena, second, "data", **{"pick:cis_cohort.patients.gender": "on"})
    assert "cis_cohort.patients.variables: age, converted" in answer.text
    assert "cis_cohort.patients.variables: gender" in answer.text
