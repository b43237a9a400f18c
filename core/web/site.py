"""The web application as its pages see it, and how a room's templates become pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from core.clock import DemoClock
from core.database import Database
from core.errors import Unavailable
from core.people.models import Person
from core.settings import Settings
from core.web import words

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Link:
    """One place the navigation leads to."""

    title: str
    path: str


@dataclass(frozen=True)
class Site:
    """What every page needs of the application it belongs to."""

    database: Database
    settings: Settings
    templates: Environment
    navigation: Callable[[Person], Sequence[Link]]
    key: bytes
    """What forms and short-lived cookies are signed with."""
    any_synthetic: Callable[[], bool]
    """Tells whether any data of this installation are synthetic."""

    @property
    def now(self) -> datetime:
        """The present moment, by the database's clock."""
        return self.database.clock()

    @property
    def clock_was_set(self) -> bool:
        """Whether every page must say that this is a demo whose clock was set; one that can't be read shows no time."""
        clock = self.database.clock
        try:
            return isinstance(clock, DemoClock) and bool(clock.ahead)
        except Unavailable:
            return False

    def holds_synthetic(self) -> bool:
        """Tell whether every page must say that there are synthetic data; without a database no page shows data."""
        try:
            return self.any_synthetic()
        except Unavailable:
            return False

    @property
    def https(self) -> bool:
        """Whether people reach the portal over https."""
        return self.settings.portal_url.startswith("https:")

    def cookie(self, name: str) -> str:
        """Return a cookie's full name: over https one that no neighbouring host can set (`__Host-`)."""
        return f"__Host-{name}" if self.https else name


def template_environment(rooms: Mapping[str, Path], asset: Callable[[str], str]) -> Environment:
    """Make the one template environment: every value escaped, a missing one an error, templates named `room/page.html`.

    `asset` gives the address of a style sheet, script or picture.
    """
    folders = {"web": HERE / "templates", **rooms}
    loader = PrefixLoader({room: FileSystemLoader(folder) for room, folder in folders.items()})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals["asset"] = asset
    environment.filters.update(words.FILTERS)
    return environment
