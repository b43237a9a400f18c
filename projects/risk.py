"""What a project's cut would tell of people, in counts, for those who judge it."""

from core.database import Database
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from data_catalog.anonymity import Anonymity, anonymity
from data_catalog.engine import work_folder
from projects import permissions
from projects.activation import current_sources, cut_tables
from projects.amending import as_asked
from projects.records import find_project


def project_anonymity(
    database: Database, settings: Settings, actor: Person, project_id: str
) -> dict[str, list[Anonymity]]:
    """Return, for each dataset of a project, the k-anonymity of the cut it has or asks for; not for its team.

    Where an amendment is before the committee, that is the cut it asks for. Counts are exact: whoever could read them
    and the cut could single people out. Raises EditionBroken.
    """
    check_may(actor, permissions.READ_ALL)
    with database.read() as connection:
        project = as_asked(connection, find_project(connection, project_id))
    tables = cut_tables(project, current_sources(database, settings, project))
    with work_folder(settings.vault) as work:
        return {
            dataset_id: anonymity([table for table in tables if table.dataset_id == dataset_id], work)
            for dataset_id in dict.fromkeys(table.dataset_id for table in tables)
        }
