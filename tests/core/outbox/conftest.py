"""What tests of the outbox may ask for: templates of the tests' own, mails that wait, and a mail server."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from core.audit.log import entries
from core.database import Database
from core.outbox.models import Effect
from core.outbox.records import find_effects
from core.outbox.service import cancel, queue_mail
from core.outbox.templates import OutputTemplate, Template, register
from core.people.models import Person
from core.settings import Settings
from tests.support.mail import Postbox, mail_server

DECIDED = Template(
    "tests:application:decided",
    "Application $title was decided on",
    "The committee says $verdict.\n\n$reason\n\n$link",
    {"title", "verdict", "reason", "link"},
)
MOVED = OutputTemplate(
    "tests:output:moved",
    "Release request $id is $state",
    "Release request $id is $state.\n\n$link",
    states={"submitted", "released"},
    page="/reviews/$id",
)
register(DECIDED)
register(MOVED)

SAID = {"title": "Lesions of the cord", "verdict": "no", "reason": "Too few people.", "link": "/applications/7"}


class Outbox:
    """An outbox as a room uses it."""

    def __init__(self, database: Database, actor: Person) -> None:
        self.database = database
        self.actor = actor

    def queue(
        self,
        key: str = "application:7:decided",
        to: Sequence[str] = ("rosa",),
        due_at: datetime | None = None,
        template: str = DECIDED.name,
        **said: str,
    ) -> None:
        with self.database.write(self.actor) as tx:
            fields = {**SAID, **said} if template == DECIDED.name else said
            queue_mail(tx, key, to, template, fields, due_at=due_at)
            tx.record("tests:application:decide", "application:7")

    def cancel(self, key_prefix: str) -> int:
        with self.database.write(self.actor) as tx:
            tx.record("tests:application:move", "application:7")
            return cancel(tx, key_prefix)

    def all(self) -> list[Effect]:
        with self.database.read() as connection:
            return find_effects(connection)

    def one(self) -> Effect:
        [effect] = self.all()
        return effect

    def log(self) -> list[str]:
        """What the audit log says happened to effects, in order."""
        with self.database.read() as connection:
            actions = [entry.action for entry, _ in entries(connection)]
        return [action.removeprefix("core:effect:") for action in actions if action.startswith("core:effect:")]


@pytest.fixture
def outbox(database: Database, people: dict[str, Person]) -> Outbox:
    return Outbox(database, people["dirk"])


@pytest.fixture
def postbox(tmp_path: Path) -> Iterator[Postbox]:
    with mail_server(tmp_path) as postbox:
        yield postbox


@pytest.fixture
def mailing(postbox: Postbox, settings: Settings) -> Settings:
    """The settings of an installation that sends its mail to `postbox`."""
    return postbox.settings(settings)
