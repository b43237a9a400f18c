"""Close-out without Docker: for tests of everything around it."""

from core.database import Actor, Database
from core.people.models import Person
from core.settings import Settings
from projects.closeout.models import CloseOut
from projects.closeout.service import KeptOutputs, Surroundings, finish
from projects.service import close_project


def nothing_around(**changes: object) -> Surroundings:
    """No servers, no network, no outputs; or what the test says instead."""
    around: dict[str, object] = {
        "servers_left": lambda _: 0,
        "remove_network": lambda _: None,
        "has_network": lambda _: False,
        "kept_outputs": lambda _: KeptOutputs(),
    }
    return Surroundings(**{**around, **changes})  # type: ignore[arg-type]


def go_on(database: Database, settings: Settings, actor: Actor, **changes: object) -> CloseOut:
    """Take every step of `cis-spinal`'s close-out that was not taken yet."""
    return finish(database, settings, actor, "cis-spinal", nothing_around(**changes))


def close_out(database: Database, settings: Settings, actor: Person) -> CloseOut:
    """Close `cis-spinal` and take every step of its close-out."""
    close_project(database, actor, "cis-spinal")
    return go_on(database, settings, actor)
