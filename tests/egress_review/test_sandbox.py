"""The process apart: what a hostile file makes of it ends there, and what was said before is kept."""

import contextlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from egress_review.appetite import load_appetite
from egress_review.checks.engine import run_checks
from egress_review.checks.models import CutFacts, HeldFile
from egress_review.checks.sandbox import Outcome, run_apart
from tests.egress_review import apart
from tests.egress_review.cohort import write_cut


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    return write_cut(tmp_path_factory.mktemp("apart") / "cut")


def run(task: str, wall_seconds: float = 20, **facts: object) -> Outcome:
    return run_apart(f"tests.egress_review.apart:{task}", facts, b"secret", wall_seconds)


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A loopback server that keeps what it is sent."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    received.append(connection.recv(100))

        Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], received


def test_it_answers() -> None:
    assert run("answer", name="a file").replies == ({"name": "a file", "bytes": 6},)


@pytest.mark.parametrize(
    ("task", "stopped"),
    [
        ("crash", "ended by SIGABRT"),
        ("eat_memory", "ended with code 1"),
        ("flood", "ended"),
    ],
)
def test_it_ends_and_says_how(task: str, stopped: str) -> None:
    outcome = run(task)
    assert outcome.stopped.startswith(stopped)
    assert outcome.replies[0]["said"]


def test_it_is_stopped_after_its_time_and_what_it_said_is_kept() -> None:
    started = monotonic()
    outcome = run("loop", wall_seconds=2)
    assert outcome == Outcome(({"said": "before"},), "stopped after 2 seconds")
    assert monotonic() - started < 10


def test_what_is_no_reply_is_not_taken_for_one() -> None:
    assert run("talk_nonsense").replies == ({"said": "before"},)


def test_it_has_no_network_and_the_same_call_goes_through_outside_it() -> None:
    with listening() as (port, received):
        assert run("call_home", port=port).replies == ({"sent": False},)
        assert received == []
        assert list(apart.call_home({"port": port}, b"secret")) == [{"sent": True}]
        deadline = monotonic() + 5
        while not received and monotonic() < deadline:
            sleep(0.01)
        assert received == [b"secret"]


def test_it_leaves_no_process_behind() -> None:
    (reply,) = run("leave_a_child").replies
    deadline = monotonic() + 5
    while _is_running(reply["child"]) and monotonic() < deadline:
        sleep(0.05)
    assert not _is_running(reply["child"])


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def test_it_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYELIN_SECRET", "x")
    (reply,) = run("look_around").replies
    assert set(reply["environment"]) <= {"LANG", "LC_CTYPE", "PATH", "POLARS_MAX_THREADS", "PYTHONPATH"}
    assert reply["folder"] == "/"
    assert "MYELIN_SECRET" in os.environ


def test_a_file_that_stops_the_checks_is_for_a_person_and_what_was_found_stays(
    cut: CutFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = "egress_review.checks.engine:examine"

    def runs_out(task: str, facts: dict[str, object], content: bytes) -> Outcome:
        assert task == endless
        whole = run_apart(task, facts, content)
        return Outcome(whole.replies[:2], "stopped after 60 seconds")

    monkeypatch.setattr("egress_review.checks.engine.run_apart", runs_out)
    findings = run_checks(HeldFile("t.csv", b"group,n\na,40\n"), cut, load_appetite())
    assert [finding.check for finding in findings] == ["file type", "identifiers", "engine"]
    assert findings[-1].status == "review"
    assert "stopped after 60 seconds" in findings[-1].message


@pytest.mark.parametrize(
    "reply", [{}, {"check": "a"}, {"check": "a", "risk": "b", "status": "fine", "message": "c"}, {"x": 1}]
)
def test_a_reply_that_is_no_finding_is_none(
    cut: CutFacts, monkeypatch: pytest.MonkeyPatch, reply: dict[str, object]
) -> None:
    monkeypatch.setattr("egress_review.checks.engine.run_apart", lambda *_: Outcome((reply,)))
    (finding,) = run_checks(HeldFile("t.csv", b"group,n\na,40\n"), cut, load_appetite())
    assert (finding.check, finding.status) == ("engine", "review")
