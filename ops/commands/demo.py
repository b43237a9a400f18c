"""`myelin demo …`: everything on one machine, with invented people to sign in as."""

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from core.clock import clock_of
from core.database import Database
from core.files import ensure_folder
from core.migrations import upgrade
from core.settings import Settings
from ops import context
from ops.demo import run
from ops.demo.clock import set_clock
from ops.demo.provider import pass_through
from ops.login import sign_in
from ops.show import console

app = typer.Typer(help="The demo: provision, start, stop, sign in.", no_args_is_help=True)


@app.command()
def up() -> None:
    """Provision the demo project, start everything, and say who can sign in where; safe to run again."""
    settings = demo_settings()
    run.up(settings)
    run.introduce(settings)


@app.command()
def down() -> None:
    """End everything the demo started; what it keeps stays for the next time."""
    ran = run.down(demo_settings())
    console.print("The demo is stopped." if ran else "Nothing was running.")


@app.command()
def env() -> None:
    """Print the environment of the demo: eval "$(myelin demo env)"."""
    for name, value in run.environment(demo_settings()).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def login(username: Annotated[str, typer.Argument(help="One of the demo's people.")]) -> None:
    """Sign in to the command line as one of the demo's people."""
    settings = demo_settings()
    os.environ.update(run.environment(settings))
    person, token = sign_in(
        settings, context.database(), open_page=lambda address: pass_through(settings, username, address)
    )
    context.keep_session(token)
    console.print(f"Signed in as {person.name} ({person.username}).")


@app.command()
def clock(
    moment: Annotated[datetime | None, typer.Argument(help="What it is to show from now on, in UTC.")] = None,
) -> None:
    """Show the demo's clock, or set it forward: what has a last day then ends, by itself."""
    settings = demo_settings()
    ensure_folder(settings.state, 0o711)
    database = Database(settings.database, clock_of(settings))
    upgrade(database)
    if moment is not None:
        set_clock(database, moment.replace(tzinfo=UTC))
    console.print(f"In the demo it is {database.clock():%A, %-d %B %Y, %H:%M} UTC.", highlight=False)
    database.close()


def demo_settings() -> Settings:
    """Return the settings of the demo: what the environment says, and else its own state folder and provider."""
    state = Path(os.environ.get("MYELIN_STATE", "/var/lib/myelin-demo"))
    return Settings(
        mode="demo", state=state, oidc_backchannel=os.environ.get("MYELIN_OIDC_BACKCHANNEL", "http://127.0.0.1:9400")
    )
