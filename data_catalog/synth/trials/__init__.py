"""Fourteen invented trials in the shape and size of MS CIDR, as sponsors send them: SDTM domains in transport files."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import Refused
from core.files import ensure_folder
from data_catalog.synth.trials.course import draw_study
from data_catalog.synth.trials.design import Sizes, Trial, default_seed, full_size, trials
from data_catalog.synth.trials.events import event_domains, steroids
from data_catalog.synth.trials.frames import Domain
from data_catalog.synth.trials.imaging import Scan, scans_of
from data_catalog.synth.trials.measures import measure_domains
from data_catalog.synth.trials.people import draw_people
from data_catalog.synth.trials.samples import sample_domains
from data_catalog.synth.trials.subjects import subject_domains
from data_catalog.synth.trials.xpt import write_xpt
from data_catalog.synthetic import LABEL, is_synthetic

__all__ = ["Delivery", "Scan", "Sizes", "scans", "write_trials"]

IMAGING = "imaging.csv"
IMAGING_COLUMNS = ("USUBJID", "SCAN", "SCANDTC", "REGION", "MODALITY", "FIELDSTR", "DEFACED")

_NOTICE = "These trials are invented and their data synthetic: drawn at random by Myelin. They describe nobody.\n"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Delivery:
    """What was written: the sizes asked for, and how many files and rows they came to."""

    sizes: Sizes
    files: int
    rows: int


def write_trials(
    folder: Path,
    *,
    people: int | None = None,
    visits: int | None = None,
    scans: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Delivery:
    """Write all fourteen trials, one folder each, and the index of their scans; label every folder synthetic.

    With fewer `people`, visits and scans shrink in proportion unless given. Raises InvalidInput for sizes that
    can't be: people make 1 to about 20 visits and have at most a few scans each; Refused for a folder in use.
    """
    sizes = _sizes(people, visits, scans)
    _claim(folder)
    files, rows = 0, 0
    index: list[Scan] = []
    for trial in trials(sizes, default_seed() if seed is None else seed):
        written, listed = _write_trial(trial, folder)
        files, rows = files + len(written), rows + sum(written.values())
        index += listed
        if progress:
            progress(f"{trial.id}: {trial.sizes.people:,} people, {sum(written.values()):,} rows")
    _write_index(folder / IMAGING, index)
    return Delivery(sizes, files + 1, rows + len(index))


def scans(
    seed: int | None = None, *, people: int | None = None, visits: int | None = None, scans: int | None = None
) -> Iterator[Scan]:
    """Give the scans of the trials with these sizes, the same as `imaging.csv` lists, without writing any."""
    for trial in trials(_sizes(people, visits, scans), default_seed() if seed is None else seed):
        yield from scans_of(trial, draw_people(trial))


def domains(trial: Trial) -> Iterator[Domain]:
    """Give every SDTM domain of a trial."""
    study = draw_study(trial, draw_people(trial))
    treated = steroids(study)
    yield from subject_domains(study, treated)
    yield from event_domains(study, treated)
    yield from measure_domains(study)
    yield from sample_domains(study)


def _sizes(people: int | None, visits: int | None, scans: int | None) -> Sizes:
    full = full_size()
    count = full.people if people is None else people
    return Sizes(
        count,
        round(full.visits * count / full.people) if visits is None else visits,
        round(full.scans * count / full.people) if scans is None else scans,
    )


def _write_trial(trial: Trial, folder: Path) -> tuple[dict[str, int], list[Scan]]:
    """Write one trial's files; return the rows of each and the trial's scans."""
    home = folder / trial.id.lower()
    _claim(home)
    written = {write_xpt(domain, home).name: len(domain.rows) for domain in domains(trial)}
    return written, list(scans_of(trial, draw_people(trial)))


def _write_index(path: Path, index: list[Scan]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(IMAGING_COLUMNS)
        for scan in index:
            strength = f"{scan.field_strength:g}"
            when = scan.date.isoformat()
            writer.writerow([scan.person, scan.scan, when, scan.region, scan.modality, strength, scan.defaced])


def _claim(folder: Path) -> None:
    """Make a folder, label it, and take out transport files of an earlier run, which might be of other sizes.

    Raises Refused for a folder that holds something unlabelled: real files must never come to be called synthetic.
    """
    if folder.exists() and any(folder.iterdir()) and not is_synthetic(folder):
        raise Refused(f"{folder} holds files that are not labelled synthetic.", "Choose an empty folder.")
    ensure_folder(folder, 0o755)
    (folder / LABEL).write_text(_NOTICE, encoding="utf-8")
    for stale in folder.glob("*.xpt"):
        stale.unlink()
