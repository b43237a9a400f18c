"""What the database itself refuses, whoever asks: one list of guards, written as triggers for both engines.

Policy refuses first and in friendlier words. A guard is the wall behind it, for a defect of ours or a hand in
the database file. Conditions are SQL both engines read, over `NEW` and `OLD`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Table, UniqueConstraint, inspect, text

from core.database import metadata

Event = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Guard:
    """Refuse an event on a table where a condition holds."""

    table: str
    name: str
    event: Event
    condition: str
    message: str

    def statements(self, dialect: str) -> list[str]:
        """Return the statements that put this guard in place."""
        return [self._sqlite()] if dialect == "sqlite" else self._postgresql()

    @property
    def _trigger(self) -> str:
        return f"guard_{self.table}_{self.name}"

    def _sqlite(self) -> str:
        return (
            f"CREATE TRIGGER {self._trigger} BEFORE {self.event} ON {self.table} WHEN {self.condition} "
            f"BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
        )

    def _postgresql(self) -> list[str]:
        row = "OLD" if self.event == "DELETE" else "NEW"
        function = (
            f"CREATE FUNCTION {self._trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {self.condition} THEN RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{self.message}'; END IF; "
            f"RETURN {row}; END $$"
        )
        trigger = (
            f"CREATE TRIGGER {self._trigger} BEFORE {self.event} ON {self.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self._trigger}()"
        )
        return [function, trigger]


_guards: list[Guard] = []
_kept: list[str] = []
_append_only: list[str] = []

APPLICATION_ROLE = "myelin_app"
"""On PostgreSQL the program signs in as this role, which owns nothing and so can't take a guard away."""


def refuse(table: Table, name: str, event: Event, condition: str, message: str) -> None:
    """Have the database refuse an event on a table where the condition over NEW and OLD holds."""
    _guards.append(Guard(table.name, name, event, condition, message))


def append_only(table: Table) -> None:
    """Have the database refuse every change but a new row, `INSERT OR REPLACE` and `TRUNCATE` included."""
    _keep(table)
    _append_only.append(table.name)
    message = f"{table.name} is append-only"
    refuse(table, "update", "UPDATE", "TRUE", message)


def immutable(table: Table, columns: Sequence[str]) -> None:
    """Have the database refuse a change of these columns, and the deletion of any row."""
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    refuse(table, "change", "UPDATE", changed, f"{table.name}: {', '.join(columns)} can not change")
    _keep(table)


def _keep(table: Table) -> None:
    refuse(table, "delete", "DELETE", "TRUE", f"{table.name} rows are kept")
    refuse(table, "replace", "INSERT", _taken(table), f"{table.name} rows are kept")
    _kept.append(table.name)


def _taken(table: Table) -> str:
    keys = [[column.name for column in table.primary_key.columns]]
    keys += [[c.name for c in u.columns] for u in table.constraints if isinstance(u, UniqueConstraint)]
    keys += [[column.name] for column in table.columns if column.unique]
    matches = (" AND ".join(f"{column} = NEW.{column}" for column in key) for key in keys)
    found = (f"EXISTS (SELECT 1 FROM {table.name} WHERE {match})" for match in sorted(set(matches)))  # noqa: S608
    return " OR ".join(found)


def all_statements(dialect: str) -> list[str]:
    """Return the statements of every guard of every room that has been imported."""
    guards = sorted(_guards, key=lambda guard: (guard.table, guard.name))
    statements = [statement for guard in guards for statement in guard.statements(dialect)]
    if dialect == "postgresql":
        statements += [statement for table in sorted(_kept) for statement in _no_truncate(table)]
    return statements


def put_in_place(connection: Connection) -> None:
    """Create every guard in a database whose tables have just been made."""
    for statement in all_statements(connection.dialect.name):
        connection.execute(text(statement.replace(":", r"\:")))


def give_application_rights(connection: Connection) -> None:
    """Give the application's role, on PostgreSQL and where there is one, what it needs on every table and no more."""
    if connection.dialect.name != "postgresql":
        return
    role = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
    if connection.execute(role, {"role": APPLICATION_ROLE}).first() is None:
        return
    for table in inspect(connection).get_table_names():
        connection.execute(text(f"REVOKE ALL ON {table} FROM {APPLICATION_ROLE}"))
        connection.execute(text(f"GRANT {_rights(table)} ON {table} TO {APPLICATION_ROLE}"))


def _rights(table: str) -> str:
    if table not in metadata.tables:
        return "SELECT"  # Alembic's own
    return "SELECT, INSERT" if table in _append_only else "SELECT, INSERT, UPDATE"


def _no_truncate(table: str) -> list[str]:
    name = f"guard_{table}_truncate"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{table} rows are kept'; END $$",
        f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]
