"""Kill -9 at random instants of a submission and of a release, and eight writers at once.

What was acknowledged is there, nothing is out with fewer than two approvals, and the audit log verifies.
"""

import json
import multiprocessing
import os
import random
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import httpx
import pytest

from core.audit.log import entries
from core.audit.service import log_lines, verify_log, write_checkpoint
from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review.models import ReleaseRequest, State, Verdict
from egress_review.policy import approvers
from egress_review.records import find_requests
from egress_review.store import ContentStore
from tests.egress_review import victims
from tests.egress_review.world import World
from tests.support.server import free_port

KILLS = 100
WRITERS, EVENTS = 8, 25


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """A server of processes that begin in milliseconds, with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([victims.__name__])
    return context


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    room = {"submission_max_held": 1_000_000, "submission_max_daily_bytes": 1 << 40}
    pool = IPv4Network("127.77.0.0/16")
    return Settings(mode="demo", state=tmp_path / "state", network_pool=pool, egress_port=free_port(), **room)


class TestOnTheEmbeddedDatabase:
    """Where database and service are one process, and die together."""

    @pytest.fixture
    def engine(self) -> str:
        return "sqlite"

    def test_nothing_acknowledged_is_lost_when_submissions_are_killed(
        self, world: World, database_url: str, forks: ForkServerContext
    ) -> None:
        sender = Sender(world)
        instants = random.Random(3)
        for _ in range(KILLS):
            victim = forks.Process(target=victims.serve_submissions, args=(database_url, world.settings))
            victim.start()
            with sender.sending():
                sleep(instants.uniform(0, 2 * sender.seconds))
                kill(victim)
        check_everything(world)
        requests = {request.id: request for request in all_requests(world)}
        for request_id, content in sender.acknowledged.items():
            assert ContentStore(world.settings.hold).get(requests[request_id].files[0].sha256) == content
        assert sender.cut_off > KILLS / 2, "most kills must hit a submission under way"
        assert len(sender.acknowledged) >= KILLS, "each life acknowledges something that the next could lose"

    def test_nothing_is_out_without_two_approvals_when_releases_are_killed(
        self, world: World, database_url: str, forks: ForkServerContext
    ) -> None:
        instants = random.Random(5)
        refused = [never_approved(world) for _ in range(2)]
        done: Counter[str] = Counter()
        interrupted = 0
        approved = [world.bring_to(State.APPROVED, two_files())]
        window = 4 * duration(lambda: world.release(approved[0]))
        for _ in range(KILLS):
            approved = [one for one in approved if world.request(one).state is State.APPROVED]
            approved += [world.bring_to(State.APPROVED, two_files()) for _ in range(3 - len(approved))]
            after = instants.uniform(0, window)
            said = self.release_and_kill(world, database_url, forks, [*approved, *refused], after)
            interrupted += "done" not in said
            window *= 0.7 if "done" in said else 1.1  # the machine's pace changes; the kills must keep up with it
            for request_id in set(said) & set(approved):
                assert world.request(request_id).state is State.RELEASED
            done.update(said)
        check_everything(world)
        assert not done.keys() & set(refused)
        assert interrupted > KILLS / 2, "most kills must hit a release under way"
        for request_id in approved:
            assert world.release(request_id).state is State.RELEASED

    def release_and_kill(
        self, world: World, url: str, forks: ForkServerContext, request_ids: list[str], after: float
    ) -> list[str]:
        """Have a process release requests, kill it so many seconds after it began, and return what it said."""
        here, there = forks.Pipe(duplex=False)
        victim = forks.Process(target=victims.release_all, args=(url, world.settings, request_ids, there))
        victim.start()
        there.close()
        assert here.recv() == "ready"
        sleep(after)
        kill(victim)
        said = []
        while here.poll():
            try:
                said.append(here.recv())
            except EOFError:
                break
        return said


def test_eight_processes_appending_at_once_never_fork_the_log(
    database: Database, database_url: str, settings: Settings, people: dict[str, Person], forks: ForkServerContext
) -> None:
    before = len(list(log_lines(database)))
    start = forks.Barrier(WRITERS)
    writers = [
        forks.Process(target=victims.append_events, args=(database_url, n, EVENTS, start)) for n in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    write_checkpoint(database, settings)
    assert verify_log(log_lines(database), settings.checkpoints).entries == before + WRITERS * EVENTS
    with database.read() as connection:
        for number in range(WRITERS):
            written = [entry.detail["number"] for entry, _ in entries(connection, subject=f"writer:{number}")]
            assert written == list(range(EVENTS))


class Sender:
    """A notebook that submits one file after the other and remembers what was acknowledged."""

    def __init__(self, world: World) -> None:
        peer = world.peer()
        self.gateway, self.peer, self.port = str(peer - 1), str(peer), world.settings.egress_port
        self.acknowledged: dict[str, bytes] = {}
        self.cut_off = 0
        self.sent = 0
        self.seconds = 0.0

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Submit until the service is gone; the block begins when the first submission is acknowledged."""
        begun = Event()
        thread = Thread(target=self._send_until_cut_off, args=(begun,))
        thread.start()
        assert begun.wait(30), "The service did not come up."
        yield
        thread.join(30)

    def _send_until_cut_off(self, begun: Event) -> None:
        self._wait_for_service()
        with httpx.Client(transport=httpx.HTTPTransport(local_address=self.peer), trust_env=False) as client:
            while self._send(client):
                begun.set()

    def _wait_for_service(self) -> None:
        while True:
            try:
                socket.create_connection((self.gateway, self.port)).close()
            except ConnectionRefusedError:
                sleep(0.005)
            else:
                return

    def _send(self, client: httpx.Client) -> bool:
        self.sent += 1
        content = f"group,people\na,{self.sent}\n".encode()
        form = {
            "url": f"http://{self.gateway}:{self.port}/v1/requests",
            "headers": {"Authorization": "token rosas"},
            "files": [("files", ("table.csv", content))],
            "data": {"manifest": json.dumps({"description": "d", "files": [{"name": "table.csv"}]})},
        }
        started = monotonic()
        try:
            answer = client.post(**form)
        except httpx.ConnectError:
            return False
        except httpx.HTTPError:
            self.cut_off += 1
            return False
        assert answer.status_code == 201, answer.text
        self.acknowledged[answer.json()["id"]] = content
        self.seconds = monotonic() - started
        return True


