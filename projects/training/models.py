"""Trainings people passed: immutable values."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Training:
    """A course somebody passed, and through when it counts, that day included, in UTC."""

    username: str
    course: str
    passed_on: date
    through: date
    evidence: str
    recorded_by: str
    recorded_at: datetime
    revoked_at: datetime | None = None
