"""Time: always UTC, always aware."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.errors import Unavailable
from core.files import write_durably
from core.settings import Settings

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class DemoClock:
    """A clock that every process of a demo reads, and that can be set: to see what another day brings.

    The file holds by how many seconds it is ahead of the real time; without the file, it is not.
    """

    file: Path

    def __call__(self) -> datetime:
        """Return the demo's present moment; raises Unavailable where the file says no number."""
        return utc_now() + self.ahead

    @property
    def ahead(self) -> timedelta:
        """By how much it is ahead of the real time, below zero where it is behind."""
        try:
            return timedelta(seconds=float(self.file.read_text()))
        except FileNotFoundError:
            return timedelta()
        except (ValueError, OverflowError) as error:
            hint = "Remove the file; the clock is right again then."
            raise Unavailable(f"The demo's clock can not be read from {self.file}.", hint) from error

    def set_to(self, moment: datetime) -> None:
        """Have it show a moment now, and go on from there."""
        write_durably(self.file, str((moment - utc_now()).total_seconds()).encode())


def clock_of(settings: Settings) -> Clock:
    """Return the clock of an installation: the machine's, and only in demo mode one that can be set."""
    return DemoClock(settings.state / "clock") if settings.mode == "demo" else utc_now
