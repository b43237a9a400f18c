"""`myelin contract …`: signed contracts of industry, and the projects that work under them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ops import context
from ops.show import console, show_table
from projects.agreements import service

app = typer.Typer(help="Contracts of industry: record, list, move a project.", no_args_is_help=True)

ContractId = Annotated[str, typer.Argument(help="The contract's id.")]


@app.command()
def record(
    contract_id: ContractId,
    resource: Annotated[str, typer.Option(help="The resource it is with, such as ms_cidr.")],
    organisation: Annotated[str, typer.Option(help="The organisation, as its applications name it.")],
    starts: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Its first day; it runs for three years.")],
    signatory: Annotated[str, typer.Option(help="Who signed for the organisation.")],
    document: Annotated[Path, typer.Option(help="The signed document; kept by its SHA-256.")],
) -> None:
    """Record a contract that was signed; it is never changed, and a renewal is a contract of its own."""
    made = service.record_contract(
        context.database(),
        context.settings(),
        context.signed_in(),
        contract_id,
        resource=resource,
        organisation=organisation,
        starts=starts.date(),
        signatory=signatory,
        document=document,
    )
    console.print(f"Recorded: {made.id} of {made.organisation}, from {made.starts} through {made.ends}.")


@app.command("list")
def list_contracts() -> None:
    """List every contract with the projects that work under it."""
    found = service.contracts_for(context.database(), context.signed_in())
    rows = [[c.id, c.resource, c.organisation, str(c.starts), str(c.ends), ", ".join(c.projects)] for c in found]
    show_table("Contracts", ["contract", "resource", "organisation", "from", "through", "projects"], rows)


@app.command()
def move(contract_id: ContractId, project_id: Annotated[str, typer.Argument(help="The project's id.")]) -> None:
    """Have a project work under this contract from now on, such as the one that follows its own."""
    moved = service.move_to_contract(context.database(), context.signed_in(), contract_id, project_id)
    console.print(f"{project_id} works under {moved.id}, through {moved.ends}.")
