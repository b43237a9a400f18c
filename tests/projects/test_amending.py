"""Amendments: what a running project sees changes by the committee's word and a new cut, and by nothing else."""

import json
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from core.audit.log import entries
from core.database import Database
from core.errors import Conflict, MyelinError, NotFound, Refused
from core.people.models import Person, Role
from core.settings import Settings
from data_catalog.blinding import selects_only
from data_catalog.models import Purpose
from data_catalog.pseudonyms import pseudonym
from data_catalog.service import edition
from hub.container import mounts_of
from projects import activation
from projects.access import can_access, check_access
from projects.applications.errors import Incomplete, NotOpen, RulesRefuse
from projects.applications.models import ApplicationState
from projects.applications.records import applications_of
from projects.applications.service import (
    amend_from_file,
    answers_of,
    application_for,
    begin_amendment,
    save_answer,
)
from projects.committee.errors import NoVote
from projects.committee.models import Word
from projects.committee.service import appeal_decision, cast_vote, declare_interest, end_seat, give_seat
from projects.differences import differences
from projects.errors import ActionRefused, StepNotOpen
from projects.models import Amendment, AmendmentState, ApprovedTable, Membership, Project, ProjectState, TeamRole
from projects.policy import can_begin_amendment, check_add_member, check_decide_amendment
from projects.recutting import purge_cuts, purge_withdrawn, queue_withdrawals, recut_project, withdraw
from projects.resource_rules.models import Body, RequiredRows
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.risk import project_anonymity
from projects.service import close_project, project, remove_member, suspend_project
from tests.conftest import HandClock
from tests.projects.test_policy import WHEN, a_project, someone
from tests.support.catalog import (
    ON_ONE_ENGINE,
    activate,
    active_project,
    amended,
    amendment,
    amendment_file,
    application_file,
    approved_project,
    decided,
    empty_views,
    ingest,
    submitted,
)

GONE = [str(number) for number in range(5, 17)]
VISITORS = [f"ipt {number:02}" for number in range(1, 13)]
TEAM = (
    Membership("p", "lena", TeamRole.LEAD, WHEN),
    Membership("p", "rosa", TeamRole.RESEARCHER, WHEN),
)
LED = [{"username": "lena", "role": "lead"}]
VISITS = {"edss_visits": {"visits": {"variables": ["edss"]}}}
FIRST = ("age", "converted", "gender", "spinal_cord_mri")
AMENDED = ("age", "converted", "gender", "schooling")


NOT_NOW = {
    "closed": (ProjectState.CLOSED, "can not change any more"),
    "approved": (ProjectState.APPROVED, "for projects that have their cut"),
}


class TestRules:
    @pytest.mark.parametrize("state", ProjectState)
    @pytest.mark.parametrize("username", ["lena", "rosa", "ravi"])
    def test_it_is_begun_by_a_lead_of_a_project_that_has_its_cut(self, state: ProjectState, username: str) -> None:
        project = replace(a_project(state, "lena", "rosa"), memberships=TEAM)
        running = state in (ProjectState.ACTIVE, ProjectState.SUSPENDED)
        assert can_begin_amendment(project, someone(username)) is (running and username == "lena")

    @pytest.mark.parametrize(("state", "says"), NOT_NOW.values(), ids=NOT_NOW)
    def test_a_project_without_its_cut_is_not_amended(self, state: ProjectState, says: str) -> None:
        with pytest.raises(StepNotOpen, match=says):
            check_decide_amendment(a_project(state), someone("donna", Role.DAC_MEMBER))

    def test_nobody_of_the_team_decides(self) -> None:
        with pytest.raises(ActionRefused, match="whose team they are or were in"):
            check_decide_amendment(a_project(ProjectState.ACTIVE, "donna"), someone("donna", Role.DAC_MEMBER))

    def test_who_decided_on_one_does_not_join(self) -> None:
        declined = Amendment("p", 1, "r", AmendmentState.DECLINED, "olga", WHEN, "donna", WHEN, ())
        with pytest.raises(ActionRefused, match="donna judges p"):
            check_add_member(replace(a_project(), amendments=(declined,)), "donna", someone("dirk", Role.DAC_MEMBER))


