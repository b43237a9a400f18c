"""`myelin source …`: a registry's or trial's own files, from the sender's manifest to a published edition."""

import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_catalog.mapping import service
from data_catalog.mapping.models import load_mapping
from data_catalog.mapping.stage import Staged
from data_catalog.quality.models import Status
from data_catalog.quality.publication import write_report
from data_catalog.sources.delivery import MANIFEST, make_delivery
from ops import context
from ops.numbers import publish_numbers_of
from ops.show import console, show_facts, show_table, steps

app = typer.Typer(help="Sources: files as they arrive, mapped to the common data model.", no_args_is_help=True)

Mapping = Annotated[Path, typer.Argument(help="The source's mapping file (TOML).")]
Folder = Annotated[Path, typer.Argument(help="The folder of the delivery.")]


@app.command()
def manifest(
    folder: Annotated[Path, typer.Argument(help="The folder of files to be sent.")],
    mapping: Annotated[Path | None, typer.Option(help="A mapping that says how the files are written.")] = None,
    made_by: Annotated[str, typer.Option(help="Who sends it; the user name where nothing is said.")] = "",
) -> None:
    """Write a delivery's manifest, where the files come from; needs no installation and nobody signed in."""
    specs = load_mapping(mapping).files if mapping else None
    with steps() as say:
        say("Counting rows and hashing")
        delivery = make_delivery(folder, made_by or getpass.getuser(), datetime.now(UTC), specs)
    rows = [[file.path, str(file.format), f"{file.rows:,}", f"{file.bytes:,}"] for file in delivery.files]
    show_table(f"{folder / MANIFEST}", ["file", "format", "rows", "bytes"], rows)


@app.command()
def new(
    source_id: Annotated[str, typer.Argument(help="The source's id, which becomes the dataset's.")],
    folder: Folder,
    to: Annotated[Path | None, typer.Option(help="Where to write the draft; standard output by default.")] = None,
) -> None:
    """Draft a mapping from a delivery: its files and columns, and the model's variables beside them."""
    with steps() as say:
        text = service.draft_mapping(context.settings(), context.signed_in(), source_id, folder, say)
    if to is None:
        sys.stdout.write(text)
        return
    to.write_text(text, encoding="utf-8")
    typer.echo(f"{to} is a draft; it quotes codes of the source. Complete it, then: myelin source check {to} {folder}")


@app.command()
def preview(
    mapping: Mapping,
    folder: Folder,
    table: Annotated[str, typer.Option(help="The table of the model to show.")] = "patient",
    rows: Annotated[int, typer.Option(help="How many rows.", min=1, max=200)] = 10,
) -> None:
    """Show the first rows of one table as the mapping makes them, and how well its variables were read."""
    with steps() as say:
        names, shown, staged = service.preview_source(
            context.settings(), context.signed_in(), mapping, folder, table, rows, say
        )
    show_table(
        f"{table}, first {len(shown)} rows", names, [["" if v is None else str(v) for v in row] for row in shown]
    )
    _show_readings(staged, lambda reading: reading.table == table)
    for finding in staged.findings:
        typer.secho(finding.to_text(), fg=typer.colors.RED)


@app.command()
def check(
    mapping: Mapping,
    folder: Folder,
    report: Annotated[Path | None, typer.Option(help="A folder for the quality report (HTML and JSON).")] = None,
) -> None:
    """Read, map and check everything, and publish nothing."""
    with steps() as say:
        checked = service.check_source(
            context.database(), context.settings(), context.signed_in(), mapping, folder, say
        )
    _show_checked(checked)
    if report:
        for path in write_report(checked.quality, report):
            typer.echo(f"Written: {path}")


@app.command()
def publish(
    mapping: Mapping,
    folder: Folder,
    endpoints: Annotated[bool, typer.Option(help="Compute the tables of the standard endpoints too.")] = False,
    scans: Annotated[Path | None, typer.Option(help="A BIDS tree of the scans that the table imaging lists.")] = None,
) -> None:
    """Read, map and check everything, and publish an edition with its numbers, or refuse with a report."""
    with steps() as say:
        edition, checked = service.publish_source(
            context.database(),
            context.settings(),
            context.signed_in(),
            mapping,
            folder,
            say,
            endpoints=endpoints,
            scans=scans,
        )
        say("Counting the edition for the catalogue")
        publish_numbers_of(edition)
    _show_checked(checked)
    show_facts(f"{edition.dataset}, edition {edition.number}", [(t.table, f"{t.rows:,} rows") for t in edition.tables])


def _show_checked(checked: service.Checked) -> None:
    _show_readings(checked.staged, lambda reading: bool(reading.unread))
    left_out = [
        (table, f"{count:,} repeated rows left out") for table, count in checked.staged.duplicates.items() if count
    ]
    if left_out:
        show_facts("Left out, as the mapping says", left_out)
    for finding in checked.staged.reported:
        typer.echo(finding.to_text())
    rows = [
        [one.axis, one.label, f"{one.rate:.2%}" if one.rate is not None else f"{one.value}", one.limit]
        for one in checked.quality.indicators
        if one.status is Status.LOOK
    ]
    show_table("Somebody should look at", ["axis", "indicator", "found", "limit"], rows)


def _show_readings(staged: Staged, which: Callable[[Any], bool]) -> None:
    rows = [
        [
            reading.file,
            f"{reading.table}.{reading.variable}",
            reading.source,
            f"{reading.present:,}",
            f"{reading.rate:.2%}",
        ]
        for reading in staged.readings
        if which(reading)
    ]
    if rows:
        show_table("How well it was read", ["file", "variable", "from", "values", "unmapped"], rows)
    else:
        console.print("Every value of every mapped variable was read.")
