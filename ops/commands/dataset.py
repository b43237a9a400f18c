"""`myelin dataset …`: take source files in as editions of a declared dataset."""

from pathlib import Path
from typing import Annotated

import typer

from data_catalog import service
from data_catalog.editions import Edition
from data_catalog.published.service import publish_numbers
from ops import context
from ops.show import show_facts, show_table, step

app = typer.Typer(help="Datasets and their editions.", no_args_is_help=True)


@app.command()
def ingest(
    declaration: Annotated[Path, typer.Argument(help="The dataset's declaration (TOML).")],
    sources: Annotated[Path, typer.Argument(help="Folder of the source files the declaration names.")],
    synthetic: Annotated[bool, typer.Option(help="Label the edition as synthetic data.")] = False,
) -> None:
    """Check every value against the declaration and publish an edition with its numbers, or refuse with a report."""
    with step(f"Reading and checking {declaration.stem}"):
        edition = service.ingest_dataset(
            context.database(), context.settings(), context.signed_in(), declaration, sources, synthetic=synthetic
        )
    with step(f"Counting edition {edition.number} for the catalogue"):
        publish_numbers(context.database(), context.settings(), context.signed_in(), edition.dataset)
    facts = [(table.table, f"{table.rows:,} rows") for table in edition.tables]
    show_facts(f"{edition.dataset}, edition {edition.number}", facts)


@app.command("list")
def list_datasets() -> None:
    """List every dataset's newest edition."""
    context.signed_in()
    rows = [_row(edition) for edition in service.newest_editions(context.database())]
    show_table("Datasets", ["dataset", "edition", "rows", "published", ""], rows)


@app.command()
def verify(dataset: Annotated[str, typer.Argument(help="The dataset's id.")]) -> None:
    """Re-hash the files of a dataset's newest edition against its manifest."""
    with step(f"Hashing {dataset}"):
        manifest = service.verify_edition(context.database(), context.settings(), context.signed_in(), dataset)
    typer.echo(f"{dataset}, edition {manifest.number}: every file is as it was published.")


def _row(edition: Edition) -> list[str]:
    label = "synthetic" if edition.synthetic else ""
    return [edition.dataset, str(edition.number), f"{edition.rows:,}", f"{edition.published_at:%Y-%m-%d %H:%M}", label]
