"""Amendments: what a running project sees changes by the committee's word and a new cut, and by nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from core.audit.log import entries
from core.database import Database
from core.errors import Conflict, MyelinError, Refused
from core.people.models import Person, Role
from core.settings import Settings
from data_catalog.blinding import selects_only
from data_catalog.models import Purpose
from data_catalog.pseudonyms import pseudonym
from data_catalog.service import edition
from hub.container import mounts_of
from projects import activation
from projects.access import check_access
from projects.committee.service import end_seat
from projects.differences import differences
from projects.errors import ActionRefused, ProjectRejected, StaleProject, StepNotOpen
from projects.models import (
    Amendment,
    AmendmentFile,
    AmendmentState,
    ApprovedTable,
    Project,
    ProjectState,
    load_amendment_file,
)
from projects.policy import (
    AMENDMENT_TRANSITIONS,
    AmendmentAction,
    can_decide_amendment,
    check_add_member,
    check_decide_amendment,
    check_propose_amendment,
)
from projects.recutting import purge_cuts, purge_withdrawn, queue_withdrawals, recut_project, withdraw
from projects.resource_rules.models import RequiredRows
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.risk import project_anonymity
from projects.service import (
    approve_amendment,
    close_project,
    decline_amendment,
    project,
    propose_amendment,
    remove_member,
    suspend_project,
)
from tests.projects.test_policy import WHEN, a_project, someone
from tests.support.catalog import (
    ON_ONE_ENGINE,
    activate,
    active_project,
    amendment_file,
    application_file,
    approved_project,
    empty_views,
    ingest,
)

GONE = [str(number) for number in range(5, 17)]
VISITORS = [f"ipt {number:02}" for number in range(1, 13)]
FIRST = ("age", "converted", "gender", "spinal_cord_mri")
AMENDED = ("age", "converted", "gender", "schooling")


def waiting(state: ProjectState = ProjectState.ACTIVE, *team: str) -> Project:
    asked = Amendment("p", 1, "r", AmendmentState.PROPOSED, "olga", WHEN, None, None, ())
    return replace(a_project(state, *team), amendments=(asked,))


TABLE = {("proposed", "approve", "dac_member"): "approved", ("proposed", "decline", "dac_member"): "declined"}
"""What may be done, written out by hand; whatever is not here is refused."""

NOT_BY = {
    "who proposed it": (replace(waiting(), created_by="otto"), "olga", "Nobody judges an amendment they proposed"),
    "who proposed the project": (replace(waiting(), created_by="donna"), "donna", "a project they proposed"),
    "one of the team": (waiting(ProjectState.ACTIVE, "lena", "donna"), "donna", "whose team they are or were in"),
}

NOT_NOW = {
    "closed": (a_project(ProjectState.CLOSED), "can not change any more"),
    "approved": (a_project(ProjectState.APPROVED), "for projects that have their cut"),
    "one waits": (waiting(), "Amendment 1 of p waits for the committee"),
}


class TestRules:
    def test_the_table_in_the_code_has_these_rows_and_no_others(self) -> None:
        rows = {(s.state, s.action, role): s.to for s in AMENDMENT_TRANSITIONS for role in s.roles}
        assert rows == TABLE

    @pytest.mark.parametrize("action", AmendmentAction)
    @pytest.mark.parametrize("role", [*Role, None])
    @pytest.mark.parametrize("state", ProjectState)
    def test_every_role_in_every_state_of_the_project(
        self, state: ProjectState, role: Role | None, action: AmendmentAction
    ) -> None:
        actor = someone("donna", *([role] if role else []))
        running = state in (ProjectState.ACTIVE, ProjectState.SUSPENDED)
        expected = TABLE.get(("proposed", action, role)) if running and role else None
        assert can_decide_amendment(waiting(state), action, actor) is (expected is not None)
        if expected:
            assert check_decide_amendment(waiting(state), action, actor) == expected

    @pytest.mark.parametrize(("of", "by", "says"), NOT_BY.values(), ids=NOT_BY)
    @pytest.mark.parametrize("action", AmendmentAction)
    def test_a_decision_is_not_for_those_concerned(
        self, of: Project, by: str, says: str, action: AmendmentAction
    ) -> None:
        with pytest.raises(ActionRefused, match=says):
            check_decide_amendment(of, action, someone(by, Role.DAC_MEMBER))

    def test_whoever_decided_does_not_join_the_team(self) -> None:
        declined = Amendment("p", 1, "r", AmendmentState.DECLINED, "olga", WHEN, "donna", WHEN, ())
        with pytest.raises(ActionRefused, match="donna judges p"):
            check_add_member(replace(a_project(), amendments=(declined,)), "donna", someone("dirk", Role.DAC_MEMBER))

    @pytest.mark.parametrize(("of", "says"), NOT_NOW.values(), ids=NOT_NOW)
    def test_nothing_is_proposed(self, of: Project, says: str) -> None:
        with pytest.raises(StepNotOpen, match=says):
            check_propose_amendment(of)


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
        proposed = propose_amendment(database, people["olga"], amendment_file())
        assert proposed.amendment is not None
        assert [table.variables for table in proposed.amendment.tables] == [AMENDED]
        assert (seen(database), proposed.waits_for_cut) == (FIRST, False)

        approved = approve_amendment(database, people["dirk"], "cis-spinal", proposed.version)
        assert (seen(database), approved.amendment, approved.waits_for_cut) == (AMENDED, None, True)
        (kept,) = approved.amendments
        assert (kept.state, kept.reason, kept.proposed_by, kept.decided_by) == (
            AmendmentState.APPROVED,
            "Schooling may explain it.",
            "olga",
            "dirk",
        )
        with database.read() as connection:
            said = [e.action for e, _ in entries(connection, subject="project:cis-spinal") if "amendment" in e.action]
        assert sorted(said) == ["projects:amendment:approve", "projects:amendment:propose"]

    def test_the_committee_learns_what_it_would_tell_of_people(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        before = project_anonymity(database, settings, people["dirk"], "cis-spinal")
        coarser = {"cis_cohort": {"patients": {"variables": ["gender"]}}}
        propose_amendment(database, people["olga"], amendment_file(datasets=coarser))
        assert project_anonymity(database, settings, people["dirk"], "cis-spinal") != before
        decline_amendment(database, people["dirk"], "cis-spinal")
        assert project_anonymity(database, settings, people["dirk"], "cis-spinal") == before

    def test_a_declined_one_changes_nothing_and_another_may_follow(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        propose_amendment(database, people["olga"], amendment_file())
        declined = decline_amendment(database, people["dirk"], "cis-spinal")
        assert (seen(database), declined.waits_for_cut, declined.approved_amendment) == (FIRST, False, 0)
        again = propose_amendment(database, people["olga"], amendment_file())
        assert again.amendment is not None
        assert again.amendment.number == 2

    def test_a_second_one_beside_an_open_one_is_refused(self, database: Database, people: dict[str, Person]) -> None:
        propose_amendment(database, people["olga"], amendment_file())
        with pytest.raises(StepNotOpen, match="waits for the committee"):
            propose_amendment(database, people["olga"], amendment_file())

    @pytest.mark.parametrize("username", ["dirk", "dana", "lena", "chris", "anna"])
    def test_it_takes_who_may_propose_projects(
        self, database: Database, people: dict[str, Person], username: str
    ) -> None:
        with pytest.raises(Refused):
            propose_amendment(database, people[username], amendment_file())

    def test_where_nothing_changes_it_says_so_and_keeps_nothing(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        same = amendment_file(datasets=application_file().model_dump(exclude_none=True)["datasets"])
        with pytest.raises(ProjectRejected, match="nothing changes: cis-spinal is approved for exactly this"):
            propose_amendment(database, people["olga"], same)
        assert project(database, "cis-spinal").amendments == ()

    def test_everything_unknown_is_named_at_once_and_nothing_is_kept(
        self, database: Database, people: dict[str, Person]
    ) -> None:
        asked = {
            "cis_cohort": {"patients": {"variables": ["agee", "patient_id"]}},
            "nowhere": {"t": {"variables": ["x"]}},
        }
        with pytest.raises(ProjectRejected) as refused:
            propose_amendment(database, people["olga"], amendment_file(datasets=asked))
        assert len(refused.value.problems) == 3
        assert project(database, "cis-spinal").amendments == ()

    def test_a_page_that_is_stale_decides_nothing(self, database: Database, people: dict[str, Person]) -> None:
        looked_at = propose_amendment(database, people["olga"], amendment_file()).version
        decline_amendment(database, people["dirk"], "cis-spinal", looked_at)
        other = {"cis_cohort": {"patients": {"variables": ["age"]}}}
        second = propose_amendment(database, people["olga"], amendment_file(datasets=other))
        with pytest.raises(StaleProject):
            approve_amendment(database, people["dirk"], "cis-spinal", looked_at)
        remove_member(database, people["olga"], "cis-spinal", "rosa")
        with pytest.raises(StaleProject):
            approve_amendment(database, people["dirk"], "cis-spinal", second.version)
        assert seen(database) == FIRST

    def test_with_the_project_its_amendment_ends(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        propose_amendment(database, people["olga"], amendment_file())
        close_project(database, people["olga"], "cis-spinal")
        with pytest.raises(StepNotOpen, match="closed"):
            approve_amendment(database, people["dirk"], "cis-spinal")
        with pytest.raises(StepNotOpen, match="closed"):
            propose_amendment(database, people["olga"], amendment_file())

    def test_a_suspended_project_is_amended_too(self, database: Database, people: dict[str, Person]) -> None:
        suspend_project(database, people["olga"], "cis-spinal")
        propose_amendment(database, people["olga"], amendment_file())
        approve_amendment(database, people["dirk"], "cis-spinal")
        assert seen(database) == AMENDED


@ON_ONE_ENGINE
class TestEditions:
    @pytest.fixture
    def later(
        self, active: Project, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        for dataset_id in ("cis_cohort", "edss_visits"):
            ingest(database, settings, people["dana"], dataset_id, tmp_path)

    @pytest.mark.parametrize(("editions", "of_the_cohort"), [("kept", 1), ("newest", 2)])
    @pytest.mark.usefixtures("later")
    def test_a_dataset_keeps_its_edition_unless_the_newest_is_asked_for(
        self, database: Database, people: dict[str, Person], editions: str, of_the_cohort: int
    ) -> None:
        visits = {"edss_visits": {"visits": {"variables": ["edss"]}}}
        asked = {**amendment_file().model_dump(exclude_none=True)["datasets"], **visits}
        file = amendment_file(datasets=asked, editions=editions)
        amendment = propose_amendment(database, people["olga"], file).amendment
        assert amendment is not None
        assert {t.dataset_id: t.edition for t in amendment.tables} == {"cis_cohort": of_the_cohort, "edss_visits": 1}


def approved(database: Database, people: dict[str, Person], file: AmendmentFile | None = None) -> Project:
    propose_amendment(database, people["olga"], file or amendment_file())
    return approve_amendment(database, people["dirk"], "cis-spinal")


def cut_again(database: Database, settings: Settings, people: dict[str, Person]) -> None:
    recut_project(database, settings, people["olga"], "cis-spinal", make_views=empty_views)


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
        approved(database, people)
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
        approved(database, people)
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
        propose_amendment(database, people["olga"], amendment_file())

        def approve_meanwhile(cut: Path) -> None:
            empty_views(cut)
            approve_amendment(database, people["dirk"], "cis-spinal")

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
        approved(database, people)
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

    @pytest.mark.parametrize("decided", [False, True])
    @pytest.mark.parametrize("within_reach", [True, False])
    def test_an_edition_that_only_an_amendment_names_loses_them_too_and_would_not_if_it_were_overlooked(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        decided: bool,
        within_reach: bool,
    ) -> None:
        if not within_reach:
            monkeypatch.setattr(Project, "within_reach", property(lambda project: project.as_cut.tables))
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
        propose_amendment(database, people["olga"], amendment_file(editions="newest"))
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)  # edition 2 is neither newest nor in a cut
        if decided:
            approve_amendment(database, people["dirk"], "cis-spinal")
        take_out(database, settings, people, tmp_path)
        if not decided:
            approve_amendment(database, people["dirk"], "cis-spinal")
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
        approved(database, people, amendment_file(editions="newest"))
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
        asked = {"edss_visits": {"visits": {"variables": ["edss"]}}}
        approved(database, people, amendment_file(datasets=asked))
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
        approved(database, people)
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
        with pytest.raises(ProjectRejected, match="schooling is given to nobody by Open records"):
            propose_amendment(database, people["olga"], amendment_file())
        assert project(database, "cis-spinal").amendments == ()

    @pytest.mark.usefixtures("narrowed")
    def test_its_people_are_those_the_rules_allow(self, database: Database, people: dict[str, Person]) -> None:
        asked = {"cis_cohort": {"patients": {"variables": ["age"], "cohort": "age >= 18 or gender = 2"}}}
        proposed = propose_amendment(database, people["olga"], amendment_file(datasets=asked))
        assert proposed.amendment is not None
        (table,) = proposed.amendment.tables
        assert selects_only(table.cohort, "gender", {"1"}, edition(database, "cis_cohort").declaration)

    @pytest.mark.usefixtures("active")
    def test_it_is_decided_by_a_member_with_a_seat(self, database: Database, people: dict[str, Person]) -> None:
        propose_amendment(database, people["olga"], amendment_file())
        end_seat(database, people["olga"], "open", "house", "dirk")
        with pytest.raises(ActionRefused, match="dirk has no seat on who decides on cis_cohort"):
            approve_amendment(database, people["dirk"], "cis-spinal")
        assert approve_amendment(database, people["dora"], "cis-spinal").approved_amendment == 1


STEPS = st.lists(
    st.sampled_from(["ask", "ask other", "approve", "decline", "team approves", "suspend", "cut"]), max_size=7
)


@ON_ONE_ENGINE
@pytest.mark.usefixtures("active")
@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(STEPS)
def test_no_sequence_changes_what_a_project_sees_without_an_approved_amendment(
    database: Database, settings: Settings, people: dict[str, Person], steps: list[str]
) -> None:
    project_id = f"p{len(list(settings.cuts.iterdir()))}"
    approved_project(database, people, application_file(id=project_id))
    activate(database, settings, people["olga"], project_id)
    other = {"cis_cohort": {"patients": {"variables": ["age"]}}}
    olga, dirk = people["olga"], people["dirk"]
    take = {
        "ask": lambda: propose_amendment(database, olga, amendment_file(id=project_id)),
        "ask other": lambda: propose_amendment(database, olga, amendment_file(id=project_id, datasets=other)),
        "approve": lambda: approve_amendment(database, dirk, project_id),
        "decline": lambda: decline_amendment(database, dirk, project_id),
        "team approves": lambda: approve_amendment(database, people["lena"], project_id),
        "suspend": lambda: suspend_project(database, olga, project_id),
        "cut": lambda: recut_project(database, settings, olga, project_id, make_views=empty_views),
    }
    asks = {"ask": AMENDED, "ask other": ("age",)}
    may_see, asked, mounted = FIRST, None, FIRST
    for step in steps:
        try:
            take[step]()  # type: ignore[no-untyped-call]
        except MyelinError:
            assert step not in ("cut", "approve") or asked is None
        else:
            if step in asks:
                asked = asks[step]
            may_see = asked if step == "approve" and asked else may_see
            asked = None if step in ("approve", "decline") else asked
            mounted = may_see if step == "cut" else mounted
        found = project(database, project_id)
        assert found.cut is not None
        manifest = json.loads((found.cut.folder(settings) / "manifest.json").read_text())
        assert tuple(sorted(manifest["variables"]["cis_cohort.patients"])) == mounted
        assert seen(database, project_id) == may_see


class TestFile:
    def test_it_is_the_datasets_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "amendment.toml"
        path.write_text('id = "cis-spinal"\ntitle = "t"\n[datasets.cis_cohort.patients]\nvariables = ["age"]\n')
        with pytest.raises(ProjectRejected, match="title: Extra inputs are not permitted"):
            load_amendment_file(path, "Why not.")
        path.write_text(path.read_text().replace('title = "t"', 'editions = "newest"'))
        assert load_amendment_file(path, "Why not.").editions == "newest"
        with pytest.raises(ProjectRejected, match="reason"):
            load_amendment_file(path, "")