RULES = st.dictionaries(st.sampled_from("ab"), st.sampled_from([{"band": 5}, {"round": 2}, {"truncate": "year"}]))
SCANS = st.sampled_from([None, {"regions": ("brain",), "modalities": ("t1w",)}])
TABLES = st.builds(
    ApprovedTable,
    st.sampled_from(["one", "two"]),
    st.integers(1, 2),
    st.sampled_from(["x", "y"]),
    st.sampled_from(["", "a > 1"]),
    st.just(("a", "b")) | st.just(("a", "b", "c")),
    st.sampled_from(["", "b = 2"]),
    RULES,
    SCANS,
)
APPROVALS = st.lists(TABLES, max_size=4, unique_by=lambda table: (table.dataset_id, table.table_id))


class TestDifferences:
    @given(APPROVALS, APPROVALS)
    def test_there_is_none_exactly_where_both_are_the_same(
        self, before: list[ApprovedTable], after: list[ApprovedTable]
    ) -> None:
        by_name = [sorted(one, key=lambda t: (t.dataset_id, t.table_id)) for one in (before, after)]
        assert (differences(before, after) == ()) is (by_name[0] == by_name[1])

    def test_each_is_said_in_words(self) -> None:
        before = ApprovedTable("d", 1, "x", "", ("a", "b"))
        rule = {"b": {"band": 5}}
        scans = {"regions": ("brain",), "modalities": ("t1w",)}
        after = ApprovedTable("d", 2, "x", "a > 1", ("b", "c"), "c = 1", rule, scans)
        assert [(one.what, one.words) for one in differences([before], [after])] == [
            ("edition", "1 → 2"),
            ("rows", "all → where a > 1"),
            ("people", "all → where c = 1"),
            ("scans", "none → brain; t1w"),
            ("variable a", "removed (was as it is)"),
            ("variable b", "as it is → bands of 5"),
            ("variable c", "added: as it is"),
        ]


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    return active_project(database, settings, people, tmp_path)


def seen(database: Database, project_id: str = "cis-spinal") -> tuple[str, ...]:
    (table,) = project(database, project_id).tables
    return table.variables


