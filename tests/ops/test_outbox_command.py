"""`myelin outbox`: what operations see of mail on the command line, and trying it again."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from core.database import Database
from core.errors import Refused
from core.outbox.delivery import deliver_due
from core.outbox.errors import EffectFailed
from core.outbox.models import Failure
from core.outbox.records import find_effects
from core.outbox.service import queue_mail
from core.people.models import Person
from core.settings import Settings
from egress_review.mails import MAILS
from egress_review.models import Part
from ops import context
from ops.commands.outbox import app

SENDING = Settings(smtp_host="localhost", smtp_sender="myelin@tre.example.org")


@pytest.fixture
def given_up(database: Database, people: dict[str, Person]) -> str:
    """The id of a mail that was refused for good."""

    def refuse(*_: object) -> None:
        raise EffectFailed(Failure.REFUSED)

    mail = MAILS[Part.AUTHOR]
    with database.write(people["chris"]) as tx:
        queue_mail(tx, "request:1", ["rosa"], mail.name, mail.about("0123456789abcdef", "released"))
        tx.record("tests:request:release", "request:1")
    deliver_due(database, SENDING, refuse)
    with database.read() as connection:
        return find_effects(connection)[0].id


@pytest.fixture
def run(
    database: Database, settings: Settings, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    def run_as(who: str, *command: str) -> Result:
        monkeypatch.setattr(context, "database", lambda: database)
        monkeypatch.setattr(context, "settings", lambda: settings)
        monkeypatch.setattr(context, "signed_in", lambda: people[who])
        return CliRunner().invoke(app, command)

    return run_as


def test_what_was_given_up_is_listed_without_a_word_of_it(
    given_up: str, run: Callable[..., Result], capsys: pytest.CaptureFixture[str]
) -> None:
    said = run("olga", "list").output + capsys.readouterr().out
    assert "Waiting (0): none" in said
    assert given_up in said
    assert "rosa" in said
    assert "No mail server is set" in said
    assert not any(word in said for word in ("released", "0123456789abcdef"))


def test_it_is_tried_again(given_up: str, run: Callable[..., Result], database: Database) -> None:
    assert run("olga", "retry", given_up).exit_code == 0
    assert deliver_due(database, SENDING, lambda *_: None) == 1
    assert "has nothing to be tried again" in str(run("olga", "retry", given_up).exception)


@pytest.mark.parametrize("command", [("list",), ("retry", "0" * 16)], ids=lambda command: command[0])
def test_it_is_for_operations(run: Callable[..., Result], command: tuple[str, ...]) -> None:
    assert isinstance(run("rosa", *command).exception, Refused)
