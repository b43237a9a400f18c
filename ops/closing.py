"""Close a project with what only the whole house has: its servers' end and its network's.

Each step can be taken again: closing a closed project removes whatever a failure left of it.
"""

from time import monotonic, sleep

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from hub.errors import NetworkUnavailable
from hub.network import remove_project_network
from hub.reconcile import reconcile_once
from ops.show import step
from projects.closing import close_project
from projects.models import Project

NETWORK_SECONDS = 15
"""How long the network's removal waits for containers that Docker is still removing."""


def close(settings: Settings, database: Database, actor: Person, project_id: str) -> Project:
    """End a project for good, then its servers, then its network; raises NetworkUnavailable where that is held."""
    with step("Closing the project, deleting its cut and its key"):
        closed = close_project(database, settings, actor, project_id)
    with step("Ending its servers"):
        reconcile_once(database, settings)
    with step("Removing its network"):
        _remove_network(settings, project_id)
    return closed


def _remove_network(settings: Settings, project_id: str) -> None:
    deadline = monotonic() + NETWORK_SECONDS
    while True:
        try:
            return remove_project_network(settings, project_id)
        except NetworkUnavailable:
            if monotonic() > deadline:
                raise
            sleep(0.5)
