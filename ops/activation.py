"""Make projects' cuts with what only the whole house has: the image that makes the views, and the network."""

from functools import partial

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from hub.network import ensure_project_network
from hub.views import make_views
from projects.activation import activate_project
from projects.models import Project
from projects.recutting import recut_project
from projects.service import project


def activate(settings: Settings, database: Database, actor: Person, project_id: str) -> Project:
    """Make the project's cut, its views and its network, and open it to its team."""
    return activate_project(
        database,
        settings,
        actor,
        project_id,
        make_views=partial(make_views, settings),
        make_network=partial(ensure_project_network, settings),
    )


def recut(settings: Settings, database: Database, actor: Person, project_id: str) -> Project:
    """Make the project's next cut and its views beside the old one, and switch to it."""
    recut_project(database, settings, actor, project_id, make_views=partial(make_views, settings))
    return project(database, project_id)
