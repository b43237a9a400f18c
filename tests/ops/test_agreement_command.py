"""`myelin agreement`: drawn up, withdrawn, and every document hashed anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.database import Database
from core.errors import Refused
from core.people.models import Person
from core.settings import Settings
from ops import context
from ops.commands.agreement import agreements
from projects.agreements.errors import DocumentDamaged
from projects.agreements.records import agreements_of
from projects.agreements.signing.records import drawn_agreements
from tests.support.catalog import ON_ONE_ENGINE, active_project, settled

pytestmark = ON_ONE_ENGINE

Run = Callable[..., Result]


@pytest.fixture
def run(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A command of somebody's, in an installation with an agreement from paper."""
    active_project(database, settings, people, tmp_path)
    settled(database, settings, people, "cis-spinal")
    monkeypatch.setattr(context, "database", lambda: database)
    monkeypatch.setattr(context, "settings", lambda: settings)

    def run_as(who: str, *command: str) -> Result:
        monkeypatch.setattr(context, "signed_in", lambda: people[who])
        return CliRunner().invoke(agreements, command)

    return run_as


DRAW_UP = ("draw-up", "cis-spinal", "--signatory", "ravi", "--countersignatory", "dora")


def test_one_is_drawn_up_and_withdrawn(run: Run, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("olga", *DRAW_UP).exit_code == 0
    assert "agreement cis-spinal.1 is not settled yet" in str(run("olga", *DRAW_UP).exception).lower()
    assert run("olga", "withdraw", "cis-spinal", "1").exit_code == 0
    assert isinstance(run("dirk", *DRAW_UP).exception, Refused)
    with database.read() as connection:
        assert [one.state for one in drawn_agreements(connection)] == ["withdrawn"]


def test_every_document_is_hashed_anew(
    run: Run, database: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    run("olga", *DRAW_UP)
    assert run("anna", "verify").exit_code == 0
    with database.read() as connection:
        paper, drawn = agreements_of(connection)[0].document_sha256, drawn_agreements(connection)[0].document_sha256
    (settings.agreements / drawn).unlink()
    (settings.agreements / paper).write_bytes(b"%PDF-1.7 other terms")
    failed = run("anna", "verify")
    said = failed.output + capsys.readouterr().out
    assert isinstance(failed.exception, DocumentDamaged)
    assert "2 of 2 documents are damaged" in str(failed.exception)
    assert "agreement cis-spinal.1: The document" in said
    assert "data use agreement of cis-spinal, 2026-06-01: The document" in said
    assert isinstance(run("rosa", "verify").exception, Refused)