@pytest.mark.usefixtures("active")
class TestServices:
    def test_what_is_asked_is_not_seen_before_it_is_approved(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        asked = amendment(database, people)
        assert (asked.id, asked.state) == ("cis-spinal.1", ApplicationState.SUBMITTED)
        assert (seen(database), project(database, "cis-spinal").waits_for_cut) == (FIRST, False)

        decided(database, people, asked)
        approved = project(database, "cis-spinal")
        assert (seen(database), approved.waits_for_cut) == (AMENDED, True)
        (kept,) = approved.amendments
        assert (kept.state, kept.application, kept.reason, kept.proposed_by, kept.decided_by) == (
            AmendmentState.APPROVED,
            1,
            "Schooling may explain it.",
            "lena",
            "dirk",
        )
        with database.read() as connection:
            said = [event.action for event, _ in entries(connection, subject="project:cis-spinal")]
        assert "projects:project:amend" in said

    def test_the_draft_says_what_is_approved_and_nothing_is_submitted_that_changes_nothing(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        begun = begin_amendment(database, people["lena"], "cis-spinal")
        assert begun.before is not None
        assert {name: json.loads(answer.value) for name, answer in begun.answers.items()} == answers_of(begun.before)
        assert [asked.variables for asked in begun.before.datasets["cis_cohort"].values()] == [FIRST]
        save_answer(database, people["lena"], "cis-spinal", "amendment_reason", "Because.", 1, 1)
        with pytest.raises(Incomplete, match="nothing changes: the project is approved for exactly this"):
            submitted(database, people["lena"], "cis-spinal", 1)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"amendment_reason": ""}, "say why the project needs it"),
            ({"starts": date(2026, 2, 1)}, "stays 2026-01-01"),
            ({"team": [*LED, {"username": "dirk", "role": "researcher"}]}, "dirk has judged this project"),
        ],
    )
    def test_what_it_lacks_is_named(
        self, database: Database, people: dict[str, Person], changes: dict[str, object], says: str
    ) -> None:
        with pytest.raises(Incomplete, match=says):
            amendment(database, people, amendment_file(**changes))

    def test_the_committee_learns_what_it_would_tell_of_people(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        before = project_anonymity(database, settings, people["dirk"], "cis-spinal")
        asked = amendment(database, people, amendment_file(datasets=of_patients("gender")))
        assert project_anonymity(database, settings, people["dirk"], "cis-spinal") != before
        decided(database, people, asked, Word.DECLINE)
        assert project_anonymity(database, settings, people["dirk"], "cis-spinal") == before

    def test_a_declined_one_changes_nothing_and_another_may_follow(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        decided(database, people, amendment(database, people), Word.DECLINE)
        assert (seen(database), project(database, "cis-spinal").amendments) == (FIRST, ())
        assert amendment(database, people).id == "cis-spinal.2"
        with pytest.raises(NoVote, match=r"cis-spinal\.2 came after it"):
            appeal_decision(database, people["lena"], "cis-spinal", "It was misread.", 1)

    def test_a_second_one_beside_an_open_one_is_refused(self, database: Database, people: dict[str, Person]) -> None:
        amendment(database, people)
        with pytest.raises(NotOpen, match=r"cis-spinal\.1 is submitted"):
            begin_amendment(database, people["lena"], "cis-spinal")

    @pytest.mark.parametrize(
        ("username", "refusal"), [("rosa", ActionRefused), ("dirk", NotFound), ("olga", NotFound), ("ravi", NotFound)]
    )
    def test_it_takes_a_lead_of_the_project(
        self, database: Database, people: dict[str, Person], username: str, refusal: type[MyelinError]
    ) -> None:
        with pytest.raises(refusal):
            begin_amendment(database, people[username], "cis-spinal")

    def test_everything_unknown_is_named_at_once_and_nothing_is_kept(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        asked = {**of_patients("agee", "patient_id"), "nowhere": {"t": {"variables": ["x"]}}}
        with pytest.raises(Incomplete) as refused:
            amendment(database, people, amendment_file(datasets=asked))
        assert [word in str(refused.value) for word in ("agee", "patient_id", "nowhere")] == [True] * 3
        with pytest.raises(NotFound):
            application_for(database, people["lena"], "cis-spinal", 1)

    @pytest.mark.parametrize("submitted", [True, False])
    def test_with_the_project_its_amendment_ends(
        self, database: Database, people: dict[str, Person], submitted: bool
    ) -> None:
        if submitted:
            amendment(database, people)
        else:
            begin_amendment(database, people["lena"], "cis-spinal")
        close_project(database, people["olga"], "cis-spinal")
        ended = application_for(database, people["lena"], "cis-spinal", 1)
        assert ended.state is ApplicationState.ENDED
        with pytest.raises(MyelinError):
            cast_vote(database, people["dirk"], "cis-spinal", "house", Word.APPROVE, number=1)
        with pytest.raises(StepNotOpen, match="closed"):
            begin_amendment(database, people["lena"], "cis-spinal")

    def test_of_a_closed_project_nothing_is_appealed(self, database: Database, people: dict[str, Person]) -> None:
        decided(database, people, amendment(database, people), Word.DECLINE)
        close_project(database, people["olga"], "cis-spinal")
        with pytest.raises(StepNotOpen, match="closed"):
            appeal_decision(database, people["lena"], "cis-spinal", "It was misread.", 1)

    def test_a_suspended_project_is_amended_too(self, database: Database, people: dict[str, Person]) -> None:
        suspend_project(database, people["olga"], "cis-spinal")
        amended(database, people)
        assert seen(database) == AMENDED


@pytest.mark.usefixtures("active")
class TestTeamAndTime:
    def test_who_leaves_has_no_access_at_once_and_who_joins_has_it(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        clock.turn(days=1)
        assert can_access(database, "rosa", "cis-spinal")
        asked = amendment(database, people, amendment_file(team=[*LED, {"username": "ravi", "role": "researcher"}]))
        assert [can_access(database, name, "cis-spinal") for name in ("rosa", "ravi")] == [True, False]
        clock.turn(days=1)
        decided(database, people, asked)
        assert [can_access(database, name, "cis-spinal") for name in ("rosa", "ravi")] == [False, True]
        with pytest.raises(NotFound):
            application_for(database, people["rosa"], "cis-spinal", 1)

    def test_who_was_taken_out_meanwhile_is_not_brought_back(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        clock.turn(days=1)
        asked = amendment(database, people)
        clock.turn(days=1)
        remove_member(database, people["olga"], "cis-spinal", "rosa")
        clock.turn(days=1)
        decided(database, people, asked)
        assert set(project(database, "cis-spinal").team) == {"lena"}

    def test_a_role_changes(self, database: Database, people: dict[str, Person], clock: HandClock) -> None:
        clock.turn(days=1)
        team = [*LED, {"username": "rosa", "role": "lead"}]
        assert amended(database, people, amendment_file(team=team)).team["rosa"] is TeamRole.LEAD

    def test_time_and_words_change_at_once_and_need_no_cut(self, database: Database, people: dict[str, Person]) -> None:
        words = {"title": "Another title", "question": "Another question?", "lay_summary": "Other plain words."}
        file = application_file(amendment_reason="More time.", ends=date(2027, 6, 30), **words)
        changed = amended(database, people, file)
        assert (changed.ends, changed.title, changed.purpose) == (date(2027, 6, 30), *list(words.values())[:2])
        assert (changed.lay_summary, changed.waits_for_cut, changed.amendments) == ("Other plain words.", False, ())

    def test_a_lead_who_was_taken_out_does_not_write_it_any_more(
        self, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        begin_amendment(database, people["lena"], "cis-spinal")
        clock.turn(days=1)
        remove_member(database, people["olga"], "cis-spinal", "lena")
        with pytest.raises(NotFound):
            save_answer(database, people["lena"], "cis-spinal", "amendment_reason", "Because.", 1, 1)


@pytest.mark.usefixtures("active")
class TestBodies:
    """Two bodies: one decides on the cohort, one on the visits."""

    @pytest.fixture
    def both(
        self, active: Project, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        ingest(database, settings, people["dana"], "edss_visits", tmp_path)
        with database.read() as connection:
            rules = rules_in_force(connection, "open").rules
        house = Body(id="house", name="The house", datasets=("cis_cohort",), quorum=1)
        visits = Body(id="visits", name="The visits", datasets=("edss_visits",), quorum=1)
        changed = rules.model_copy(update={"bodies": (house, visits)})
        confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], changed).number)
        for member in ("dirk", "dora"):
            give_seat(database, people["olga"], "open", "visits", member)

    @pytest.mark.usefixtures("both")
    def test_only_whose_data_change_is_asked_and_what_is_left_out_goes_without_a_vote(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        asked = {**of_patients("age", "converted"), **VISITS}
        application = amendment(database, people, amendment_file(datasets=asked))
        assert application.put_to_vote == {"edss_visits.visits.edss"}
        cast_vote(database, people["dirk"], "cis-spinal", "visits", Word.APPROVE, number=1)
        tables = {table.dataset_id: table.variables for table in project(database, "cis-spinal").tables}
        assert tables == {"cis_cohort": ("age", "converted"), "edss_visits": ("edss",)}

    @pytest.mark.usefixtures("both")
    def test_what_a_body_declines_stays_as_it_is(self, database: Database, people: dict[str, Person]) -> None:
        file = amendment_file(datasets={**amendment_file().datasets, **VISITS})
        application = amendment(database, people, file)
        cast_vote(database, people["dirk"], "cis-spinal", "house", Word.DECLINE, reason="No.", number=1)
        cast_vote(database, people["dirk"], "cis-spinal", "visits", Word.APPROVE, number=1)
        tables = {table.dataset_id: table.variables for table in project(database, "cis-spinal").tables}
        assert (application.is_whole, tables) == (False, {"cis_cohort": FIRST, "edss_visits": ("edss",)})

    @pytest.mark.usefixtures("both")
    def test_what_is_more_than_data_takes_the_yes_of_every_body(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        asked = {**of_patients(*FIRST), **VISITS}
        application = amendment(database, people, amendment_file(datasets=asked, ends=date(2027, 6, 30)))
        assert application.is_whole
        cast_vote(database, people["dirk"], "cis-spinal", "visits", Word.APPROVE, number=1)
        assert project(database, "cis-spinal").ends == date(2026, 12, 31), "the other body was not heard"
        cast_vote(database, people["dirk"], "cis-spinal", "house", Word.DECLINE, reason="No.", number=1)
        found = project(database, "cis-spinal")
        assert (found.ends, [table.dataset_id for table in found.tables]) == (date(2026, 12, 31), ["cis_cohort"])

    @pytest.mark.usefixtures("both")
    def test_a_variable_that_is_not_given_is_not_seen(self, database: Database, people: dict[str, Person]) -> None:
        amendment(database, people, amendment_file(datasets=of_patients(*FIRST, "schooling", "initial_symptom")))
        declined = {"cis_cohort.patients.schooling": "Not needed."}
        cast_vote(database, people["dirk"], "cis-spinal", "house", Word.APPROVE, declined=declined, number=1)
        assert set(seen(database)) == {*FIRST, "initial_symptom"}


@ON_ONE_ENGINE
class TestEditions:
    @pytest.fixture
    def later(
        self, active: Project, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        for dataset_id in ("cis_cohort", "edss_visits"):
            ingest(database, settings, people["dana"], dataset_id, tmp_path)

    @pytest.mark.parametrize(("newest", "of_the_cohort"), [(False, 1), (True, 2)])
    @pytest.mark.usefixtures("later")
    def test_a_dataset_keeps_its_edition_unless_the_newest_is_asked_for(
        self, database: Database, people: dict[str, Person], newest: bool, of_the_cohort: int
    ) -> None:
        asked = {**amendment_file().datasets, **VISITS}
        changed = amended(database, people, amendment_file(datasets=asked, newest_editions=newest))
        assert {t.dataset_id: t.edition for t in changed.tables} == {"cis_cohort": of_the_cohort, "edss_visits": 1}


def cut_again(database: Database, settings: Settings, people: dict[str, Person]) -> None:
    recut_project(database, settings, people["olga"], "cis-spinal", make_views=empty_views)


def of_patients(*variables: str) -> dict[str, object]:
    """What is asked for of the cohort: these variables, of everybody."""
    return {"cis_cohort": {"patients": {"variables": list(variables)}}}


def take_out(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, dataset_id: str = "cis_cohort"
) -> None:
    (tmp_path / "list.txt").write_text("\n".join(GONE if dataset_id == "cis_cohort" else VISITORS))
    queue_withdrawals(database, settings, people["dana"], dataset_id, tmp_path / "list.txt")
    withdraw(database, settings, people["dana"], dataset_id, make_views=empty_views)


def in_cut(settings: Settings, number: int) -> tuple[set[str], set[str]]:
    """Return whose rows and which columns a cut has."""
    found = duckdb.sql(f"FROM '{settings.cuts / 'cis-spinal' / str(number) / 'cis_cohort' / 'patients.parquet'}'")
    place = found.columns.index("pseudonym")
    return {row[place] for row in found.fetchall()}, set(found.columns) - {"pseudonym"}


def withdrawn_names(settings: Settings) -> set[str]:
    key = bytes.fromhex((settings.keys / "project-cis-spinal").read_text())
    return {pseudonym(key, "cis_cohort", person) for person in GONE}


@ON_ONE_ENGINE
@pytest.mark.usefixtures("active")
class TestCut:
    def test_it_stands_beside_the_old_one_and_servers_with_that_are_ended(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        before = mounts_of(check_access(database, "rosa", "cis-spinal"), settings)
        amended(database, people)
        assert before == mounts_of(check_access(database, "rosa", "cis-spinal"), settings), "an approval mounts nothing"
        cut_again(database, settings, people)
        assert before != mounts_of(check_access(database, "rosa", "cis-spinal"), settings)
        assert (in_cut(settings, 1)[1], in_cut(settings, 2)[1]) == (set(FIRST), set(AMENDED))
        found = project(database, "cis-spinal")
        assert found.cut is not None
        assert (found.cut.number, found.cut.amendment, found.waits_for_cut) == (2, 1, False)

    def test_the_old_one_stays_until_a_command_deletes_it(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        amended(database, people)
        cut_again(database, settings, people)
        assert purge_withdrawn(database, settings, people["dana"], "cis_cohort") == {"editions": 0, "cuts": 0}
        assert (settings.cuts / "cis-spinal" / "1").is_dir(), "nobody withdrew from it"
        with pytest.raises(Refused):
            purge_cuts(database, settings, people["dirk"], "cis-spinal")
        assert purge_cuts(database, settings, people["olga"], "cis-spinal") == [1]
        assert [path.name for path in (settings.cuts / "cis-spinal").iterdir()] == ["2"]
        assert purge_cuts(database, settings, people["olga"], "cis-spinal") == []

    def test_an_approval_while_it_is_made_is_not_overlooked(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        asked = amendment(database, people)

        def approve_meanwhile(cut: Path) -> None:
            empty_views(cut)
            decided(database, people, asked)

        with pytest.raises(Conflict, match="approved meanwhile"):
            recut_project(database, settings, people["olga"], "cis-spinal", make_views=approve_meanwhile)
        assert [cut.number for cut in project(database, "cis-spinal").cuts] == [1]

    def test_a_project_closed_while_it_is_made_gets_none(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        def close_meanwhile(cut: Path) -> None:
            empty_views(cut)
            close_project(database, people["olga"], "cis-spinal")

        with pytest.raises(StepNotOpen, match="closed"):
            recut_project(database, settings, people["olga"], "cis-spinal", make_views=close_meanwhile)
        assert [cut.number for cut in project(database, "cis-spinal").cuts] == [1]


@ON_ONE_ENGINE
@pytest.mark.usefixtures("active")
class TestWithdrawal:
    def test_between_approval_and_cut_it_takes_people_out_and_nothing_else(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        amended(database, people)
        take_out(database, settings, people, tmp_path)
        whose, columns = in_cut(settings, 2)
        assert (whose, columns) == (in_cut(settings, 1)[0] - withdrawn_names(settings), set(FIRST))
        assert project(database, "cis-spinal").waits_for_cut, "the amendment waits for its own cut"
        cut_again(database, settings, people)
        whose, columns = in_cut(settings, 3)
        assert columns == set(AMENDED)
        assert not whose & withdrawn_names(settings)
        assert purge_withdrawn(database, settings, people["dana"], "cis_cohort")["cuts"] == 1
        kept = [cut.number for cut in project(database, "cis-spinal").cuts if cut.deleted_at is None]
        assert kept == [2, 3], "the first has those who withdrew, the second was replaced by an amendment"

    @pytest.mark.parametrize("within_reach", [True, False])
    def test_an_edition_that_only_an_amendment_names_loses_them_too_and_would_not_if_it_were_overlooked(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        within_reach: bool,
    ) -> None:
        if not within_reach:
            monkeypatch.setattr(Project, "within_reach", property(lambda project: project.as_cut.tables))
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
        amended(database, people, amendment_file(newest_editions=True))
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)  # edition 2 is neither newest nor in a cut
        take_out(database, settings, people, tmp_path)
        cut_again(database, settings, people)
        number = json.loads((settings.cuts / "cis-spinal" / "3" / "manifest.json").read_text())["editions"]
        back = in_cut(settings, 3)[0] & withdrawn_names(settings)
        if within_reach:
            assert number["cis_cohort"]["number"] == 5, "made from edition 2: 4, 5 and 6 are 1, 2 and 3 without them"
            assert not back
        else:
            assert back

    def test_the_purge_leaves_no_byte_of_them_in_an_edition_or_cut_that_was_left_before_they_withdrew(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
        amended(database, people, amendment_file(newest_editions=True))
        cut_again(database, settings, people)
        take_out(database, settings, people, tmp_path)  # from edition 2; nothing works on edition 1 any more
        assert purge_withdrawn(database, settings, people["dana"], "cis_cohort") == {"editions": 2, "cuts": 2}
        for path in (*settings.vault.rglob("*.parquet"), *settings.cuts.rglob("*.parquet")):
            rows = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM '{path}'").fetchall()
            assert not {row[0] for row in rows} & {*GONE, *withdrawn_names(settings)}, path

    def test_a_purge_that_was_cut_short_is_finished(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        take_out(database, settings, people, tmp_path)
        old = settings.cuts / "cis-spinal" / "1"
        (old / "manifest.json").unlink()
        assert purge_withdrawn(database, settings, people["dana"], "cis_cohort") == {"editions": 1, "cuts": 1}
        assert not old.exists()

    def test_of_a_dataset_only_the_amendment_names(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        ingest(database, settings, people["dana"], "edss_visits", tmp_path)
        amended(database, people, amendment_file(datasets=VISITS))
        take_out(database, settings, people, tmp_path, "edss_visits")
        assert len(project(database, "cis-spinal").cuts) == 1, "the cut it works on has nothing of it"
        cut_again(database, settings, people)
        held = json.loads((settings.cuts / "cis-spinal" / "2" / "manifest.json").read_text())["editions"]
        assert {name: edition["number"] for name, edition in held.items()} == {"edss_visits": 2}

    @pytest.mark.parametrize("looked", [True, False])
    def test_a_cut_made_while_it_runs_is_not_overwritten_and_would_be_without_looking(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        looked: bool,
    ) -> None:
        amended(database, people)
        (tmp_path / "list.txt").write_text("\n".join(GONE))
        queue_withdrawals(database, settings, people["dana"], "cis_cohort", tmp_path / "list.txt")

        def cut_meanwhile(cut: Path) -> None:
            empty_views(cut)
            cut_again(database, settings, people)

        if not looked:
            monkeypatch.setattr(activation, "_check_still_next", lambda *_: None)
        refusal = Conflict if looked else IntegrityError
        with pytest.raises(refusal):
            withdraw(database, settings, people["dana"], "cis_cohort", make_views=cut_meanwhile)
        assert (in_cut(settings, 2)[1] == set(AMENDED)) is looked, "the cut the project works on"
        if looked:
            withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
            assert not in_cut(settings, 3)[0] & withdrawn_names(settings)

    @pytest.mark.parametrize("looked", [True, False])
    def test_while_the_cut_is_made_it_is_noticed_and_would_not_be_without_looking(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        looked: bool,
    ) -> None:
        approved_project(database, people, application_file(id="later"))

        def withdraw_meanwhile(cut: Path) -> None:
            empty_views(cut)
            take_out(database, settings, people, tmp_path)

        def start() -> None:
            with_people = {"make_views": withdraw_meanwhile, "make_network": lambda *_: None}
            activation.activate_project(database, settings, people["olga"], "later", **with_people)  # type: ignore[arg-type]

        if looked:
            with pytest.raises(Conflict, match="withdrew from cis_cohort while the cut was made"):
                start()
            activate(database, settings, people["olga"], "later")
        else:
            monkeypatch.setattr(activation, "_check_still_next", lambda *_: None)
            start()
        made = json.loads((settings.cuts / "later" / "1" / "manifest.json").read_text())["editions"]
        assert made["cis_cohort"]["number"] == (2 if looked else 1)


class TestTheRulesOfTheResource:
    """An amendment is no way round the rules an application is judged by."""

    @pytest.fixture
    def narrowed(self, active: None, database: Database, people: dict[str, Person]) -> None:
        """A version of the rules under which schooling is given to nobody, and cuts hold women only."""
        with database.read() as connection:
            rules = rules_in_force(connection, "open").rules
        rows = RequiredRows(purposes=(Purpose.RETROSPECTIVE,), cohort="gender = 1", words="women")
        changed = rules.model_copy(update={"never_given": ("patients.schooling",), "rows": (rows,)})
        number = propose_rules(database, people["olga"], changed).number
        confirm_rules(database, people["dirk"], "open", number)

    @pytest.mark.usefixtures("narrowed")
    def test_what_is_given_to_nobody_is_not_given_by_an_amendment(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        with pytest.raises(RulesRefuse, match="schooling is given to nobody by Open records"):
            amendment(database, people)

    @pytest.mark.usefixtures("narrowed")
    def test_its_people_are_those_the_rules_allow(self, database: Database, people: dict[str, Person]) -> None:
        asked = {"cis_cohort": {"patients": {"variables": ["age"], "cohort": "age >= 18 or gender = 2"}}}
        (table,) = amended(database, people, amendment_file(datasets=asked)).tables
        assert selects_only(table.cohort, "gender", {"1"}, edition(database, "cis_cohort").declaration)

    @pytest.mark.usefixtures("narrowed")
    def test_a_condition_of_the_rules_stands_once_however_often_a_project_is_amended(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        first = amended(database, people, amendment_file(datasets=of_patients("age"))).tables
        begin_amendment(database, people["lena"], "cis-spinal")
        for field, value in (("amendment_reason", "A better title."), ("title", "Another title")):
            save_answer(database, people["lena"], "cis-spinal", field, value, 1, 2)
        waits = submitted(database, people["lena"], "cis-spinal", 2)
        declare_interest(database, people["dirk"], "cis-spinal", conflict=False, number=2)
        decided(database, people, waits)
        assert (project(database, "cis-spinal").tables, project(database, "cis-spinal").title) == (
            first,
            "Another title",
        )

    @pytest.mark.usefixtures("active")
    def test_it_is_decided_by_members_with_a_seat(self, database: Database, people: dict[str, Person]) -> None:
        amendment(database, people)
        end_seat(database, people["olga"], "open", "house", "dirk")
        with pytest.raises(NoVote, match="dirk has no seat on"):
            cast_vote(database, people["dirk"], "cis-spinal", "house", Word.APPROVE, number=1)


STEPS = st.lists(
    st.sampled_from(["ask", "ask other", "leave", "approve", "decline", "team approves", "suspend", "cut"]), max_size=7
)


@ON_ONE_ENGINE
@pytest.mark.usefixtures("active")
@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(STEPS)
def test_no_sequence_changes_what_is_seen_or_who_sees_it_without_an_approved_amendment(
    database: Database, settings: Settings, people: dict[str, Person], clock: HandClock, steps: list[str]
) -> None:
    project_id = f"p{len(list(settings.cuts.iterdir()))}"
    approved_project(database, people, application_file(id=project_id))
    activate(database, settings, people["olga"], project_id)
    file = amendment_file(id=project_id)
    files = {
        "ask": file,
        "ask other": file.model_copy(update={"datasets": amendment_file(datasets=of_patients("age")).datasets}),
        "leave": file.model_copy(update={"team": file.team[:1]}),
    }

    def vote(who: str, word: Word) -> None:
        with database.read() as connection:
            number = applications_of(connection, project_id)[-1].number
        if number:
            declare_interest(database, people[who], project_id, conflict=False, number=number)
        cast_vote(database, people[who], project_id, "house", word, reason="So it is.", number=number)

    take = {
        **{name: partial(amend_from_file, database, people["lena"], asked) for name, asked in files.items()},
        "approve": lambda: vote("dirk", Word.APPROVE),
        "decline": lambda: vote("dirk", Word.DECLINE),
        "team approves": lambda: vote("lena", Word.APPROVE),
        "suspend": lambda: suspend_project(database, people["olga"], project_id),
        "cut": lambda: recut_project(database, settings, people["olga"], project_id, make_views=empty_views),
    }
    asks = {"ask": AMENDED, "ask other": ("age",), "leave": AMENDED}
    may_see, asked, mounted, team = FIRST, "", FIRST, {"lena", "rosa"}
    for step in steps:
        clock.turn(seconds=1)
        try:
            take[step]()
        except MyelinError:
            assert step not in ("cut", "approve") or not asked
        else:
            if step == "approve" and asked:
                may_see, team = asks[asked], {one.username for one in files[asked].team}
            asked = step if step in asks else "" if step in ("approve", "decline") else asked
            mounted = may_see if step == "cut" else mounted
        found = project(database, project_id)
        assert found.cut is not None
        manifest = json.loads((found.cut.folder(settings) / "manifest.json").read_text())
        assert tuple(sorted(manifest["variables"]["cis_cohort.patients"])) == mounted
        assert seen(database, project_id) == may_see
        assert set(found.team) == team
        assert found.state is not ProjectState.ACTIVE or can_access(database, "rosa", project_id) is ("rosa" in team)
