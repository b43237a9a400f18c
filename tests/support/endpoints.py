"""A synthetic edition that holds a standard endpoint of one person."""

from pathlib import Path

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import EditionManifest
from data_catalog.endpoints.declared import as_declared_table
from data_catalog.endpoints.models import EndpointDefinition
from data_catalog.models import DatasetDeclaration
from tests.support.registries import declare, publish_rows


def publish_endpoint(
    database: Database, settings: Settings, actor: Person, definition: EndpointDefinition, folder: Path
) -> EditionManifest:
    """Publish the next edition of the dataset `small`: a person, and the endpoint's table."""
    people = declare("small", "Small", "patient")
    table = as_declared_table(definition)
    declaration = DatasetDeclaration.model_validate({**dict(people), "tables": (*people.tables, table)})
    codes = {variable.name: "yes" for variable in table.variables if variable.codes}
    rows = {"patient": [{"patient_id": "a"}], table.name: [{"patient_id": "a", **codes}]}
    return publish_rows(database, settings, actor, declaration, rows, folder)
