"""The command line: who acts, what a wrong input gets, and that nothing is half-done."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest

from core.audit.service import log_lines
from core.database import Database
from core.migrations import upgrade
from core.settings import Settings
from data_catalog.synthetic import write_synthetic_sources
from ops import context
from ops.cli import main
from ops.demo.provision import DECLARATIONS, PROJECT_FILE, ensure_people
from ops.demo.run import environment
from tests.support.provider import backchannel_at, issuer_at, sign_in_provider


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    returncode: int
    stdout: str
    stderr: str


class Terminal:
    """A person's terminal in an installation; commands run in this process, which saves seconds on each."""

    def __init__(self, settings: Settings, who: str | None) -> None:
        session = settings.state / f"session-{who}"
        self.environment = {**environment(settings), "MYELIN_SESSION_FILE": str(session)}
        if who and not session.exists():
            assert self.run("demo", "login", who).returncode == 0

    def run(self, *command: str) -> Said:
        for kept in (context.settings, context.database):
            kept.cache_clear()
        out, err, code = StringIO(), StringIO(), 0
        with (
            patch.dict(os.environ, self.environment),
            patch.object(sys, "argv", ["myelin", *command]),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
        return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """People in a fresh installation, and the demo's sign-in provider; no container, no service."""
    with sign_in_provider() as port:
        state = tmp_path_factory.mktemp("installation")
        issuer, backchannel = issuer_at(port), backchannel_at(port)
        settings = Settings(mode="demo", state=state, oidc_issuer=issuer, oidc_backchannel=backchannel)
        database = Database(settings.database)
        upgrade(database)
        ensure_people(settings, database)
        database.close()
        yield settings


@pytest.fixture(scope="module")
def terminal(installation: Settings) -> Callable[[str | None], Terminal]:
    return lambda who: Terminal(installation, who)


def log_of(settings: Settings) -> list[bytes]:
    database = Database(settings.database)
    lines = list(log_lines(database))
    database.close()
    return lines


def cohort(folder: Path, damage: Callable[[list[str]], object]) -> Path:
    write_synthetic_sources("cis_cohort", folder)
    file = folder / "cis_cohort.csv"
    lines = file.read_text().splitlines()
    damage(lines)
    file.write_text("\n".join(lines) + "\n")
    return folder


def set_cell(lines: list[str], row: int, column: str, value: str) -> None:
    cells = lines[row].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[row] = ",".join(cells)


def take_data_in(installation: Settings, terminal: Callable[[str | None], Terminal], folder: Path) -> None:
    if not list(installation.vault.glob("cis_cohort/*")):
        sources = cohort(folder / "s", lambda _lines: None)
        ingest = terminal("dana").run("dataset", "ingest", str(DECLARATIONS / "cis_cohort.toml"), str(sources))
        assert ingest.returncode == 0, ingest.stderr


def test_the_command_line_acts_as_whoever_is_signed_in(terminal: Callable[[str | None], Terminal]) -> None:
    said = terminal("dana").run("whoami")
    assert "Dana Novak" in said.stdout
    assert "data_manager" in said.stdout
    refused = terminal(None).run("project", "list")
    assert (refused.returncode, "myelin login" in refused.stderr) == (3, True)


BAD_SOURCES: dict[str, tuple[Callable[[list[str]], object], list[str]]] = {
    "a code outside the list": (lambda lines: set_cell(lines, 5, "Gender", "7"), ["Gender", "7", "row"]),
    "a value outside the range": (lambda lines: set_cell(lines, 5, "Age", "250"), ["Age", "250"]),
    "text for a number": (lambda lines: set_cell(lines, 5, "Age", "old"), ["Age", "old"]),
    "a person twice": (lambda lines: lines.append(lines[5]), ["ID"]),
    "a ragged row": (lambda lines: lines.append("1,2,3"), []),
    "a missing column": (lambda lines: lines.__setitem__(0, lines[0].replace("Age", "Years")), ["Age"]),
    "an empty file": (lambda lines: lines.clear(), []),
}


@pytest.mark.parametrize("fault", BAD_SOURCES)
def test_bad_data_is_refused_with_reasons_and_publishes_nothing(
    installation: Settings, terminal: Callable[[str | None], Terminal], tmp_path: Path, fault: str
) -> None:
    damage, named = BAD_SOURCES[fault]
    dana = terminal("dana")
    before = log_of(installation)
    said = dana.run("dataset", "ingest", str(DECLARATIONS / "cis_cohort.toml"), str(cohort(tmp_path / "s", damage)))
    assert said.returncode == 2
    assert "Traceback" not in said.stderr
    assert [word for word in named if word not in said.stderr] == []
    assert list(installation.vault.glob("*/*")) == []
    assert log_of(installation) == before


BAD_PROJECTS = {
    "an unknown variable": ('"spinal_cord_mri"', '"spinal_cord_mry"', "spinal_cord_mri"),
    "an identifier": ('"gender"', '"patient_id"', "patient_id"),
    "an unknown person": ('"rosa"', '"roza"', "rosa"),
    "an unknown dataset": ("datasets.cis_cohort", "datasets.cis_kohort", "cis_cohort"),
    "a filter that is no filter": ('"age >= 18"', '"age >= (SELECT 18)"', "row_filter"),
    "a setting nobody knows": ("starts =", "begins = 2026-01-01\nstarts =", "begins"),
    "no lead": ('"lead"', '"researcher"', "lead"),
}


@pytest.mark.parametrize("fault", BAD_PROJECTS)
def test_a_bad_project_file_is_refused_and_writes_nothing(
    installation: Settings, terminal: Callable[[str | None], Terminal], tmp_path: Path, fault: str
) -> None:
    was, becomes, named = BAD_PROJECTS[fault]
    take_data_in(installation, terminal, tmp_path)
    file = tmp_path / "project.toml"
    file.write_text(PROJECT_FILE.read_text().replace(was, becomes))
    olga = terminal("olga")
    before = log_of(installation)
    said = olga.run("project", "create", str(file))
    assert said.returncode == 2
    assert named in said.stderr
    assert "Traceback" not in said.stderr
    assert log_of(installation) == before


NOT_THEIRS = [
    ("rosa", ["person", "add", "eve", "--name", "Eve", "--email", "e@example.org", "--subject", "eve"]),
    ("rosa", ["person", "grant", "rosa", "checker"]),
    ("dana", ["project", "create", str(PROJECT_FILE)]),
    ("olga", ["person", "grant", "olga", "checker"]),
    ("chris", ["audit", "export"]),
    ("rosa", ["audit", "checkpoint"]),
    ("rosa", ["person", "list"]),
    ("chris", ["person", "list"]),
    ("rosa", ["person", "grants"]),
    ("rosa", ["person", "reopen", "chris"]),
    ("olga", ["person", "close", "olga"]),
]


@pytest.mark.parametrize(("who", "command"), NOT_THEIRS)
def test_what_is_not_theirs_to_do_is_refused(
    terminal: Callable[[str | None], Terminal], who: str, command: list[str]
) -> None:
    said = terminal(who).run(*command)
    assert (said.returncode, said.stdout) == (3, "")
    assert said.stderr.startswith("myelin: ")


def test_a_project_of_others_is_not_there(
    installation: Settings, terminal: Callable[[str | None], Terminal], tmp_path: Path
) -> None:
    take_data_in(installation, terminal, tmp_path)
    file = tmp_path / "project.toml"
    file.write_text(PROJECT_FILE.read_text().replace('id = "cis-spinal"', 'id = "seen-by-few"'))
    assert terminal("olga").run("project", "create", str(file)).returncode == 0
    for who, sees in [("rosa", True), ("dirk", True), ("anna", True), ("chris", False), ("dana", False)]:
        assert ("seen-by-few" in terminal(who).run("project", "list").stdout) == sees
        shown = terminal(who).run("project", "show", "seen-by-few")
        assert (shown.returncode, "seen-by-few" in shown.stdout) == ((0, True) if sees else (4, False))
    unknown = terminal("chris").run("project", "show", "not-there")
    assert unknown.stderr == shown.stderr.replace("seen-by-few", "not-there")


def test_the_first_ops_person_can_not_be_made_again(terminal: Callable[[str | None], Terminal]) -> None:
    made = terminal(None).run("first-ops", "eve", "--name", "Eve", "--email", "e@example.org", "--subject", "eve")
    assert (made.returncode, "first ops person" in made.stderr) == (3, True)


def test_an_installation_that_was_not_made_says_so(tmp_path: Path) -> None:
    said = Terminal(Settings(mode="demo", state=tmp_path), None).run(
        "first-ops", "a", "--name", "A", "--email", "a", "--subject", "a"
    )
    assert (said.returncode, "myelin init" in said.stderr) == (3, True)


def test_a_bad_setting_is_named(installation: Settings) -> None:
    broken = Terminal(installation, None)
    broken.environment["MYELIN_PORTAL_PORT"] = "ninety"
    said = broken.run("init")
    assert (said.returncode, "MYELIN_PORTAL_PORT" in said.stderr) == (2, True)


def test_tampering_with_an_exported_log_is_found(
    installation: Settings, terminal: Callable[[str | None], Terminal], tmp_path: Path
) -> None:
    anna, log = terminal("anna"), tmp_path / "log.jsonl"
    assert anna.run("audit", "checkpoint").returncode == 0
    assert anna.run("audit", "export", "--to", str(log)).returncode == 0
    verify = ["audit", "verify", "--log", str(log), "--checkpoints", str(installation.checkpoints)]
    assert anna.run(*verify).returncode == 0
    log.write_bytes(log.read_bytes().replace(b"person:olga", b"person:rosa", 1))
    assert anna.run(*verify).returncode == 6
