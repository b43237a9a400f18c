"""Versions of the control database: made and brought up to date by Alembic, by nothing else."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.database import Database
from core.errors import Refused
from core.guards import give_application_rights

FOLDER = Path(__file__).parent


def upgrade(database: Database) -> None:
    """Make the tables and guards of an empty database, or bring an older one up to date."""
    with database.writing() as connection:
        command.upgrade(configuration(connection), "head")
        give_application_rights(connection)


def check_current(database: Database) -> None:
    """Refuse a database that is empty, older or newer than this program."""
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory.from_config(configuration()).get_current_head()
    if found is None:
        raise Refused("The control database has not been made.", "Run `myelin init` first.")
    if found != wanted:
        raise Refused(f"The control database is at version {found}, this program needs {wanted}.", "Run `myelin init`.")


def replace_guards(connection: Connection, number: str) -> None:
    """Take away every guard of the versions before, and create those of this one."""
    drop_guards(connection)
    put_guards_in_place(connection, number)


def drop_guards(connection: Connection) -> None:
    """Take away every guard: a migration that makes a table anew does so first, and puts its own in place last."""
    kept = _GUARDS[connection.dialect.name]
    for (name,) in connection.exec_driver_sql(kept).fetchall():
        quoted = connection.dialect.identifier_preparer.quote(name)
        statement = (
            f"DROP TRIGGER {quoted}" if connection.dialect.name == "sqlite" else f"DROP FUNCTION {quoted}() CASCADE"
        )
        connection.exec_driver_sql(statement)


_GUARDS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard!_%' ESCAPE '!'",
    "postgresql": "SELECT proname FROM pg_proc WHERE starts_with(proname, 'guard_')",
}


def put_guards_in_place(connection: Connection, number: str) -> None:
    """Create the guards as they stood at a migration: kept as text, so that an old migration never changes."""
    text = (FOLDER / "guards" / f"{number}.{connection.dialect.name}.sql").read_text()
    for statement in text.split(";;\n"):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)


def configuration(connection: Connection | None = None) -> Config:
    """Return what Alembic is told: where the migrations are, and the connection to run them on."""
    told = Config()
    told.set_main_option("script_location", str(FOLDER))
    told.attributes["connection"] = connection
    return told
