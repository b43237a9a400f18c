"""`myelin person …`: who may sign in, and with which roles."""

from typing import Annotated

import typer

from core.people import service
from core.people.models import Person, Role
from ops import context
from ops.show import show_table

app = typer.Typer(help="People and their roles.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="The person's user name.")]
RoleName = Annotated[Role, typer.Argument(help="The role.")]


@app.command("list")
def list_people() -> None:
    """List everybody with the roles in force."""
    everybody = service.people_for(context.database(), context.signed_in())
    rows = [[p.username, p.name, ", ".join(sorted(p.roles)), "" if p.active else "closed"] for p in everybody]
    show_table("People", ["user name", "name", "roles", "account"], rows)


@app.command()
def add(
    username: Username,
    name: Annotated[str, typer.Option(help="Full name.")],
    email: Annotated[str, typer.Option(help="Mail address.")],
    subject: Annotated[str, typer.Option(help="The sign-in provider's subject of this person.")],
) -> None:
    """Add somebody who may then sign in."""
    new = Person(username, name, email, context.settings().oidc_issuer, subject)
    added = service.add_person(context.database(), context.signed_in(), new)
    typer.echo(f"{added.name} may now sign in as {added.username}.")


@app.command()
def grant(username: Username, role: RoleName) -> None:
    """Give a role; the checker's role waits for a second ops person."""
    given = service.propose_role(context.database(), context.signed_in(), username, role)
    if given.in_force:
        typer.echo(f"{username} now is {role}.")
    else:
        typer.echo(f"Proposed. A second ops person confirms it: myelin person confirm {given.id}")


@app.command()
def grants() -> None:
    """List proposed roles that wait for a second person."""
    waiting = service.pending_grants(context.database(), context.signed_in())
    rows = [[g.id, g.username, g.role, g.proposed_by] for g in waiting]
    show_table("Waiting for a second person", ["grant", "person", "role", "proposed by"], rows)


@app.command()
def confirm(grant_id: Annotated[str, typer.Argument(help="The grant, as `myelin person grants` lists it.")]) -> None:
    """Say the second word on a proposed role."""
    given = service.confirm_role(context.database(), context.signed_in(), grant_id)
    typer.echo(f"{given.username} now is {given.role}.")


@app.command()
def revoke(username: Username, role: RoleName) -> None:
    """Take a role away."""
    service.revoke_role(context.database(), context.signed_in(), username, role)
    typer.echo(f"{username} no longer is {role}.")


@app.command()
def close(username: Username) -> None:
    """Close an account and end its sessions; its servers end with the next check."""
    service.close_person(context.database(), context.signed_in(), username)
    typer.echo(f"The account of {username} is closed.")


@app.command()
def reopen(username: Username) -> None:
    """Open a closed account again, with the roles that were not revoked."""
    reopened = service.reopen_person(context.database(), context.signed_in(), username)
    roles = ", ".join(sorted(reopened.roles)) or "none"
    typer.echo(f"The account of {username} is open again. Roles in force: {roles}.")
