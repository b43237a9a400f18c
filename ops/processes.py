"""Start, find and end the processes of a demo: only those started here, known by their id and start time."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep

from core.errors import Unavailable
from core.files import ensure_folder, write_durably
from core.settings import Settings


def start(settings: Settings, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start a process of its own session, its output in the state folder's logs; nothing where it runs already."""
    if running(settings, name):
        return
    log = ensure_folder(settings.state / "logs") / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    ensure_folder(settings.state / "run")
    write_durably(_record(settings, name), f"{process.pid} {_started_at(process.pid)}".encode())


def running(settings: Settings, name: str) -> int | None:
    """Return the process id of a process started here that still runs, or None."""
    record = _record(settings, name)
    if not record.exists():
        return None
    pid, started_at = record.read_text().split()
    return int(pid) if _started_at(int(pid)) == started_at else None


def stop(settings: Settings, name: str, seconds: float = 15) -> bool:
    """End a process started here and everything of its session; tell whether there was one."""
    pid = running(settings, name)
    if pid is not None:
        end(pid, seconds)
    _record(settings, name).unlink(missing_ok=True)
    return pid is not None


def end(leader: int, seconds: float = 15) -> None:
    """End a process and everything of the session it leads; kill what does not heed within this time."""
    os.killpg(leader, signal.SIGTERM)
    if not _gone(leader, seconds):
        os.killpg(leader, signal.SIGKILL)


def last_words(settings: Settings, name: str, lines: int = 15) -> str:
    """Return the end of a process's log."""
    log = settings.state / "logs" / f"{name}.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def check_running(settings: Settings, name: str) -> None:
    """Raise Unavailable, with the end of its log, where a process started here has died."""
    if running(settings, name) is None:
        raise Unavailable(f"{name} ended by itself:\n{last_words(settings, name)}")


def _record(settings: Settings, name: str) -> Path:
    return settings.state / "run" / f"{name}.pid"


def _started_at(pid: int) -> str | None:
    """Return the start time the kernel keeps of a process: with the id, the only name that is never used twice."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def _gone(pid: int, seconds: float) -> bool:
    deadline = monotonic() + seconds
    while _started_at(pid) is not None:
        if monotonic() > deadline:
            return False
        sleep(0.05)
    return True
