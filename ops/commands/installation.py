"""`myelin init | login | logout | whoami`: an installation's first steps, and everybody's first command."""

from typing import Annotated

import typer

from core.database import Database
from core.files import ensure_folder
from core.migrations import upgrade
from core.people.models import Person
from core.people.service import bootstrap_ops
from core.people.sessions import end_session
from ops import context
from ops.login import sign_in
from ops.show import show_facts, step


def add_to(app: typer.Typer) -> None:
    """Put these commands at the top level."""
    for command in (init, first_ops, login, logout, whoami):
        app.command()(command)


def init() -> None:
    """Make the state folder and the control database, or bring the database up to date; safe to run again."""
    settings = context.settings()
    ensure_folder(settings.state, 0o711)
    with step(f"Control database at {_without_password(settings.database)}"):
        database = Database(settings.database_owner_url or settings.database)
        upgrade(database)
        database.close()


def first_ops(
    username: Annotated[str, typer.Argument(help="User name of the first ops person.")],
    name: Annotated[str, typer.Option(help="Full name.")],
    email: Annotated[str, typer.Option(help="Mail address.")],
    subject: Annotated[str, typer.Option(help="The sign-in provider's subject of this person.")],
) -> None:
    """Make the first ops person, once and on record; everybody else is added by somebody signed in."""
    first = Person(username, name, email, context.settings().oidc_issuer, subject)
    bootstrap_ops(context.database(), first)
    typer.echo(f"{name} is the first ops person. Next: myelin login")


def login() -> None:
    """Sign in through the browser; the commands that follow act under your name."""
    person, token = sign_in(context.settings(), context.database(), open_page=_show_address)
    context.keep_session(token)
    typer.echo(f"Signed in as {person.name} ({person.username}).")


def logout() -> None:
    """End the session of the command line."""
    person = context.signed_in()
    end_session(context.database(), person, context.session_file().read_text().strip())
    context.session_file().unlink()
    typer.echo("Signed out.")


def whoami() -> None:
    """Show who is signed in, and with which roles."""
    person = context.signed_in()
    show_facts(person.name, [("user name", person.username), ("roles", ", ".join(sorted(person.roles)) or "none")])


def _show_address(address: str) -> None:
    typer.echo(f"Open this address in your browser and sign in:\n\n  {address}\n")


def _without_password(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)
