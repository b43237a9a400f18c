"""Whatever anybody does in whatever order, nothing is out that two checkers outside the team did not approve."""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, lists, sampled_from
from sqlalchemy import insert, update

from core.database import Database
from core.errors import MyelinError
from core.people.models import Role
from core.people.service import all_people, confirm_role, propose_role
from core.settings import Settings
from egress_review import read, release, review
from egress_review.models import State, Verdict
from egress_review.records import find_requests
from projects.tables import membership
from tests.conftest import HandClock, Template
from tests.egress_review.world import PROJECT, World

CHECKERS = ("chris", "chloe", "carl", "lena")
"""Lena leads the project and is a checker too: of other projects, but never of hers."""

EVERYBODY = (*CHECKERS, "rosa", "ravi", "olga")
VERDICTS = sampled_from([*[Verdict.APPROVE] * 6, Verdict.CHANGE, Verdict.REJECT])

PAIRS = sampled_from([("chris", "chloe"), ("chloe", "carl"), ("carl", "chris"), ("chris", "chris"), ("lena", "chris")])
DECIDERS = sampled_from(["chris", "chloe", "lena"])
TWO_VERDICTS = lists(VERDICTS, min_size=2, max_size=2)
AUTHORS, PEOPLE = sampled_from(["rosa", "lena"]), sampled_from(EVERYBODY)
CONTENTS = lists(sampled_from([b"a", b"b"]), min_size=1, max_size=2)
LET_OUT = sampled_from([review.approve, release.release])
HOLD_BACK = sampled_from([review.return_to_team, review.reject])

Decision = Callable[..., object]


