"""Whatever happens in whatever order: nothing runs without every gate, and nobody's server outlives one that closed."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, integers, sampled_from

from core.database import Database
from core.errors import MyelinError
from core.people.models import Person
from core.people.service import close_person, person_by_username, reopen_person
from core.people.sessions import end_session, open_session
from core.settings import Settings
from projects.access import can_access
from projects.agreements.models import AgreementKind
from projects.agreements.of_project import end_agreement, issue_invoice, record_agreement, record_payment
from projects.agreements.service import move_to_contract, record_contract
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.service import close_project, remove_member, resume_project, suspend_project
from projects.training.service import record_training, revoke_training
from tests.conftest import HandClock, add_cast
from tests.support.catalog import activate, application_file, approved_project, declared, ready
from tests.support.registries import publish_trials

ACME, COURSE = "Acme Pharma", "data-protection"
PROJECTS, TEAM = ("paid", "covered"), ("lena", "rosa")
A_PROJECT, SOMEBODY = sampled_from(PROJECTS), sampled_from(TEAM)
ENDS, ETHICS_ENDS = date(2026, 12, 31), date(2026, 11, 30)
CONTRACTS = {"acme-1": date(2023, 7, 1), "acme-2": date(2026, 6, 1)}
CONTRACT_ENDS = {"acme-1": date(2026, 6, 30), "acme-2": date(2029, 5, 31)}
HOURS = 12
MISSING = ["nothing", "agreement", "fee", "contract", "ethics", "training", "declaration", "sign-in"]
STEPS = {"suspend": suspend_project, "resume": resume_project, "close": close_project}


@dataclass
class Facts:
    """What was done, as the one who looks on wrote it down: nothing here asks the database."""

    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(PROJECTS, "approved"))
    agreed: dict[str, list[date]] = field(default_factory=lambda: {name: [] for name in PROJECTS})
    paid: set[str] = field(default_factory=set)
    contract: str = "acme-1"
    trained: dict[str, date | None] = field(default_factory=lambda: dict.fromkeys(TEAM))
    declared: dict[str, date | None] = field(default_factory=lambda: dict.fromkeys(TEAM))
    signed_in: dict[str, list[datetime]] = field(default_factory=lambda: {name: [] for name in TEAM})
    closed_accounts: set[str] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)

    def project_holds(self, name: str, today: date) -> bool:
        """Whether a project has all of its own: time, ethics approval, agreement, and what pays for it."""
        pays = name in self.paid if name == "paid" else today <= CONTRACT_ENDS[self.contract]
        return today <= ETHICS_ENDS <= ENDS and any(today <= day for day in self.agreed[name]) and pays

    def person_holds(self, who: str, now: datetime) -> bool:
        """Whether somebody has all of their own: training, declaration, a sign-in with a second factor."""
        days = (self.trained[who], self.declared[who])
        known = all(day is not None and now.date() <= day for day in days)
        return known and any(now < end for end in self.signed_in[who])

    def may_use(self, who: str, name: str, now: datetime) -> bool:
        """Whether somebody may have a server in a project now."""
        inside = (who, name) not in self.left and who not in self.closed_accounts
        running = self.states[name] == "active" and self.project_holds(name, now.date())
        return inside and running and self.person_holds(who, now)


class World:
    """Two approved projects of MS CIDR, one that pays a fee and one under a contract, with nothing settled."""

    def __init__(self, folder: Path) -> None:
        self.folder, clock = folder, HandClock()
        database = Database(f"sqlite:///{folder / 'control.db'}", clock)
        database.create_all()
        people, where = add_cast(database), Settings(mode="demo", state=folder / "state")
        ready(database, people)
        publish_trials(database, where, people["dana"], folder / "trials", people=20)
        with database.read() as connection:
            rules = rules_in_force(connection, "ms_cidr").rules.model_copy(update={"needs_ethics": True})
        confirm_rules(database, people["dirk"], "ms_cidr", propose_rules(database, people["olga"], rules).number)
        document = folder / "signed.pdf"
        document.write_bytes(b"%PDF-1.7 signed, invented")
        terms = {"resource": "ms_cidr", "organisation": ACME, "signatory": "A. Cme", "document": document}
        for name, starts in CONTRACTS.items():
            record_contract(database, where, people["olga"], name, starts=starts, **terms)
        for name in PROJECTS:
            approved_project(database, people, application_file(**_study(name)))
        database.close()


def _study(name: str) -> dict[str, Any]:
    industry = {"organisation": ACME, "sector": "pharmaceutical"} if name == "covered" else {}
    people = {"lena": "lead", "rosa": "researcher"}
    return {
        "id": name,
        "resource": "ms_cidr",
        "purposes": ["outcome measurement"],
        "team": [{"username": who, "role": role, **industry} for who, role in people.items()],
        "ends": ENDS,
        "ethics": {"reference": "EC 1/26", "through": ETHICS_ENDS},
        "signatory": {"name": "S. Amann", "position": "legal", "organisation": ACME, "email": "a@example.org"},
        "datasets": {"ms_cidr": {"visit": {"variables": ["edss"]}}},
        **({"contract": "acme-1"} if industry else {}),
    }


class Gates(RuleBasedStateMachine):
    """An installation in which rights come and go; a worker's turn follows every step, as it does every two seconds."""

    template: World
    seen: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="myelin-gates-"))
        shutil.copytree(self.template.folder, self.folder, dirs_exist_ok=True)
        self.clock, self.facts = HandClock(), Facts()
        self.database = Database(f"sqlite:///{self.folder / 'control.db'}", self.clock)
        self.settings = Settings(mode="demo", state=self.folder / "state")
        self.mounted: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        self.database.close()
        for path in self.folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(self.folder)

    def person(self, username: str) -> Person:
        return person_by_username(self.database, username)

    def done(self, act: Callable[..., object], *args: Any, **named: Any) -> bool:
        """Try something, a second later than the last; tell whether it was not refused."""
        self.clock.turn(seconds=1)
        with suppress(MyelinError):
            act(self.database, *args, **named)
            return True
        return False

    @property
    def today(self) -> date:
        return self.clock.now.date()

    @rule(name=A_PROJECT, days=integers(1, 200))
    def agree(self, name: str, days: int) -> None:
        through = self.today + timedelta(days=days)
        signed = {"through": through, "signatory": "S. Amann", "document": self.folder / "signed.pdf"}
        if self.done(record_agreement, self.settings, self.person("olga"), name, AgreementKind.DATA_USE, **signed):
            self.facts.agreed[name].append(through)

    @rule(name=A_PROJECT)
    def end_agreement(self, name: str) -> None:
        if self.done(end_agreement, self.person("olga"), name, AgreementKind.DATA_USE):
            self.facts.agreed[name].clear()

    @rule(name=A_PROJECT)
    def pay(self, name: str) -> None:
        asked = {"amount": 100, "currency": "EUR", "due_on": self.today}
        number = issue_invoice(self.database, self.person("olga"), name, **asked).number
        if self.done(record_payment, self.person("otto"), number, paid_on=self.today, reference="invented"):
            self.facts.paid.add(name)

    @rule(contract=sampled_from(list(CONTRACTS)))
    def move(self, contract: str) -> None:
        if self.done(move_to_contract, self.person("olga"), contract, "covered"):
            self.facts.contract = contract

    @rule(who=SOMEBODY, days=integers(1, 200))
    def train(self, who: str, days: int) -> None:
        through = self.today + timedelta(days=days)
        passed = {"passed_on": self.today, "through": through, "evidence": "invented"}
        if self.done(record_training, self.person("olga"), who, COURSE, **passed):
            self.facts.trained[who] = max(through, self.facts.trained[who] or through)

    @rule(who=SOMEBODY)
    def take_training_back(self, who: str) -> None:
        if self.done(revoke_training, self.person("olga"), who, COURSE):
            self.facts.trained[who] = None

    @rule(who=SOMEBODY)
    def declare(self, who: str) -> None:
        if self.done(declared, {who: self.person(who)}, who):
            self.facts.declared[who] = self.today + timedelta(days=365)

    @rule(who=SOMEBODY, second_factor=booleans(), leaves=booleans())
    def sign_in(self, who: str, second_factor: bool, leaves: bool) -> None:
        self.clock.turn(seconds=1)
        if who in self.facts.closed_accounts:
            return
        token = open_session(self.database, self.person(who), "web", HOURS, second_factor=second_factor)
        if leaves:
            end_session(self.database, self.person(who), token)
        elif second_factor:
            self.facts.signed_in[who].append(self.clock.now + timedelta(hours=HOURS))

    @rule(who=SOMEBODY, back=booleans())
    def close_account(self, who: str, back: bool) -> None:
        act = reopen_person if back else close_person
        if self.done(act, self.person("olga"), who):
            if back:
                self.facts.closed_accounts.remove(who)
            else:
                self.facts.closed_accounts.add(who)
                self.facts.signed_in[who].clear()

    @rule(name=A_PROJECT)
    def take_rosa_out(self, name: str) -> None:
        if self.done(remove_member, self.person("olga"), name, "rosa"):
            self.facts.left.add(("rosa", name))

    @rule(name=A_PROJECT, act=sampled_from(["activate", "suspend", "resume", "close"]))
    def operate(self, name: str, act: str) -> None:
        olga = self.person("olga")
        if act == "activate":
            did = self.done(lambda database: activate(database, self.settings, olga, name))
        else:
            did = self.done(STEPS[act], self.person("dirk") if act == "resume" else olga, name)
        if did:
            runs = act in ("activate", "resume")
            assert not runs or self.facts.project_holds(name, self.today), f"{name} runs without a gate of its own"
            self.facts.states[name] = {"suspend": "suspended", "close": "closed"}.get(act, "active")
            self.seen.add(act)

    @rule(hours=sampled_from([1, 11, 13, 24, 24 * 20, 24 * 60]))
    def wait(self, hours: int) -> None:
        self.clock.turn(hours=hours)

    @initialize(missing=sampled_from(MISSING))
    def settle(self, missing: str) -> None:
        """Have everything hold at first, or all but one: chance alone seldom brings that together."""
        lapsed = {"contract": CONTRACT_ENDS["acme-1"], "ethics": ETHICS_ENDS}.get(missing)
        if lapsed:
            self.clock.now = datetime.combine(lapsed, time.max, UTC)
        if missing != "fee":
            self.pay("paid")
        for who in TEAM:
            self.get_ready(who, missing)
        for name in PROJECTS:
            if missing != "agreement":
                self.agree(name, 150)
            self.operate(name, "activate")
            self.access_is_what_every_gate_together_says()
            self.interrupt(name)

    def get_ready(self, who: str, missing: str) -> None:
        if missing != "training":
            self.train(who, 120)
        if missing != "declaration":
            self.declare(who)
        self.sign_in(who, second_factor=missing != "sign-in", leaves=False)

    @rule(who=SOMEBODY, name=A_PROJECT)
    def start(self, who: str, name: str) -> None:
        if can_access(self.database, who, name):
            self.mounted.add((who, name))
            self.seen.add("started")

    @rule(name=A_PROJECT)
    def interrupt(self, name: str) -> None:
        for who in TEAM:
            self.start(who, name)
        self.operate(name, "suspend")
        self.nothing_stays_mounted_behind_a_closed_gate()
        self.operate(name, "resume")
        self.start("lena", name)

    @invariant()
    def access_is_what_every_gate_together_says(self) -> None:
        for who in TEAM:
            for name in PROJECTS:
                may = self.facts.may_use(who, name, self.clock.now)
                assert can_access(self.database, who, name) is may, f"{who} in {name}"

    @invariant()
    def nothing_stays_mounted_behind_a_closed_gate(self) -> None:
        ended = {server for server in self.mounted if not can_access(self.database, *server)}
        self.mounted -= ended
        self.seen |= {"ended"} if ended else set()
        assert all(self.facts.may_use(*server, self.clock.now) for server in self.mounted)


def test_no_order_of_steps_leads_past_a_gate(tmp_path: Path) -> None:
    Gates.template = World(tmp_path)
    chosen = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    for missing in MISSING:  # each once, whatever chance finds
        machine = Gates()
        machine.settle(missing)
        machine.teardown()
    run_state_machine_as_test(Gates, settings=chosen)
    assert Gates.seen == {"activate", "suspend", "resume", "close", "started", "ended"}, "each was reached"
