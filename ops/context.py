"""What every command starts from: the settings, the control database, and who is signed in."""

import os
from functools import cache
from pathlib import Path

from core.clock import clock_of
from core.database import Database
from core.errors import Refused
from core.files import write_durably
from core.migrations import check_current
from core.people.models import Person
from core.people.sessions import check_session, signed_in_with
from core.settings import Settings


@cache
def settings() -> Settings:
    """Return this installation's settings, read once."""
    return Settings()


@cache
def database() -> Database:
    """Return the control database; raises Refused where it was not made yet or is of another version."""
    opened = Database(settings().database, clock_of(settings()))
    check_current(opened)
    return opened


def session_file() -> Path:
    """Return where the command line keeps its session: `MYELIN_SESSION_FILE`, or the user's configuration folder."""
    chosen = os.environ.get("MYELIN_SESSION_FILE")
    folder = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    return Path(chosen) if chosen else folder / "myelin" / "session"


def keep_session(token: str) -> None:
    """Keep the session's token for the commands that follow, closed to other users."""
    path = session_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(path, token.encode())


def signed_in() -> Person:
    """Return the person whose session the command line holds.

    Raises Refused where nobody is signed in, or without the second factor that is asked of them.
    """
    path = session_file()
    found = signed_in_with(database(), path.read_text().strip()) if path.exists() else None
    if found is None:
        raise Refused("Nobody is signed in.", "Run `myelin login` first.")
    check_session(database(), settings(), *found)
    return found[0]
