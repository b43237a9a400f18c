"""Versions of the control database: made and brought up to date by Alembic, by nothing else."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.database import Database
from core.errors import Refused


def upgrade(database: Database) -> None:
    """Make the tables and guards of an empty database, or bring an older one up to date."""
    configuration = _configuration()
    with database.writing() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


def check_current(database: Database) -> None:
    """Refuse a database that is empty, older or newer than this program."""
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory.from_config(_configuration()).get_current_head()
    if found is None:
        raise Refused("The control database has not been made.", "Run `myelin init` first.")
    if found != wanted:
        raise Refused(f"The control database is at version {found}, this program needs {wanted}.", "Run `myelin init`.")


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    return configuration
