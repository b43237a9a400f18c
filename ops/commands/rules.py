"""`myelin rules …`: the resources' rules, version by version, and who sits where in the committee."""

from pathlib import Path
from typing import Annotated

import typer

from ops import context
from ops.show import console, show_facts, show_table
from projects.committee import service as committee
from projects.resource_rules import service
from projects.resource_rules.models import ResourceRules, load_rules

app = typer.Typer(help="The resources' rules, and seats in the committee.", no_args_is_help=True)

Resource = Annotated[str, typer.Argument(help="The resource's id, such as ms_cidr.")]
Number = Annotated[int, typer.Argument(help="The version's number.")]
File = Annotated[Path, typer.Argument(help="The rules file (TOML).")]
Username = Annotated[str, typer.Argument(help="The member's user name.")]
BodyId = Annotated[str, typer.Argument(help="The body's id, as the rules name it.")]


@app.command()
def check(file: File) -> None:
    """Say what a rules file says, or everything that is wrong with it; nothing is written."""
    _show(load_rules(file))


@app.command()
def propose(file: File) -> None:
    """Propose a version of a resource's rules; a member of the committee puts it in force."""
    made = service.propose_rules(context.database(), context.signed_in(), load_rules(file))
    resource = made.rules.resource
    console.print(f"Proposed. A member of the committee confirms it: myelin rules confirm {resource} {made.number}")


@app.command()
def confirm(resource: Resource, number: Number) -> None:
    """Put a proposed version in force; applications already submitted keep the version they were judged by."""
    made = service.confirm_rules(context.database(), context.signed_in(), resource, number)
    console.print(f"In force: version {made.number} of the rules of {made.rules.label}.")


@app.command("list")
def list_rules() -> None:
    """List every version of every resource's rules, and who confirmed it."""
    context.signed_in()
    with context.database().read() as connection:
        found = service.versions(connection)
    rows = [
        [one.rules.resource, str(one.number), one.sha256[:12], one.proposed_by, one.confirmed_by or "waits"]
        for one in found
    ]
    show_table("Rules", ["resource", "version", "hash", "proposed by", "confirmed by"], rows)


@app.command()
def show(resource: Resource) -> None:
    """Show the rules in force for a resource."""
    context.signed_in()
    with context.database().read() as connection:
        found = service.rules_in_force(connection, resource)
    _show(found.rules)


@app.command()
def seat(resource: Resource, body: BodyId, username: Username) -> None:
    """Give a member of the committee a seat on a body of a resource."""
    committee.give_seat(context.database(), context.signed_in(), resource, body, username)
    console.print(f"{username} sits on {body} of {resource}.")


@app.command("end-seat")
def end_seat(resource: Resource, body: BodyId, username: Username) -> None:
    """Take a seat away; votes that were cast stand."""
    committee.end_seat(context.database(), context.signed_in(), resource, body, username)
    console.print(f"{username} sits on {body} of {resource} no more.")


@app.command()
def seats() -> None:
    """List who sits on which body."""
    context.signed_in()
    rows = [list(one) for one in committee.seats(context.database())]
    show_table("Seats", ["resource", "body", "member"], rows)


def _show(rules: ResourceRules) -> None:
    facts = [("about", rules.about), ("may apply", ", ".join(rules.applicants))]
    facts += [("call", f"{call.words}{' (invented)' if call.invented else ''}") for call in rules.calls]
    facts += [("purposes", "; ".join(rules.purposes) or "any")]
    facts += [("commercial", str(rules.commercial)), ("drugs", _drugs(rules))]
    facts += [("fee", f"{sector}: {fee.replace('_', ' ')}") for sector, fee in rules.fees.items()]
    facts += [
        ("decided by", f"{body.id}: {body.name}, at least {body.quorum} votes, on {', '.join(body.datasets)}")
        for body in rules.bodies
    ]
    show_facts(f"{rules.label} ({rules.resource})", facts)


def _drugs(rules: ResourceRules) -> str:
    return "comparing drugs is not allowed" if rules.forbids_drug_comparison else "nothing is said of comparing drugs"
