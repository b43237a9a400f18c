"""The control database: one way to read, one way to write, and no write without its audit row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Engine,
    Executable,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from core.clock import Clock, to_text, utc_now
from core.errors import MyelinError, Unavailable

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_WRITES = "myelin_writes"
_WRITER_LOCK = 0x6D79656C696E  # "myelin", the advisory lock every PostgreSQL writer takes


class UnauditedChange(MyelinError):
    """A transaction was about to commit without an audit row: a defect in the calling service."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC, kept as sortable ISO 8601 text on every database."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Actor(Protocol):
    """Whoever acts: a signed-in person or a part of the system."""

    @property
    def audit_name(self) -> str: ...


class Transaction:
    """A write in progress: statements, and the audit rows that go with them."""

    def __init__(self, connection: Connection, actor: Actor, now: datetime) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now
        self.recorded = 0

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement in this transaction."""
        return self.connection.execute(statement, parameters)

    def record(self, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
        """Append the audit row of this change: `room:thing:action`, `thing:id`, and facts that are no data."""
        from core.audit.log import append  # here, as the log's table needs this module's metadata

        append(self.connection, at=self.now, actor=self.actor.audit_name, action=action, subject=subject, detail=detail)
        self.recorded += 1


class Database:
    """Open the control database at an SQLAlchemy address (SQLite or PostgreSQL)."""

    def __init__(self, url: str, clock: Clock = utc_now) -> None:
        self.clock = clock
        self.engine = _make_engine(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading; everything in the block sees one state of the database (SQLite)."""
        with _translated(), self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def write(self, actor: Actor) -> Iterator[Transaction]:
        """Give the only write transaction there is at this moment; commit it when the block ends well.

        Raises UnauditedChange where the block recorded nothing, and rolls back on any error.
        """
        with _translated(), self.writing() as connection:
            transaction = Transaction(connection, actor, self.clock())
            yield transaction
            if not transaction.recorded:
                raise UnauditedChange("A change was made without an audit row; nothing was saved.")

    def create_all(self) -> None:
        """Make every table and guard of the rooms imported so far in an empty database."""
        from core.guards import give_application_rights, put_in_place

        with self.writing() as connection:
            metadata.create_all(connection)
            put_in_place(connection)
            give_application_rights(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the bare write transaction, for making and migrating tables; everything else uses `write`."""
        with self.engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable("The control database does not answer.", "Ask operations to look at it.") from error


def _make_engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=make_url(url).get_backend_name() == "postgresql")
    if engine.dialect.name == "sqlite":
        _close_to_others(engine.url.database)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _close_to_others(file: str | None) -> None:
    """Make an SQLite file readable by its owner only; what SQLite writes beside it gets the same mode."""
    if file and Path(file).parent.is_dir():
        Path(file).touch(mode=0o600)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that a writer never starts as a reader
    for pragma in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
