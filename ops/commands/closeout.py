"""`myelin project close`, and what is left to look at and to do afterwards: the deletion proof, the archive's end."""

from pathlib import Path
from typing import Annotated

import typer

from ops import context
from ops.closing import close as close_project
from ops.show import console, step
from projects.closeout.pages import proof_for
from projects.closeout.proof import verify_proof
from projects.closeout.rendering import render
from projects.closeout.service import closeout
from projects.closeout.service import purge_archive as purge

ProjectId = Annotated[str, typer.Argument(help="The project's id.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of projects."""
    app.command()(close)
    app.command()(proof)
    app.command("verify-proof")(verify)
    app.command()(purge_archive)


def close(project_id: ProjectId) -> None:
    """End a project: servers end, the team's folder is archived, the rest is deleted, and that is proven and signed.

    After a failure run it again; the worker goes on with it too.
    """
    close_project(context.settings(), context.database(), context.signed_in(), project_id)
    kept = closeout(context.database(), project_id).proof
    assert kept is not None
    console.print(f"closed: {project_id}. Proof: {context.settings().proofs / kept.name}", highlight=False)


def proof(project_id: ProjectId) -> None:
    """Show the signed deletion proof of a closed project."""
    content = proof_for(context.database(), context.settings(), context.signed_in(), project_id)
    typer.echo(content.decode(), nl=False)


def verify(
    file: Annotated[Path, typer.Argument(help="The proof.")],
    key: Annotated[
        Path | None, typer.Option(help="Public key kept elsewhere; the one beside the proof proves less.")
    ] = None,
) -> None:
    """Verify a deletion proof, without the installation it is from; a changed byte is refused."""
    proven = verify_proof(file, key)
    typer.echo(f"Signed, and unchanged.\n{render(proven)}")


def purge_archive(project_id: ProjectId) -> None:
    """Delete the archive of a closed project's team folder, after the last day it is kept."""
    with step("Deleting the archive"):
        archive = purge(context.database(), context.settings(), context.signed_in(), project_id)
    console.print(f"Deleted: {archive.name}, SHA-256 {archive.sha256}.", highlight=False)
