"""Whatever anybody does in whatever order, an application goes the way of its table, and nobody judges their own."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, sampled_from

from core.database import Database, metadata
from core.errors import MyelinError
from core.people.models import Person, Role
from core.people.service import confirm_role, person_by_username, propose_role
from core.settings import Settings
from projects.access import can_access
from projects.applications.exemptions import answer_exemption, ask_exemption
from projects.applications.models import Application
from projects.applications.policy import TRANSITIONS
from projects.applications.service import (
    answers_of,
    begin_amendment,
    begin_application,
    save_answer,
    withdraw_application,
)
from projects.committee.models import Word
from projects.committee.service import (
    appeal_decision,
    cast_vote,
    declare_interest,
    end_seat,
    give_seat,
    return_application,
)
from projects.resource_rules.models import Body, RuleId, load_rules
from projects.resource_rules.service import confirm_rules, propose_rules
from projects.service import close_project
from tests.conftest import HandClock, add_cast
from tests.support.catalog import RULES, application_file, ingest, submitted

NAMES = sampled_from(["study-one", "study-two"])
APPLICANTS = sampled_from(["lena", "rosa", "ravi"])
MEMBERS = sampled_from(["dirk", "dora", "ravi", "lena"])
"""Lena sits on the committee and applies herself; so may Ravi, who has no seat until one is given."""

ANYBODY = sampled_from(["lena", "rosa", "ravi", "dirk", "dora", "olga"])
BODIES = (
    Body(id="house", name="The house", datasets=("cis_cohort",), quorum=2),
    Body(id="visits", name="The visits", datasets=("edss_visits",), quorum=1),
)
BODY = sampled_from([body.id for body in BODIES])
LED_BY_LENA = {"username": "lena", "role": "lead"}
TEAMS = sampled_from([[LED_BY_LENA], [LED_BY_LENA, {"username": "dora", "role": "researcher"}]])
COHORT = {"patients": {"variables": ["gender", "age", "converted"]}}
VISITS = {"visits": {"variables": ["edss"]}}
DATASETS = sampled_from(
    [{"cis_cohort": COHORT}, {"edss_visits": VISITS}, {"cis_cohort": COHORT, "edss_visits": VISITS}]
)
DECLINED = sampled_from(["", "cis_cohort.patients.age", "edss_visits.visits.edss"])
TEAM_OF_TWO = [LED_BY_LENA, {"username": "rosa", "role": "researcher"}]
WAYS = ("amended", "ended", "appealed", "returned", "withdrawn", "waiting")
ENDS = sampled_from(WAYS)
STEPS = {(step.state, step.to) for step in TRANSITIONS}

Dump = dict[str, list[dict[str, Any]]]


class World:
    """What every run begins with: two datasets of two bodies, and people with their roles and seats."""

    def __init__(self, folder: Path) -> None:
        address = f"sqlite:///{folder / 'control.db'}"
        self.path = folder / "control.db"
        database = Database(address, HandClock())
        database.create_all()
        self.people = self._cast(database)
        for dataset in ("cis_cohort", "edss_visits"):
            ingest(database, Settings(mode="demo", state=folder), self.people["dana"], dataset, folder)
        rules = load_rules(RULES / "open.toml").model_copy(update={"bodies": BODIES})
        confirm_rules(database, self.people["dirk"], "open", propose_rules(database, self.people["olga"], rules).number)
        for member in ("dirk", "dora", "lena"):
            for body in BODIES:
                give_seat(database, self.people["olga"], "open", body.id, member)
        database.close()

    @staticmethod
    def _cast(database: Database) -> dict[str, Person]:
        people = add_cast(database)
        for member in ("ravi", "lena"):
            proposed = propose_role(database, people["olga"], member, Role.DAC_MEMBER)
            confirm_role(database, people["otto"], proposed.id)
        return {name: person_by_username(database, name) for name in people}


class Lifecycle(RuleBasedStateMachine):
    """An installation in the hands of people who try everything."""

    template: World
    reached: ClassVar[set[str]] = set()
    refused: ClassVar[set[str]] = set()
    left: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="myelin-lifecycle-"))
        shutil.copy(self.template.path, self.folder / "control.db")
        self.clock = HandClock()
        self.clock.turn(days=1)
        self.database = Database(f"sqlite:///{self.folder / 'control.db'}", self.clock)
        self.now = self.dump()

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def dump(self) -> Dump:
        with self.database.read() as connection:
            return {
                name: [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()]
                for name in metadata.tables
            }

    def attempt(self, act: Callable[..., object], who: str, *args: Any, **named: Any) -> None:
        """Try something: refused, nothing at all changes; done, the audit log grows and states keep to the table."""
        self.clock.turn(seconds=1)
        try:
            act(self.database, self.template.people[who], *args, **named)
        except MyelinError as error:
            self.refused.add(type(error).__name__)
            assert self.dump() == self.now
            return
        before, self.now = self.now, self.dump()
        assert len(self.now["audit_event"]) > len(before["audit_event"])
        assert self.now["audit_event"][: len(before["audit_event"])] == before["audit_event"]
        assert [row for row in self.now["submission"] if row in before["submission"]] == before["submission"]
        assert self.now["cut"] == before["cut"], "what is mounted changes by the hand of operations alone"
        self.see_that_approvals_change_projects(before)
        known = {_key(row): row["state"] for row in before["application"]}
        for row in self.now["application"]:
            was = known.get(_key(row), "draft")
            assert row["state"] == was or (was, row["state"]) in STEPS
            self.reached.add(row["state"])

    def number(self, name: str) -> int:
        """The newest application of a project, which everything is tried on."""
        return max((row["number"] for row in self.now["application"] if row["project_id"] == name), default=0)

    def version(self, name: str, field: str) -> int:
        this = (name, self.number(name), field)
        saved = (row for row in self.now["draft_answer"] if (*_key(row), row["field"]) == this)
        return next((row["version"] for row in saved), 0)

    def answer(self, who: str, name: str, answers: Mapping[str, object]) -> None:
        for field, value in answers.items():
            self.attempt(save_answer, who, name, field, value, self.version(name, field), self.number(name))

    @rule(who=ANYBODY, name=NAMES)
    def begin(self, who: str, name: str) -> None:
        self.attempt(begin_application, who, "open", name)

    @rule(who=APPLICANTS, name=NAMES, team=TEAMS, datasets=DATASETS, about_ms=booleans())
    def write(self, who: str, name: str, team: Any, datasets: Any, about_ms: bool) -> None:
        said = {"team": team, "datasets": datasets, "about_ms": about_ms, "amendment_reason": "It may explain it."}
        file = application_file(id=name, **said)
        self.answer(who, name, answers_of(file))

    @rule(who=APPLICANTS, name=NAMES, about_ms=booleans(), stale=sampled_from([0, 0, 1]))
    def change(self, who: str, name: str, about_ms: bool, stale: int) -> None:
        version = self.version(name, "about_ms") - stale
        self.attempt(save_answer, who, name, "about_ms", about_ms, version, self.number(name))

    @rule(who=ANYBODY, name=NAMES)
    def submit(self, who: str, name: str) -> None:
        self.attempt(submitted, who, name, self.number(name))

    @rule(who=ANYBODY, name=NAMES)
    def withdraw(self, who: str, name: str) -> None:
        self.attempt(withdraw_application, who, name, self.number(name))

    @rule(who=APPLICANTS, name=NAMES, of=sampled_from([RuleId.ABOUT_MS, RuleId.WINDOW]))
    def ask(self, who: str, name: str, of: RuleId) -> None:
        self.attempt(ask_exemption, who, name, of, "It is a model of MS.", self.number(name))

    @rule(who=ANYBODY, name=NAMES, granted=booleans())
    def exempt(self, who: str, name: str, granted: bool) -> None:
        said = {"granted": granted, "reason": "We looked.", "number": self.number(name)}
        self.attempt(answer_exemption, who, name, RuleId.ABOUT_MS, **said)

    @rule(who=ANYBODY, name=NAMES, conflict=sampled_from([False, False, True]))
    def declare(self, who: str, name: str, conflict: bool) -> None:
        self.attempt(declare_interest, who, name, conflict=conflict, words="A co-author.", number=self.number(name))

    @rule(who=ANYBODY, name=NAMES, body=BODY, word=sampled_from(Word), declined=DECLINED)
    def vote(self, who: str, name: str, body: str, word: Word, declined: str) -> None:
        self.speak(who, name, body, word, declined)

    def speak(self, who: str, name: str, body: str, word: Word, declined: str = "") -> None:
        why = {declined: "Not needed."} if declined else {}
        self.attempt(cast_vote, who, name, body, word, reason="So it is.", declined=why, number=self.number(name))

    @rule(who=ANYBODY, name=NAMES)
    def send_back(self, who: str, name: str) -> None:
        self.attempt(return_application, who, name, "Say more.", self.number(name))

    @rule(who=ANYBODY, name=NAMES)
    def appeal(self, who: str, name: str) -> None:
        self.attempt(appeal_decision, who, name, "It was misread.", self.number(name))

    @rule(by=sampled_from(["olga", "dirk"]), who=MEMBERS, body=BODY, change=sampled_from([give_seat, end_seat]))
    def seat(self, by: str, who: str, body: str, change: Callable[..., object]) -> None:
        self.attempt(change, by, "open", body, who)

    @rule(who=sampled_from(["olga", "lena"]), name=NAMES)
    def close(self, who: str, name: str) -> None:
        self.attempt(close_project, who, name)

    @rule(who=ANYBODY, name=NAMES)
    def amend(self, who: str, name: str) -> None:
        self.attempt(begin_amendment, who, name)

    @rule(name=NAMES)
    def cut(self, name: str) -> None:
        """Operations make the cut of what is approved, at first with the activation; its files are not of this test."""
        project = next((row for row in self.now["project"] if row["id"] == name), None)
        if project is None or project["state"] not in ("approved", "active"):
            return
        made = [row for row in self.now["cut"] if row["project_id"] == name]
        amended = [row["number"] for row in self.now["amendment"] if row["project_id"] == name]
        made_of = max(amended, default=0)
        key = f"'{name}', {len(made) + 1}, 'olga', '{project['created_at']}', 'x', TRUE, NULL, {made_of}"
        subnet = f"10.77.{['study-one', 'study-two'].index(name)}.0/26"
        with self.database.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO cut VALUES ({key})")
            change = f"UPDATE project SET state = 'active', subnet = '{subnet}' WHERE id = '{name}'"
            connection.exec_driver_sql(change)
        self.now = self.dump()

    def see_that_approvals_change_projects(self, before: Dump) -> None:
        """What was approved, a team and a project's words change only where an application was approved just now."""
        was, now = (
            {_key(row) for row in dump["application"] if row["state"] == "approved"} for dump in (before, self.now)
        )
        approved = {name for name, _ in now - was}
        for table in ("amendment", "approved_variable", "membership"):
            assert {row["project_id"] for row in self.now[table] if row not in before[table]} <= approved
        for row in self.now["membership"]:
            if row["left_at"] is not None and row not in before["membership"]:
                self.left.add(row["username"])
                assert not can_access(self.database, row["username"], row["project_id"])

    @rule(days=sampled_from([1, 20, 31]))
    def wait(self, days: int) -> None:
        self.clock.turn(days=days)

    @initialize(team=TEAMS, datasets=DATASETS, about_ms=booleans(), then=ENDS, word=sampled_from(Word))
    def walk(self, team: Any, datasets: Any, about_ms: bool, then: str, word: Word) -> None:
        """Take the way an application is meant to take, which chance alone seldom finds, with wrong people in it."""
        name = "study-one"
        self.begin("lena", name)
        self.write("lena", name, TEAM_OF_TWO if then == "amended" else team, datasets, about_ms)
        self.change("lena", name, about_ms=about_ms, stale=1)
        self.ask("lena", name, RuleId.ABOUT_MS)
        for member in ("dora", "dirk"):
            self.exempt(member, name, granted=True)
        self.submit("lena", name)
        if then == "returned":
            self.vote("dirk", name, "house", word, "")
            self.declare("dirk", name, conflict=False)
            self.vote("dirk", name, "house", word, "")
            self.send_back("dirk", name)
            self.submit("lena", name)
        if then == "withdrawn":
            self.withdraw("lena", name)
        elif then == "appealed":
            self.deliberate(name, ["dora", "dirk"], Word.DECLINE, "")
            self.contest(name, word, "lena")
        elif then != "waiting":
            first = Word.APPROVE if then in ("amended", "ended") else word
            self.deliberate(name, ["dora", "dirk"], first, "cis_cohort.patients.age")
        if then == "amended":
            self.walk_on(name, [LED_BY_LENA], datasets, Word.APPROVE, back=True)
        if then == "ended":
            self.cut(name)
            self.amend("lena", name)
            self.close("olga", name)

    @rule(
        name=NAMES,
        team=sampled_from([[LED_BY_LENA], TEAM_OF_TWO]),
        datasets=DATASETS,
        word=sampled_from(Word),
        back=booleans(),
    )
    def walk_on(self, name: str, team: Any, datasets: Any, word: Word, back: bool) -> None:
        """Take the way of an amendment, to its cut."""
        self.cut(name)
        self.amend("lena", name)
        self.write("lena", name, team, datasets, about_ms=True)
        self.submit("lena", name)
        if back:
            self.declare("dirk", name, conflict=False)
            self.send_back("dirk", name)
            self.submit("lena", name)
        self.deliberate(name, ["dirk", "dora"], word, "")
        self.cut(name)

    @rule(name=NAMES, first=MEMBERS, second=MEMBERS, word=sampled_from(Word), declined=DECLINED)
    def vote_together(self, name: str, first: str, second: str, word: Word, declined: str) -> None:
        self.deliberate(name, [first, second], word, declined)

    @rule(name=NAMES, word=sampled_from(Word), third=MEMBERS)
    def contest(self, name: str, word: Word, third: str) -> None:
        self.appeal("lena", name)
        for body in BODIES:
            self.attempt(give_seat, "olga", "open", body.id, "ravi")
        self.deliberate(name, ["ravi", third], word, "")

    def deliberate(self, name: str, members: list[str], word: Word, declined: str) -> None:
        for member in members:
            self.declare(member, name, conflict=False)
            for body in BODIES:
                self.speak(member, name, body.id, word, declined if declined.startswith(body.datasets[0]) else "")

    @invariant()
    def a_project_is_an_approved_application(self) -> None:
        approved = {row["project_id"] for row in self.now["application"] if row["state"] == "approved"}
        assert {row["id"] for row in self.now["project"]} == approved

    @invariant()
    def a_project_sees_what_was_asked_for_and_given(self) -> None:
        for row in self.now["approved_variable"]:
            if self.was_approved_before(row):
                continue
            submission = self.submissions(row["project_id"], self.application_of(row))[-1]
            assert row["variable"] in _asked(submission)[row["dataset_id"]][row["table_id"]]["variables"]
            body = next(body for body in BODIES if row["dataset_id"] in body.datasets)
            votes = [vote for vote in self.now["dac_vote"] if _in_round(vote, submission) and vote["body"] == body.id]
            last = [vote for vote in votes if vote["is_appeal"] == any(one["is_appeal"] for one in votes)]
            said = [vote["word"] for vote in last]
            assert said.count("approve") >= body.quorum or len(said) >= body.quorum
            assert said.count("approve") > said.count("decline")
            variable = f"{row['dataset_id']}.{row['table_id']}.{row['variable']}"
            giving = {vote["username"] for vote in last if vote["word"] == "approve"}
            taken = [one for one in self.now["declined_variable"] if _in_round(one, submission)]
            now = {(one["username"], one["variable"]) for one in taken if one["is_appeal"] == last[0]["is_appeal"]}
            assert not any((username, variable) in now for username in giving)

    def was_approved_before(self, variable: Mapping[str, Any]) -> bool:
        """Whether the approval before gave it already, so that it needed no vote."""
        this = {**variable, "amendment": variable["amendment"] - 1}
        return this in self.now["approved_variable"]

    def application_of(self, variable: Mapping[str, Any]) -> int:
        this = (variable["project_id"], variable["amendment"])
        return next((row["application"] for row in self.now["amendment"] if _key(row) == this), 0)

    @invariant()
    def nobody_judges_their_own(self) -> None:
        for application in self.now["application"]:
            submissions = self.submissions(*_key(application))
            mine = {application["created_by"]}
            for submission in submissions:
                mine |= _team(submission)
                assert not mine & {row["username"] for row in self.now["dac_vote"] if _in_round(row, submission)}
            words = [row for row in self.now["exemption_word"] if _key(row) == _key(application)]
            granted = {row["username"] for row in words if row["granted"]}
            for submission in submissions:
                if not json.loads(submission["content"])["about_ms"]:
                    assert len(granted - _team(submission) - {application["created_by"]}) >= 2, "exempted by their own"

    @invariant()
    def nobody_of_a_team_ever_judged_it(self) -> None:
        for row in self.now["membership"]:
            judges = {vote["username"] for vote in self.now["dac_vote"] if vote["project_id"] == row["project_id"]}
            assert row["username"] not in judges

    def submissions(self, name: str, number: int) -> list[dict[str, Any]]:
        mine = (row for row in self.now["submission"] if _key(row) == (name, number))
        return sorted(mine, key=lambda row: int(row["round"]))


