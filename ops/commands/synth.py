"""`myelin synth`: synthetic sources at the mission's size, or smaller, in the form each source has."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput
from data_catalog.imaging.synthetic import write_scans
from data_catalog.synth.registries import REGISTRIES, write_registry
from data_catalog.synth.trials import Sizes, write_trials
from data_catalog.synth.trials import scans as trial_scans
from ops.show import show_table, steps

TRIALS = "ms_cidr"
SCANS = f"{TRIALS}_scans"
"""The folder of the trials' scans, beside their tables."""

SOURCES = (TRIALS, *REGISTRIES)
_FULL_TRIALS = (13_120, 199_520, 52_000)


def add_to(app: typer.Typer) -> None:
    """Give the command line `myelin synth`."""
    app.command()(synth)


def synth(
    folder: Annotated[Path, typer.Argument(help="Where to; each source gets a folder of its own in it.")],
    source: Annotated[list[str] | None, typer.Option(help="Only this one; may be said again.")] = None,
    share: Annotated[float, typer.Option(help="How much of the full size.", min=0.001, max=1.0)] = 1.0,
    scans: Annotated[bool, typer.Option(help="Write the trials' scans too: tiny ones, of noise.")] = False,
) -> None:
    """Write synthetic sources: fourteen invented trials and six registries, seeded, each labelled as synthetic."""
    unknown = sorted(set(source or []) - set(SOURCES))
    if unknown:
        raise InvalidInput(f"There is no synthetic {', '.join(unknown)}.", f"There are: {', '.join(SOURCES)}.")
    rows = []
    with steps() as say:
        for name in source or SOURCES:
            say(f"Writing {name}")
            people, written = write_source(name, folder / name, share)
            rows.append([name, f"{people:,}", f"{written:,}"])
            if scans and name == TRIALS:
                say("Writing its scans")
                rows.append([SCANS, "", f"{write_source_scans(folder / SCANS, share):,} scans"])
    show_table("Synthetic sources", ["source", "people", "rows"], rows)


def write_source(name: str, folder: Path, share: float) -> tuple[int, int]:
    """Write one synthetic source at a share of its full size and return its people and rows."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == TRIALS:
        sizes = _trial_sizes(share)
        written = write_trials(folder, people=sizes.people, visits=sizes.visits, scans=sizes.scans)
        return written.sizes.people, written.rows
    registry = write_registry(name, folder, people=max(round(REGISTRIES[name].people * share), 1))
    return registry.people, sum(registry.rows.values())


def write_source_scans(folder: Path, share: float) -> int:
    """Write the scans that the trials' table `imaging` lists at this share, and return how many there are."""
    sizes = _trial_sizes(share)
    return write_scans(trial_scans(people=sizes.people, visits=sizes.visits, scans=sizes.scans), folder)


def _trial_sizes(share: float) -> Sizes:
    return Sizes(*(max(round(size * share), 1) for size in _FULL_TRIALS))
