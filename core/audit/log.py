"""Entries of the audit log: append, read, and the bytes each one is hashed as."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from core import canonical
from core.audit.merkle import leaf_hash
from core.audit.tables import audit_event
from core.clock import to_text

FIRST_PREV = "0" * 64
_LONGEST_DETAIL = 4096


@dataclass(frozen=True)
class Entry:
    """One event: who did what to which thing, when, and the hash of the entry before."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    prev: str

    def __post_init__(self) -> None:
        if self.action.count(":") != 2:
            raise ValueError(f"An audit action reads room:thing:action, not {self.action!r}.")

    def to_bytes(self) -> bytes:
        """Return the canonical bytes this entry is hashed as, and exported as one line."""
        return canonical.dumps({**self.__dict__, "at": to_text(self.at)})

    @property
    def hash(self) -> str:
        """The RFC 6962 leaf hash of this entry, in hexadecimal."""
        return leaf_hash(self.to_bytes()).hex()

    @classmethod
    def from_bytes(cls, line: bytes) -> "Entry":
        """Read an exported line; raises ValueError or TypeError where it is none."""
        fields = json.loads(line)
        return cls(**{**fields, "at": datetime.fromisoformat(fields["at"])})


def append(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    """Append one event inside the caller's write transaction and return it."""
    last = connection.execute(
        select(audit_event.c.seq, audit_event.c.hash).order_by(audit_event.c.seq.desc()).limit(1)
    ).first()
    seq, prev = (last.seq + 1, last.hash) if last else (0, FIRST_PREV)
    entry = Entry(seq, at, actor, action, subject, dict(detail or {}), prev)
    written = canonical.dumps(entry.detail).decode()
    if len(written) > _LONGEST_DETAIL:
        raise ValueError(f"The detail of {action} is over {_LONGEST_DETAIL} characters.")
    values = {**entry.__dict__, "detail": written, "hash": entry.hash}
    connection.execute(insert(audit_event).values(values))
    return entry


def entries(connection: Connection, *, subject: str | None = None) -> Iterator[tuple[Entry, str]]:
    """Read entries in order with the hash stored beside each, of one subject or of all."""
    statement = select(audit_event).order_by(audit_event.c.seq)
    if subject is not None:
        statement = statement.where(audit_event.c.subject == subject)
    for row in connection.execute(statement):
        fields = dict(row._mapping)
        stored = fields.pop("hash")
        yield Entry(**{**fields, "detail": json.loads(fields["detail"])}), stored


def newest_entries(connection: Connection, most: int, *, subject: str | None = None) -> list[Entry]:
    """Read the newest entries, newest first, of one subject or of all; for looking, not for proving."""
    statement = select(audit_event).order_by(audit_event.c.seq.desc()).limit(most)
    if subject is not None:
        statement = statement.where(audit_event.c.subject == subject)
    columns = [column for column in audit_event.c if column.name != "hash"]
    rows = connection.execute(statement.with_only_columns(*columns))
    return [Entry(**{**row._mapping, "detail": json.loads(row.detail)}) for row in rows]