def _key(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["project_id"], row["number"]


def _in_round(row: Mapping[str, Any], submission: Mapping[str, Any]) -> bool:
    return (*_key(row), row["round"]) == (*_key(submission), submission["round"])


def _asked(submission: Mapping[str, Any]) -> Any:
    return json.loads(submission["content"])["datasets"]


def _team(submission: Mapping[str, Any]) -> set[str]:
    return {member["username"] for member in json.loads(submission["content"])["team"]}


def run(world: Path, examples: int) -> None:
    Lifecycle.template = World(world)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lifecycle, settings=chosen)


def test_no_order_of_steps_leads_past_the_rules(tmp_path: Path) -> None:
    run(tmp_path, 40)
    for then in WAYS:
        machine = Lifecycle()
        machine.walk([LED_BY_LENA], {"cis_cohort": COHORT}, about_ms=True, then=then, word=Word.APPROVE)
        machine.teardown()
    assert {"submitted", "returned", "approved", "declined", "appealed", "withdrawn", "ended"} <= Lifecycle.reached
    assert "rosa" in Lifecycle.left, "somebody left a team by an amendment"
    assert {"NotOpen", "NotYours", "NoVote", "VoteSettled", "RulesRefuse", "EditedElsewhere"} <= Lifecycle.refused


def test_with_the_draft_team_left_out_somebody_exempts_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack works without the defence: a member whom the draft names in its team grants it an exemption."""
    monkeypatch.setattr(Application, "applicants", Application.people)
    with pytest.raises(AssertionError, match="exempted by their own"):
        run(tmp_path, 10)