def duration(act: Callable[[], object]) -> float:
    """Do something and return how many seconds it took."""
    started = monotonic()
    act()
    return monotonic() - started


def kill(victim: BaseProcess) -> None:
    """Kill -9: nothing is flushed, closed or said."""
    assert victim.pid
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    assert victim.exitcode == -signal.SIGKILL


def never_approved(world: World) -> str:
    """A request that one checker wants changed, and so must never get out."""
    request_id = world.bring_to(State.PARTLY_REVIEWED)
    world.review(request_id, "chloe", Verdict.CHANGE)
    return request_id


def two_files() -> dict[str, bytes]:
    """Files nobody submitted before."""
    return {name: os.urandom(20_000) for name in ("a.bin", "b.bin")}


def all_requests(world: World) -> list[ReleaseRequest]:
    with world.database.read() as connection:
        return find_requests(connection)


def check_everything(world: World) -> None:
    """Check what must hold after any crash."""
    hold, released = ContentStore(world.settings.hold), ContentStore(world.settings.released)
    may_be_out: set[str] = set()
    events: Counter[tuple[str, str]] = Counter()
    with world.database.read() as connection:
        events.update((entry.subject, entry.action.split(":")[2]) for entry, _ in entries(connection))
    for request in all_requests(world):
        assert request.state is not State.DRAFT
        assert all(hold.get(file.sha256) for file in request.files)
        assert events[f"request:{request.id}", "submit"] == request.round == 1
        assert events[f"request:{request.id}", "release"] == (request.state is State.RELEASED)
        if request.state in (State.APPROVED, State.RELEASED):
            assert all(len(approvers(request, file.number)) >= 2 for file in request.files)
            may_be_out |= {file.sha256 for file in request.files}
        if request.state is State.RELEASED:
            assert all(released.get(file.sha256) for file in request.files)
    assert {path.name for path in world.settings.released.glob("[!.]*")} <= may_be_out
    write_checkpoint(world.database, world.settings)
    verify_log(log_lines(world.database), world.settings.checkpoints)
