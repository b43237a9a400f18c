"""Publish an edition's numbers from the command line, and say what to do where that fails after the edition stands."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from data_catalog.editions import EditionManifest
from data_catalog.published.service import publish_numbers
from ops import context


def publish_numbers_of(edition: EditionManifest) -> None:
    """Publish the numbers of an edition that was published just now."""
    with edition_stands(edition):
        publish_numbers(context.database(), context.settings(), context.signed_in(), edition.dataset)


@contextmanager
def edition_stands(edition: EditionManifest) -> Iterator[None]:
    """Say before any failure goes on that the edition is there without numbers, and how they are published."""
    try:
        yield
    except Exception:
        typer.secho(f"Edition {edition.number} of {edition.dataset} is published, its numbers are not.", err=True)
        typer.secho(
            f"Publish them with: myelin dataset numbers {edition.dataset}  (or with the button on the dataset's page)",
            err=True,
        )
        raise
