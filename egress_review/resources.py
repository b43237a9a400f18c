"""What the rules of a resource say of outputs made from its data, as the checks take it."""

from sqlalchemy import Connection

from core.database import Database
from data_catalog.editions import find_edition
from data_catalog.errors import EditionNotFound
from egress_review.checks.models import CutFacts

FORBID_DRUG_COMPARISON = frozenset({"ms_cidr"})
"""Resources that do not allow to compare drugs with each other, also by simulation or modelling."""


def forbids_drug_comparison(database: Database, cut: CutFacts) -> bool:
    """Ask whether any dataset in a cut is part of a resource that does not allow to compare drugs.

    What a dataset that the catalogue does not know allows, nobody knows: it forbids.
    """
    with database.read() as connection:
        return any(_forbids(connection, dataset) for dataset in {table.dataset for table in cut.tables})


def _forbids(connection: Connection, dataset: str) -> bool:
    try:
        return find_edition(connection, dataset).declaration.resource in FORBID_DRUG_COMPARISON
    except EditionNotFound:
        return True