class Review(RuleBasedStateMachine):
    """An installation in the hands of people who try everything, and a plain account of what they said."""

    requests = Bundle("requests")
    template: World
    released = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="myelin-review-"))
        shutil.copytree(self.template.settings.state, self.folder / "state")
        room = {"submission_max_held": 1000}
        state = self.template.settings.model_copy(update={"state": self.folder / "state", **room})
        clock = HandClock()
        database = Database(f"sqlite:///{self.folder / 'state' / 'control.db'}", clock)
        self.world = World(database, Settings(**state.model_dump()), self.template.people)
        self.clock = clock
        self.team = {"rosa", "lena"}
        self.ever_in_team = set(self.team)
        self.sent: dict[tuple[str, int], tuple[bytes, ...]] = {}
        self.said: dict[tuple[str, int, int], dict[str, Verdict]] = defaultdict(dict)
        self.out: set[str] = set()

    def teardown(self) -> None:
        self.world.database.close()
        shutil.rmtree(self.folder)

    def attempt(self, act: Callable[[], object]) -> bool:
        """Do something that may be refused; tell whether it was done."""
        try:
            act()
        except MyelinError:
            return False
        return True

    @rule(target=requests, author=AUTHORS, contents=CONTENTS)
    def submit(self, author: str, contents: list[bytes]) -> str:
        return self.send(author, contents)

    def send(self, author: str, contents: list[bytes]) -> str:
        request_id = self.world.submit({f"{n}.csv": content for n, content in enumerate(contents)}, by=author).id
        self.sent[request_id, 1] = tuple(contents)
        return request_id

    @rule(request_id=requests, author=AUTHORS, content=sampled_from([b"c", b"d"]))
    def submit_again(self, request_id: str, author: str, content: bytes) -> None:
        round_ = self.world.request(request_id).round + 1
        if self.attempt(lambda: self.world.submit({"0.csv": content}, by=author, replaces=request_id)):
            self.sent[request_id, round_] = (content,)

    @rule(request_id=requests, who=PEOPLE, verdicts=TWO_VERDICTS, stale=booleans())
    def say(self, request_id: str, who: str, verdicts: list[Verdict], stale: bool) -> None:
        self.speak(request_id, who, verdicts, stale=stale)

    def speak(self, request_id: str, who: str, verdicts: list[Verdict], *, stale: bool) -> None:
        request = self.world.request(request_id)
        said = {file.number: verdicts[file.number - 1] for file in request.files}
        version = "0" * 32 if stale else request.version
        args = (self.world.database, self.world.settings, self.world.people[who], request_id, version, said)
        if self.attempt(lambda: review.review(*args)):
            assert not stale
            for number, verdict in said.items():
                assert who not in self.said[request_id, request.round, number], "one word each"
                self.said[request_id, request.round, number][who] = verdict

    @rule(request_id=requests, who=PEOPLE, decision=LET_OUT)
    def let_out(self, request_id: str, who: str, decision: Decision) -> None:
        self.decide(request_id, who, decision)

    @rule(request_id=requests, who=PEOPLE, decision=HOLD_BACK)
    def hold_back(self, request_id: str, who: str, decision: Decision) -> None:
        self.decide(request_id, who, decision, "A reason.")

    @initialize(target=requests, pair=PAIRS, verdicts=TWO_VERDICTS, who=DECIDERS)
    def begin(self, pair: tuple[str, str], verdicts: list[Verdict], who: str) -> str:
        """Have something that may be out already when chance takes over."""
        request_id = self.send("rosa", [b"a", b"b"])
        self.take_the_way(request_id, pair, verdicts, who)
        return request_id

    @rule(request_id=requests, pair=PAIRS, verdicts=TWO_VERDICTS, who=DECIDERS)
    def walk(self, request_id: str, pair: tuple[str, str], verdicts: list[Verdict], who: str) -> None:
        self.take_the_way(request_id, pair, verdicts, who)

    def take_the_way(self, request_id: str, pair: tuple[str, str], verdicts: list[Verdict], who: str) -> None:
        """Take the way a request is meant to take, which chance alone seldom finds, with the wrong people in it too."""
        for checker in pair:
            self.speak(request_id, checker, verdicts, stale=False)
        self.decide(request_id, who, review.approve)
        self.decide(request_id, who, release.release)

    @rule(request_id=requests, who=AUTHORS)
    def withdraw(self, request_id: str, who: str) -> None:
        self.attempt(lambda: self.world.withdraw(request_id, who))

    @rule(who=sampled_from(["carl"]))
    def join_the_team(self, who: str) -> None:
        if who in self.team:
            return
        self.clock.turn(seconds=1)
        with self.world.database.write(self.world.people["olga"]) as tx:
            tx.execute(insert(membership).values(project_id=PROJECT, username=who, role="researcher", joined_at=tx.now))
            tx.record("projects:member:add", f"project:{PROJECT}")
        self.team.add(who)
        self.ever_in_team.add(who)

    @rule(who=sampled_from(["carl"]))
    def leave_the_team(self, who: str) -> None:
        if who not in self.team:
            return
        with self.world.database.write(self.world.people["olga"]) as tx:
            theirs = (membership.c.username == who, membership.c.left_at.is_(None))
            tx.execute(update(membership).where(*theirs).values(left_at=tx.now))
            tx.record("projects:member:remove", f"project:{PROJECT}")
        self.team.discard(who)

    def decide(self, request_id: str, who: str, decision: Decision, *reason: str) -> None:
        version = self.world.request(request_id).version
        args = (self.world.database, self.world.settings, self.world.people[who], request_id, version, *reason)
        before = self.world.request(request_id).state
        if self.attempt(lambda: decision(*args)) and decision is release.release and before is not State.RELEASED:
            self.check_release(request_id, who)

    def check_release(self, request_id: str, who: str) -> None:
        """Hold the release against the plain account of who said what."""
        round_ = self.world.request(request_id).round
        assert who in CHECKERS
        assert who not in self.ever_in_team
        for number, content in enumerate(self.sent[request_id, round_], 1):
            said = self.said[request_id, round_, number]
            outside = {checker for checker, verdict in said.items() if verdict is Verdict.APPROVE} - self.ever_in_team
            assert len(outside) >= 2
            assert set(said.values()) == {Verdict.APPROVE}
            got = read.download(self.world.database, self.world.settings, self.world.people["rosa"], request_id, number)
            assert got.content == content
        self.out.add(request_id)
        Review.released += 1

    @invariant()
    def nothing_else_is_out(self) -> None:
        with self.world.database.read() as connection:
            out = {request.id for request in find_requests(connection) if request.state is State.RELEASED}
        assert out == self.out


@pytest.fixture
def database_url(template: Template, settings: Settings) -> str:
    """Many histories: on the engine that costs least. What the guards do on each is in test_guards.py."""
    settings.state.mkdir()
    return f"sqlite:///{shutil.copy(template('sqlite', True), settings.state / 'control.db')}"


def test_no_sequence_of_actions_lets_out_what_two_did_not_approve(world: World) -> None:
    grant = propose_role(world.database, world.people["olga"], "lena", Role.CHECKER)
    confirm_role(world.database, world.people["otto"], grant.id)
    people = {person.username: person for person in all_people(world.database)}
    with world.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    Review.template = World(world.database, world.settings, people)
    slow = settings(
        max_examples=25,
        stateful_step_count=30,
        deadline=None,
        phases=[Phase.generate],  # a history costs half a second: the first one that fails is told as it is
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Review, settings=slow)
    assert Review.released, "a run in which nothing gets out proves nothing"
