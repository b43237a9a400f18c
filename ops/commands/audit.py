"""`myelin audit …`: export, checkpoint and verify the log of everything."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from core.audit import service
from ops import context
from ops.show import step

app = typer.Typer(help="The audit log.", no_args_is_help=True)


@app.command()
def export(
    to: Annotated[Path | None, typer.Option(help="File to write; standard output when left out.")] = None,
) -> None:
    """Write the log as lines of canonical JSON, ready to be verified elsewhere."""
    lines = service.export(context.database(), context.signed_in())
    if to is None:
        sys.stdout.buffer.writelines(lines)
        return
    with to.open("wb") as file:
        file.writelines(lines)
    typer.echo(f"Written to {to}. Verify it anywhere: myelin audit verify --log {to} --checkpoints FOLDER")


@app.command()
def checkpoint() -> None:
    """Sign the log as it stands; keep a copy elsewhere, it is what shows a truncation."""
    typer.echo(service.checkpoint(context.database(), context.settings(), context.signed_in()))


@app.command()
def verify(
    log: Annotated[Path | None, typer.Option(help="An exported log; the database when left out.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Folder of checkpoints.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="Public key kept elsewhere; the one beside the checkpoints proves less.")
    ] = None,
) -> None:
    """Prove that the log is one unbroken history and that every checkpoint is a state it went through."""
    with step("Verifying the audit log"):
        proven = service.verify_log(_lines(log), checkpoints or context.settings().checkpoints, key)
    typer.echo(f"{proven.entries} entries, {_checkpoints(proven.checkpoints)}; tree head {proven.root.hex()[:16]}…")


def _checkpoints(count: int) -> str:
    return "1 checkpoint agrees" if count == 1 else f"{count} checkpoints agree"


def _lines(log: Path | None) -> Iterator[bytes]:
    if log is None:
        yield from service.log_lines(context.database())
        return
    with log.open("rb") as file:
        yield from file
