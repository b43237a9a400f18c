"""The process apart: what a hostile file makes of it ends there, and what was said before is kept."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from egress_review.appetite import load_appetite
from egress_review.checks import sandbox
from egress_review.checks.engine import CHECKS, run_checks
from egress_review.checks.models import CutFacts, HeldFile
from egress_review.checks.sandbox import Outcome, run_apart
from tests.egress_review import apart
from tests.egress_review.cohort import write_cut

NOTHING_CHECKED = dict.fromkeys(CHECKS, "not_checked") | {"engine": "review"}


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


def test_it_is_nobody_without_any_power() -> None:
    (reply,) = run("who_am_i").replies
    assert os.geteuid() == 0, "these tests show what becomes of root"
    assert reply["Uid"] == reply["Gid"] == ["65534"] * 4
    assert reply["Groups"] == []
    assert {reply[name][0] for name in ("CapEff", "CapPrm", "CapInh")} == {"0" * 16}
    assert reply["NoNewPrivs"] == ["1"]


def test_it_reaches_no_docker_writes_nowhere_and_reads_nothing_of_root(tmp_path: Path) -> None:
    secret, open_to_all, docker = tmp_path / "key", Path("/tmp/myelin-test-was-here"), tmp_path / "docker.sock"
    secret.write_bytes(b"key")
    secret.chmod(0o600)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(docker))
        docker.chmod(0o660)
        server.listen()
        paths = [("read", str(secret)), ("connect", str(docker)), ("write", str(open_to_all))]
        attempts = [*paths, ("connect", "/var/run/docker.sock"), ("write", "/dev/shm/myelin-test-was-here")]
        reply = dict(run("touch", attempts=attempts).replies[0])
        assert reply.pop("/var/run/docker.sock") in ("PermissionError", "FileNotFoundError")
        assert list(reply.values()) == ["PermissionError", "PermissionError", "read-only", "read-only"]
        assert not open_to_all.exists()
        (outside,) = apart.touch({"attempts": paths}, b"")
        assert list(outside.values()) == ["done"] * 3
        open_to_all.unlink()


def test_where_the_kernel_gives_no_walls_nothing_is_read_and_a_person_is_told(
    cut: CutFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = "import ctypes; ctypes.CDLL(None).prctl(24, 21, 0, 0, 0)\n"  # the bounding set loses CAP_SYS_ADMIN
    start = (
        f"{refused}import os; os.execv({sys.executable!r}, [{sys.executable!r}, '-P', '-s', '-c', {sandbox._START!r}])"
    )
    monkeypatch.setattr(sandbox, "_START", start)
    assert run("answer", name="a file") == Outcome((), "was not begun: this host doesn't let it be confined")
    findings = run_checks(HeldFile("t.csv", b"group,n\na,40\n"), cut, load_appetite())
    assert {finding.check: finding.status for finding in findings} == NOTHING_CHECKED
    assert "was not begun" in findings[-1].message


def test_no_more_than_two_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []
    most = []

    def slowly(*_: object) -> str:
        running.append(1)
        most.append(len(running))
        sleep(0.05)
        running.pop()
        return ""

    monkeypatch.setattr(sandbox, "_run", slowly)
    threads = [Thread(target=run, args=("answer",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 8
    assert max(most) == 2


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
    threads = {"ARROW_DEFAULT_MEMORY_POOL", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"}
    assert set(reply["environment"]) <= {"LANG", "LC_CTYPE", "PATH", "PYTHONPATH", *threads}
    assert reply["folder"] == "/"
    assert "MYELIN_SECRET" in os.environ


@pytest.mark.parametrize("ended", range(len(CHECKS)))
def test_a_check_that_is_out_of_time_is_not_checked_and_what_was_found_stays(
    cut: CutFacts, monkeypatch: pytest.MonkeyPatch, ended: int
) -> None:
    """Stop in the middle of each check, after its findings and before its end: it is not taken for passed."""

    def runs_out(task: str, facts: dict[str, object], content: bytes) -> Outcome:
        whole = run_apart(task, facts, content).replies
        until = [number for number, reply in enumerate(whole) if "ended" in reply][ended]
        return Outcome(whole[:until], "stopped after 120 seconds")

    monkeypatch.setattr("egress_review.checks.engine.run_apart", runs_out)
    findings = run_checks(HeldFile("t.csv", b"group,n\na,40\n"), cut, load_appetite())
    assert findings[0].check == "file type"
    out_of_time = {finding.check for finding in findings if "did not come to its end" in finding.message}
    assert out_of_time == set(list(CHECKS)[ended:])
    assert {finding.status for finding in findings if finding.check in out_of_time} >= {"not_checked"}
    assert (findings[-1].check, findings[-1].status) == ("engine", "review")
    assert "stopped after 120 seconds" in findings[-1].message


@pytest.mark.parametrize(
    "reply",
    [{}, {"check": "a"}, {"check": "a", "risk": "b", "status": "fine", "message": "c"}, {"x": 1}, {"ended": []}],
)
def test_a_reply_that_is_no_finding_is_none(
    cut: CutFacts, monkeypatch: pytest.MonkeyPatch, reply: dict[str, object]
) -> None:
    monkeypatch.setattr("egress_review.checks.engine.run_apart", lambda *_: Outcome((reply,)))
    findings = run_checks(HeldFile("t.csv", b"group,n\na,40\n"), cut, load_appetite())
    assert {finding.check: finding.status for finding in findings} == NOTHING_CHECKED
