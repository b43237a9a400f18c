"""`myelin person …`: who may sign in, and with which roles."""

from datetime import datetime
from typing import Annotated

import typer

from core.people import service
from core.people.affiliations import record_affiliation
from core.people.models import Person, Role, Sector
from ops import context
from ops.show import show_table
from projects.training.service import record_training, revoke_training, trainings_for

app = typer.Typer(help="People and their roles.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="The person's user name.")]
RoleName = Annotated[Role, typer.Argument(help="The role.")]


Course = Annotated[str, typer.Argument(help="The course, as resource rules name it, such as data-protection.")]


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
def affiliation(
    username: Username,
    organisation: Annotated[str, typer.Option(help="Where they work.")],
    sector: Annotated[Sector, typer.Option(help="What kind of organisation that is.")],
) -> None:
    """Record where somebody works; an application that says otherwise is refused."""
    made = record_affiliation(context.database(), context.signed_in(), username, organisation, sector)
    typer.echo(f"{username} works at {made.organisation} ({made.sector}).")


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


@app.command()
def training(
    username: Username,
    course: Course,
    passed: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it was passed.")],
    through: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day it counts.")],
    evidence: Annotated[str, typer.Option(help="What shows it, such as the certificate's number.")],
) -> None:
    """Record a training somebody passed; projects of a resource that asks for it are open to them from then on."""
    days = {"passed_on": passed.date(), "through": through.date()}
    record_training(context.database(), context.signed_in(), username, course, **days, evidence=evidence)
    typer.echo(f"{username} has the training {course} through {through:%Y-%m-%d}.")


@app.command("revoke-training")
def revoke_training_(username: Username, course: Course) -> None:
    """Take a training back; who works in a project that asks for it is out within seconds."""
    revoke_training(context.database(), context.signed_in(), username, course)
    typer.echo(f"{username} has the training {course} no more.")


@app.command()
def trainings(username: Username) -> None:
    """List somebody's trainings and through when each counts."""
    found = trainings_for(context.database(), context.signed_in(), username)
    rows = [[one.course, str(one.passed_on), str(one.through), "revoked" if one.revoked_at else ""] for one in found]
    show_table(f"Trainings of {username}", ["course", "passed", "through", ""], rows)
