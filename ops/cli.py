"""The `myelin` command: every room's use cases by name, under the name of whoever is signed in."""

import sys

import typer
from pydantic import ValidationError

from core.errors import MyelinError
from ops.commands import (
    agreement,
    application,
    audit,
    closeout,
    contract,
    dataset,
    demo,
    installation,
    outbox,
    person,
    project,
    rules,
    serve,
    source,
    synth,
)

app = typer.Typer(
    name="myelin", help="A trusted research environment for MS data.", no_args_is_help=True, add_completion=False
)
installation.add_to(app)
synth.add_to(app)
closeout.add_to(project.app)
app.add_typer(person.app, name="person")
app.add_typer(dataset.app, name="dataset")
app.add_typer(source.app, name="source")
app.add_typer(rules.app, name="rules")
app.add_typer(application.app, name="application")
app.add_typer(contract.app, name="contract")
app.add_typer(agreement.agreements, name="agreement")
app.add_typer(agreement.fees, name="invoice")
app.add_typer(project.app, name="project")
app.add_typer(audit.app, name="audit")
app.add_typer(outbox.app, name="outbox")
app.add_typer(serve.app, name="serve")
app.add_typer(demo.app, name="demo")


def main() -> None:
    """Run the command line; a refusal is two lines on standard error and its own exit code, never a traceback."""
    try:
        app()
    except MyelinError as error:
        typer.secho(f"myelin: {error.message}", err=True, fg=typer.colors.RED)
        if error.hint:
            typer.echo(f"        {error.hint}", err=True)
        sys.exit(error.exit_code)
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(str(part) for part in problem["loc"])
            typer.secho(f"myelin: MYELIN_{place.upper()}: {problem['msg']}", err=True, fg=typer.colors.RED)
        sys.exit(2)
