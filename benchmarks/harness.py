"""Run jobs against each other: each in a process of its own, in turns, so that both meet the same machine."""

import multiprocessing
import multiprocessing.connection
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

Job = Callable[[Path], int]
"""Does its work in an empty folder and returns how many rows it gave."""


@dataclass(frozen=True)
class Run:
    """One run of one job: seconds from start to end of the job, peak resident memory of its process, rows."""

    seconds: float
    peak_bytes: int
    rows: int


def run_once(job: Job) -> Run:
    """Run a job in a fresh process and an empty folder; raises RuntimeError where it failed."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="myelin-benchmark-") as folder:
        process = context.Process(target=_child, args=(job, Path(folder), theirs))
        process.start()
        theirs.close()
        try:
            found: Run = mine.recv()
        except EOFError as error:
            raise RuntimeError(f"{job} failed.") from error
        finally:
            process.join()
    return found


def _child(job: Job, folder: Path, answer: "multiprocessing.connection.Connection") -> None:
    started = perf_counter()
    rows = job(folder)
    seconds = perf_counter() - started
    answer.send(Run(seconds, _peak_bytes(), rows))


def _peak_bytes() -> int:
    """Return this process's highest resident memory; `getrusage` would give its parent's where that had more."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def in_turns(jobs: Mapping[str, Job], rounds: int) -> dict[str, list[Run]]:
    """Run every job once to warm up, then `rounds` times in turns; return the counted runs by name."""
    runs: dict[str, list[Run]] = {name: [] for name in jobs}
    for turn in range(rounds + 1):
        for name, job in jobs.items():
            run = run_once(job)
            if turn:
                runs[name].append(run)
    return runs


def ratio(runs: Sequence[Run], against: Sequence[Run]) -> float:
    """Return the median, over the rounds, of how many times as long one took as the other in the same round."""
    return median(run.seconds / other.seconds for run, other in zip(runs, against, strict=True))


def show(runs: Mapping[str, Sequence[Run]], against: str) -> str:
    """Return a table: medians of seconds, the ratio round by round to one of them, the highest memory, rows."""
    lines = [f"{'':<34} {'seconds':>9} {'ratio':>7} {'peak MiB':>9} {'rows':>12}"]
    for name, done in runs.items():
        seconds, peak = median(run.seconds for run in done), max(run.peak_bytes for run in done)
        times = ratio(done, runs[against])
        lines.append(f"{name:<34} {seconds:>9.2f} {times:>7.2f} {peak >> 20:>9,} {done[0].rows:>12,}")
    return "\n".join(lines)
