"""Close a project with what only the whole house has: its servers' end, its network's, and what output checking keeps.

Each step can be taken again: closing a closed project goes on where it stands, and so does the worker by itself.
"""

from functools import partial
from time import monotonic, sleep

from core.database import Database
from core.people.models import Person, SystemActor
from core.settings import Settings
from egress_review.kept import kept_outputs
from hub.errors import NetworkUnavailable
from hub.network import has_project_network, remove_project_network
from hub.reconcile import reconcile_once, servers_left
from ops.show import step
from projects.closeout.service import Surroundings, finish, finish_all
from projects.models import Project, ProjectState
from projects.policy import check_close_out
from projects.service import close_project, project

NETWORK_SECONDS = 15
"""How long the network's removal waits for containers that Docker is still removing."""


def close(settings: Settings, database: Database, actor: Person, project_id: str) -> Project:
    """End a project for good and take away what there is of it; raises NetworkUnavailable where its network is held."""
    if project(database, project_id).state is ProjectState.CLOSED:
        check_close_out(actor)
    else:
        with step("Closing the project"):
            close_project(database, actor, project_id)
    with step("Ending its servers"):
        reconcile_once(database, settings)
    with step("Archiving, deleting and proving it"):
        finish(database, settings, actor, project_id, surroundings(database, settings, NETWORK_SECONDS))
    return project(database, project_id)


def close_out_all(database: Database, settings: Settings) -> None:
    """Go on with the close-out of every closed project, as the worker."""
    finish_all(database, settings, SystemActor("worker"), surroundings(database, settings))


def surroundings(database: Database, settings: Settings, network_seconds: float = 0) -> Surroundings:
    """Return what close-out asks of the other rooms."""
    return Surroundings(
        servers_left=partial(servers_left, database, settings),
        remove_network=partial(_remove_network, settings, network_seconds),
        has_network=partial(has_project_network, settings),
        kept_outputs=partial(kept_outputs, database, settings),
    )


def _remove_network(settings: Settings, seconds: float, project_id: str) -> None:
    deadline = monotonic() + seconds
    while True:
        try:
            return remove_project_network(settings, project_id)
        except NetworkUnavailable:
            if monotonic() > deadline:
                raise
            sleep(0.5)
