"""How pages write moments, ages, sizes and names."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

_UNITS = ("bytes", "kB", "MB", "GB")


def write_day(day: date) -> str:
    """Write a day as people read it: 3 June 2026."""
    return f"{day.day} {day:%B %Y}"


def write_moment(moment: datetime) -> str:
    """Write a moment in UTC, to the minute: 3 June 2026, 14:05 UTC."""
    moment = moment.astimezone(UTC)
    return f"{write_day(moment)}, {moment:%H:%M} UTC"


def write_age(moment: datetime, now: datetime) -> str:
    """Write how long ago something was, in its largest whole unit: 3 hours."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    for size, unit in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "under a minute"


def write_size(size: int) -> str:
    """Write a number of bytes in decimal units: 12.4 kB."""
    amount = float(size)
    for unit in _UNITS[:-1]:
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.0f} {_UNITS[-1]}"


def write_words(name: str) -> str:
    """Write an identifier's words: `partly_reviewed` as partly reviewed."""
    return str(name).replace("_", " ")


FILTERS: dict[str, Callable[..., Any]] = {
    "day": write_day,
    "moment": write_moment,
    "age": write_age,
    "size": write_size,
    "words": write_words,
}
