"""`myelin dataset …`: take source files in as editions of a declared dataset."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from data_catalog import service
from data_catalog.editions import Edition
from data_catalog.published.service import publish_numbers
from hub.views import make_views
from ops import context
from ops.numbers import publish_numbers_of
from ops.show import show_facts, show_table, step
from projects import recutting
from projects.recutting import WithdrawalProof

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
        publish_numbers_of(edition)
    facts = [(table.table, f"{table.rows:,} rows") for table in edition.tables]
    show_facts(f"{edition.dataset}, edition {edition.number}", facts)


@app.command("list")
def list_datasets() -> None:
    """List every dataset's newest edition."""
    context.signed_in()
    rows = [_row(edition) for edition in service.newest_editions(context.database())]
    show_table("Datasets", ["dataset", "edition", "rows", "published", ""], rows)


@app.command()
def numbers(dataset: Annotated[str, typer.Argument(help="The dataset's id.")]) -> None:
    """Count a dataset's newest edition and publish its numbers, where that was not done when it was published."""
    with step(f"Counting {dataset} for the catalogue"):
        count = publish_numbers(context.database(), context.settings(), context.signed_in(), dataset)
    typer.echo(f"{count:,} numbers are published." if count else "Its numbers were published before; nothing was done.")


@app.command()
def verify(dataset: Annotated[str, typer.Argument(help="The dataset's id.")]) -> None:
    """Re-hash the files of a dataset's newest edition against its manifest."""
    with step(f"Hashing {dataset}"):
        manifest = service.verify_edition(context.database(), context.settings(), context.signed_in(), dataset)
    typer.echo(f"{dataset}, edition {manifest.number}: every file is as it was published.")


@app.command("withdraw-queue")
def withdraw_queue(
    dataset: Annotated[str, typer.Argument(help="The dataset's id.")],
    people: Annotated[Path, typer.Argument(help="File of source identifiers, one a line; never given as arguments.")],
) -> None:
    """Queue people who withdrew their consent; they are taken out together by `withdraw`."""
    with step(f"Looking them up in {dataset}"):
        found = recutting.queue_withdrawals(
            context.database(), context.settings(), context.signed_in(), dataset, people
        )
    typer.echo(f"{found[0]} people were queued; {found[1]} wait to be withdrawn.")


@app.command()
def withdraw(
    dataset: Annotated[str, typer.Argument(help="The dataset's id.")],
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for more people, where the law allows no delay.")
    ] = False,
) -> None:
    """Take everybody queued out of the dataset's next edition and of every project's cut, and show the proof."""
    settings = context.settings()
    with step("Making the editions and the cuts without them"):
        proof = recutting.withdraw(
            context.database(),
            settings,
            context.signed_in(),
            dataset,
            make_views=partial(make_views, settings),
            now=now,
        )
    _show_proof(proof)


@app.command()
def purge(dataset: Annotated[str, typer.Argument(help="The dataset's id.")]) -> None:
    """Delete the bytes of every edition and old cut from before a withdrawal."""
    with step("Deleting what is from before a withdrawal"):
        gone = recutting.purge_withdrawn(context.database(), context.settings(), context.signed_in(), dataset)
    typer.echo(f"Deleted: {gone['editions']} edition(s) and {gone['cuts']} cut(s).")


def _show_proof(proof: WithdrawalProof) -> None:
    for edition in proof.editions:
        manifest = edition.source.manifest
        facts = [(r.table, f"{r.removed:,} of {r.before:,} rows removed, none left") for r in edition.removed]
        show_facts(f"{proof.dataset_id}, edition {manifest.number} made from {edition.made_from}", facts)
    for cut in proof.cuts:
        rows = [(path, f"{before:,} rows before, {after:,} now") for path, (before, after) in cut.rows.items()]
        show_facts(f"{cut.project_id}, cut {cut.number}", rows)
    facts = [("people", str(proof.people)), ("keyed hash", proof.people_hmac)]
    show_facts("Withdrawn", facts + [("may remain", what) for what in proof.may_remain])


def _row(edition: Edition) -> list[str]:
    label = "synthetic" if edition.synthetic else ""
    return [edition.dataset, str(edition.number), f"{edition.rows:,}", f"{edition.published_at:%Y-%m-%d %H:%M}", label]
