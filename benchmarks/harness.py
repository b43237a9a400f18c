"""Run jobs against each other: each in a process of its own, in turns, so that both meet the same machine."""

import multiprocessing
import multiprocessing.connection
import resource
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
    """One run of one job: seconds from start to end of the job, of all cores together, peak resident memory, rows.

    Core seconds are of the job's process and those it has waited for; they depend less on what else the machine does.
    """

    seconds: float
    core_seconds: float
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
    started, worked = perf_counter(), _core_seconds()
    rows = job(folder)
    answer.send(Run(perf_counter() - started, _core_seconds() - worked, _peak_bytes(), rows))


def _core_seconds() -> float:
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(of.ru_utime + of.ru_stime for of in used)


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


def ratios(runs: Sequence[Run], against: Sequence[Run]) -> tuple[float, float]:
    """Return the medians, over the rounds, of how many times the seconds and the core seconds of the other one took."""
    pairs = list(zip(runs, against, strict=True))
    return (
        median(run.seconds / other.seconds for run, other in pairs),
        median(run.core_seconds / other.core_seconds for run, other in pairs),
    )


def show(runs: Mapping[str, Sequence[Run]], against: str) -> str:
    """Return a table: medians of (core) seconds, their ratios round by round to one job, the highest memory, rows."""
    lines = [f"{'':<34} {'seconds':>9} {'ratio':>7} {'core s':>7} {'ratio':>7} {'peak MiB':>9} {'rows':>12}"]
    for name, done in runs.items():
        seconds, peak = median(run.seconds for run in done), max(run.peak_bytes for run in done)
        core_seconds = median(run.core_seconds for run in done)
        times, core_times = ratios(done, runs[against])
        lines.append(
            f"{name:<34} {seconds:>9.2f} {times:>7.2f} {core_seconds:>7.2f} {core_times:>7.2f} "
            f"{peak >> 20:>9,} {done[0].rows:>12,}"
        )
    return "\n".join(lines)
