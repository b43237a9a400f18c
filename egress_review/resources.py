"""What the rules of a resource say of outputs made from its data, as the checks take it."""

from sqlalchemy import Connection

from core.database import Database
from core.errors import NotFound
from data_catalog.editions import find_edition
from egress_review.checks.models import CutFacts
from projects.resource_rules.service import rules_in_force


def forbids_drug_comparison(database: Database, cut: CutFacts) -> bool:
    """Ask whether any dataset in a cut is part of a resource that does not allow to compare drugs.

    What a dataset that the catalogue does not know allows, or a resource without rules in force, nobody knows: it
    forbids. Records of no resource forbid nothing.
    """
    with database.read() as connection:
        return any(_forbids(connection, dataset) for dataset in {table.dataset for table in cut.tables})


def _forbids(connection: Connection, dataset: str) -> bool:
    try:
        resource = find_edition(connection, dataset).declaration.resource
        return bool(resource) and rules_in_force(connection, resource).rules.forbids_drug_comparison
    except NotFound:  # of the dataset, or of its resource's rules
        return True
