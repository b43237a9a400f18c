"""The committee at work, on both engines: whole stories, from an application to what it came to."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound, Refused
from core.people.models import Person, Role
from core.people.service import confirm_role, person_by_username, propose_role
from core.settings import Settings
from projects.applications.errors import NotYours, RulesRefuse
from projects.applications.exemptions import answer_exemption, ask_exemption
from projects.applications.models import ApplicationState as State
from projects.applications.service import (
    application_for,
    apply_from_file,
    begin_application,
    save_answer,
)
from projects.committee.errors import NoVote, VoteSettled
from projects.committee.models import Word
from projects.committee.service import (
    appeal_decision,
    cast_vote,
    declare_interest,
    deliberation,
    end_seat,
    give_seat,
    return_application,
    seats,
)
from projects.resource_rules.models import Body, RuleId, load_rules
from projects.resource_rules.service import confirm_rules, propose_rules
from projects.service import project
from tests.support.catalog import RULES, application_file, applied, ready, submitted
from tests.support.registries import REGISTRIES, publish_registries

APPROVE, DECLINE = Word.APPROVE, Word.DECLINE
GENDER = "cis_cohort.patients.gender"
AGE = "cis_cohort.patients.age"
ID = "cis-spinal"


def ask_for_votes(database: Database, people: dict[str, Person], quorum: int) -> None:
    """Put rules of the open records in force that ask for so many votes."""
    rules = load_rules(RULES / "open.toml")
    body = Body(id="house", name="the house's committee", datasets=("*",), quorum=quorum)
    made = propose_rules(database, people["olga"], rules.model_copy(update={"bodies": (body,)}))
    confirm_rules(database, people["dirk"], "open", made.number)


def test_two_of_three_decide_and_no_project_is_there_before(
    cohort: None, database: Database, people: dict[str, Person], ravi: Person
) -> None:
    ask_for_votes(database, people, 2)
    applied(database, people)
    said = cast_vote(
        database, people["dirk"], ID, "house", APPROVE, conditions="No copies.", declined={GENDER: "Not needed."}
    )
    assert said.state is State.SUBMITTED
    with pytest.raises(NotFound):
        project(database, ID)
    assert cast_vote(database, people["dora"], ID, "house", APPROVE).state is State.APPROVED
    made = project(database, ID)
    assert [table.variables for table in made.first_tables] == [("age", "converted", "spinal_cord_mri")]
    assert made.conditions == "No copies."
    declare_interest(database, ravi, ID, conflict=False)
    with pytest.raises(VoteSettled):
        cast_vote(database, ravi, ID, "house", DECLINE, reason="Too late.")


def test_a_tie_waits_for_the_third(cohort: None, database: Database, people: dict[str, Person], ravi: Person) -> None:
    ask_for_votes(database, people, 2)
    found = applied(database, people)
    cast_vote(database, people["dirk"], ID, "house", APPROVE)
    said = cast_vote(database, people["dora"], ID, "house", DECLINE, reason="Too few people.")
    assert said.state is State.SUBMITTED
    declare_interest(database, ravi, ID, conflict=False)
    assert cast_vote(database, ravi, ID, "house", DECLINE, reason="So I think.").state is State.DECLINED
    votes = deliberation(database, people["dirk"], found).votes
    assert [(vote.username, vote.word) for vote in votes] == [("dirk", APPROVE), ("dora", DECLINE), ("ravi", DECLINE)]
    with pytest.raises(NotFound):
        project(database, ID)


def test_a_member_with_a_conflict_does_not_vote_until_it_is_gone(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    apply_from_file(database, people["lena"], application_file())
    with pytest.raises(NoVote, match="Declare first"):
        cast_vote(database, people["dirk"], ID, "house", APPROVE)
    with pytest.raises(InvalidInput):
        declare_interest(database, people["dirk"], ID, conflict=True, words=" ")
    declare_interest(database, people["dirk"], ID, conflict=True, words="We publish together.")
    with pytest.raises(NoVote, match="conflict"):
        cast_vote(database, people["dirk"], ID, "house", APPROVE)
    with pytest.raises(NoVote, match="conflict"):
        return_application(database, people["dirk"], ID, "Change it.")
    database.clock.turn(days=1)  # type: ignore[attr-defined]
    declare_interest(database, people["dirk"], ID, conflict=False, words="It was another person of that name.")
    assert cast_vote(database, people["dirk"], ID, "house", APPROVE).state is State.APPROVED


def test_a_returned_application_comes_back_and_votes_of_the_first_round_do_not_count(
    cohort: None, database: Database, people: dict[str, Person], ravi: Person
) -> None:
    ask_for_votes(database, people, 2)
    first = applied(database, people)
    declare_interest(database, ravi, ID, conflict=False)
    cast_vote(database, people["dirk"], ID, "house", APPROVE)
    assert return_application(database, ravi, ID, "Say why the age.").state is State.RETURNED
    assert deliberation(database, people["lena"], first).return_note == "Say why the age."
    save_answer(database, people["lena"], ID, "population", "Adults.", 1)
    again = submitted(database, people["lena"], ID)
    assert [one.number for one in again.submissions] == [1, 2]
    assert deliberation(database, people["dora"], again).votes == ()
    assert first.submission is not None
    with pytest.raises(Conflict, match="changed since you opened it"):
        cast_vote(database, people["dora"], ID, "house", APPROVE, version=first.submission.sha256)
    assert cast_vote(database, people["dora"], ID, "house", APPROVE).state is State.SUBMITTED, "one vote of two"
    assert cast_vote(database, people["dirk"], ID, "house", APPROVE).state is State.APPROVED


def test_other_members_decide_on_an_appeal(
    cohort: None, database: Database, people: dict[str, Person], ravi: Person
) -> None:
    applied(database, people)
    cast_vote(database, people["dirk"], ID, "house", DECLINE, reason="Too few people.")
    with pytest.raises(NotYours):
        appeal_decision(database, people["rosa"], ID, "We have more.")
    assert appeal_decision(database, people["lena"], ID, "We have more.").state is State.APPEALED
    with pytest.raises(NoVote, match="appeal against their own vote"):
        cast_vote(database, people["dirk"], ID, "house", DECLINE, reason="Still.")
    assert cast_vote(database, people["dora"], ID, "house", APPROVE).state is State.APPROVED
    assert project(database, ID).approved_by == "dora"


def test_an_appeal_that_fails_is_the_end_and_one_that_is_late_is_none(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    for name in (ID, "second"):
        applied(database, people, application_file(id=name))
        cast_vote(database, people["dirk"], name, "house", DECLINE, reason="Too few people.")
    appeal_decision(database, people["lena"], ID, "We have more.")
    said = cast_vote(database, people["dora"], ID, "house", DECLINE, reason="They are still too few.")
    assert said.state is State.UPHELD
    with pytest.raises(Refused):
        appeal_decision(database, people["lena"], ID, "Once more.")
    database.clock.turn(days=31)  # type: ignore[attr-defined]
    with pytest.raises(NoVote, match="30 days at most"):
        appeal_decision(database, people["lena"], "second", "Late.")


def test_four_of_six_registries_give_and_the_project_holds_those(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    publish_registries(database, settings, people["dana"], tmp_path)
    asked = {"patient": {"variables": ["sex", "course"]}}
    file = application_file(
        resource="bmsd",
        datasets=dict.fromkeys(REGISTRIES, asked),
        signatory={
            "name": "A. Signer",
            "position": "Dean",
            "organisation": "University of Examples",
            "email": "a@example.org",
        },
        ethics={"reference": "2026-17", "through": date(2027, 12, 31)},
    )
    applied(database, people, file)
    declining = {"rism", "msbase"}
    states = []
    for registry in REGISTRIES:
        word = DECLINE if registry in declining else APPROVE
        declined = {"ofsep.patient.course": "Not ours to give."} if registry == "ofsep" else {}
        voted = cast_vote(database, people["dirk"], ID, registry, word, reason="So we think.", declined=declined)
        states.append(voted.state)
    assert states == [*[State.SUBMITTED] * 5, State.APPROVED], "the last registry settles it"
    made = {table.dataset_id: table.variables for table in project(database, ID).first_tables}
    assert set(made) == set(REGISTRIES) - declining
    assert made["ofsep"] == ("sex",)
    assert made["remus"] == ("course", "sex")


def test_one_member_votes_once_for_a_body(
    cohort: None, database: Database, people: dict[str, Person], ravi: Person
) -> None:
    ask_for_votes(database, people, 2)
    applied(database, people)
    cast_vote(database, people["dirk"], ID, "house", APPROVE)
    with pytest.raises(VoteSettled, match="You have voted"):
        cast_vote(database, people["dirk"], ID, "house", APPROVE)


def test_an_applicant_on_the_committee_does_not_judge_their_own(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    confirm_role(database, people["otto"], propose_role(database, people["olga"], "rosa", Role.DAC_MEMBER).id)
    give_seat(database, people["olga"], "open", "house", "rosa")
    rosa = person_by_username(database, "rosa")
    applied(database, people)
    for step in (
        lambda: declare_interest(database, rosa, ID, conflict=False),
        lambda: cast_vote(database, rosa, ID, "house", APPROVE),
        lambda: return_application(database, rosa, ID, "Change it."),
    ):
        with pytest.raises(NotYours, match="Nobody judges"):
            step()


def test_it_is_judged_by_the_rules_it_was_submitted_under(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    applied(database, people)
    ask_for_votes(database, people, 2)
    assert cast_vote(database, people["dirk"], ID, "house", APPROVE).state is State.APPROVED, "one was enough then"
    applied(database, people, application_file(id="later"))
    assert cast_vote(database, people["dirk"], "later", "house", APPROVE).state is State.SUBMITTED


def test_a_refusal_by_rule_is_overridden_by_two_members_on_record_and_by_no_fewer(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    strict = load_rules(RULES / "open.toml").model_copy(update={"longest_days": 30})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], strict).number)
    with pytest.raises(RulesRefuse):
        apply_from_file(database, people["lena"], application_file())
    begin_application(database, people["lena"], "open", ID)
    ask_exemption(database, people["lena"], ID, RuleId.TERM, "It is a long study.")
    assert not answer_exemption(database, people["dirk"], ID, RuleId.TERM, granted=True, reason="It is.").in_force
    with pytest.raises(RulesRefuse):
        apply_from_file(database, people["lena"], application_file())
    with pytest.raises(NotYours, match="have said your word"):
        answer_exemption(database, people["dirk"], ID, RuleId.TERM, granted=True, reason="Again.")
    assert answer_exemption(database, people["dora"], ID, RuleId.TERM, granted=True, reason="Yes.").in_force
    submitted = apply_from_file(database, people["lena"], application_file())
    assert submitted.submission is not None
    assert ["Exempted by the committee" in one.message for one in submitted.submission.verdicts] == [True]


def test_one_no_settles_an_exemption(cohort: None, database: Database, people: dict[str, Person]) -> None:
    begin_application(database, people["lena"], "open", ID)
    ask_exemption(database, people["lena"], ID, RuleId.TERM, "It is a long study.")
    said = answer_exemption(database, people["dirk"], ID, RuleId.TERM, granted=False, reason="Shorten it.")
    assert (said.settled, said.in_force) == (True, False)
    with pytest.raises(Refused, match="settled"):
        answer_exemption(database, people["dora"], ID, RuleId.TERM, granted=True, reason="Yes.")


def test_a_vote_that_lacks_something_is_not_counted(
    cohort: None, database: Database, people: dict[str, Person]
) -> None:
    found = applied(database, people)
    with pytest.raises(InvalidInput, match="say why it is not given"):
        cast_vote(database, people["dirk"], ID, "house", APPROVE, declined={AGE: ""})
    assert deliberation(database, people["dirk"], found).votes == ()
    assert application_for(database, people["dirk"], ID).state is State.SUBMITTED


def test_seats_are_given_by_operations_to_members_and_end(database: Database, people: dict[str, Person]) -> None:
    ready(database, people)
    with pytest.raises(Refused):
        give_seat(database, people["dirk"], "open", "house", "dora")
    with pytest.raises(Refused, match="no member"):
        give_seat(database, people["olga"], "open", "house", "rosa")
    with pytest.raises(Refused, match="already"):
        give_seat(database, people["olga"], "open", "house", "dora")
    with pytest.raises(NotFound, match="no body"):
        give_seat(database, people["olga"], "open", "elsewhere", "dora")
    end_seat(database, people["olga"], "open", "house", "dora")
    assert [member for resource, _, member in seats(database) if resource == "open"] == ["dirk"]
    with pytest.raises(NotFound):
        end_seat(database, people["olga"], "open", "house", "dora")
    database.clock.turn(days=1)  # type: ignore[attr-defined]
    give_seat(database, people["olga"], "open", "house", "dora")


def test_nobody_gives_themselves_a_seat(database: Database, people: dict[str, Person]) -> None:
    ready(database, people)
    both = replace(people["olga"], roles=frozenset({Role.OPS, Role.DAC_MEMBER}))
    with pytest.raises(Refused):
        give_seat(database, both, "open", "house", "olga")


def test_a_member_whose_seat_ended_does_not_vote(cohort: None, database: Database, people: dict[str, Person]) -> None:
    applied(database, people)
    end_seat(database, people["olga"], "open", "house", "dirk")
    with pytest.raises(NoVote, match="has no seat"):
        cast_vote(database, people["dirk"], ID, "house", APPROVE)
