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
from core.people.models import Role
from core.people.service import person_by_username, propose_role, revoke_role
from core.settings import Settings
from data_catalog.synthetic import write_synthetic_sources
from ops import context
from ops.cli import main
from ops.demo.cast import CAST
from ops.demo.provider import SECOND_FACTOR
from ops.demo.provision import DECLARATIONS, PROJECT_FILE, ensure_people, ensure_rules
from ops.demo.run import environment
from tests.support.catalog import empty_views
from tests.support.closeout import nothing_around
from tests.support.provider import backchannel_at, issuer_at, know, sign_in_provider


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
        for part in CAST:
            know(port, part.username, SECOND_FACTOR)
        database = Database(settings.database)
        upgrade(database)
        ensure_people(settings, database)
        ensure_rules(settings, database)
        database.close()
        yield settings


@pytest.fixture(scope="module")
def terminal(installation: Settings) -> Callable[[str | None], Terminal]:
    return lambda who: Terminal(installation, who)


def test_a_demo_that_was_cut_off_between_two_words_on_a_role_goes_on(installation: Settings) -> None:
    database = Database(installation.database)
    olga = person_by_username(database, "olga")
    revoke_role(database, olga, "chris", Role.CHECKER)
    propose_role(database, olga, "chris", Role.CHECKER)
    ensure_people(installation, database)
    assert person_by_username(database, "chris").roles == {Role.CHECKER}
    database.close()


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
    "an unknown person": ('"rosa"', '"roza"', "roza has no open account"),
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
    lena = terminal("lena")
    before = log_of(installation)
    said = lena.run("application", "submit", str(file))
    assert said.returncode == 2
    assert named in said.stderr
    assert "Traceback" not in said.stderr
    assert log_of(installation) == before


NOT_THEIRS = [
    ("rosa", ["person", "add", "eve", "--name", "Eve", "--email", "e@example.org", "--subject", "eve"]),
    ("rosa", ["person", "grant", "rosa", "checker"]),
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
    approved(terminal, file, "seen-by-few")
    for who, sees in [("rosa", True), ("dirk", True), ("anna", True), ("chris", False), ("dana", False)]:
        assert ("seen-by-few" in terminal(who).run("project", "list").stdout) == sees
        shown = terminal(who).run("project", "show", "seen-by-few")
        assert (shown.returncode, "seen-by-few" in shown.stdout) == ((0, True) if sees else (4, False))
    unknown = terminal("chris").run("project", "show", "not-there")
    assert unknown.stderr == shown.stderr.replace("seen-by-few", "not-there")


def approved(terminal: Callable[[str | None], Terminal], file: Path, project_id: str) -> None:
    """Apply from a file as the team's lead, and vote for it as a member of the committee."""
    submitted = terminal("lena").run("application", "submit", str(file))
    assert submitted.returncode == 0, submitted.stderr
    dirk = terminal("dirk")
    assert "Declare first" in dirk.run("application", "vote", project_id, "approve", "--body", "house").stderr
    assert dirk.run("application", "declare", project_id).returncode == 0
    voted = dirk.run("application", "vote", project_id, "approve", "--body", "house")
    assert "house          approved" in voted.stdout


def activated(
    installation: Settings, terminal: Callable[[str | None], Terminal], folder: Path, name: str = "amended"
) -> None:
    take_data_in(installation, terminal, folder)
    file = folder / "project.toml"
    datasets = '[datasets.cis_cohort.patients]\nvariables = ["age", "gender"]\n'
    head = PROJECT_FILE.read_text().split("[datasets")[0].replace('id = "cis-spinal"', f'id = "{name}"')
    file.write_text(f'{head}{datasets}[reasons]\n"cis_cohort.patients" = "They are the question."\n')
    approved(terminal, file, name)
    with patch("ops.activation.ensure_project_network"):
        said = terminal("olga").run("project", "activate", name)
    assert said.returncode == 0, said.stderr


def test_a_running_project_is_amended(
    installation: Settings, terminal: Callable[[str | None], Terminal], tmp_path: Path
) -> None:
    olga, lena, dirk = terminal("olga"), terminal("lena"), terminal("dirk")
    with patch("ops.activation.make_views", lambda _settings, cut: empty_views(cut)):
        activated(installation, terminal, tmp_path)
        text = (tmp_path / "project.toml").read_text().replace('"gender"]', '"schooling"]')
        file = tmp_path / "amendment.toml"
        file.write_text('amendment_reason = "Schooling [may] explain it."\n' + text)
        amend = ("application", "amend", "amended", "--file", str(file))
        assert olga.run(*amend).returncode != 0
        assert "submitted" in lena.run(*amend).stdout
        assert dirk.run("application", "declare", "amended.1").returncode == 0
        voted = dirk.run("application", "vote", "amended.1", "approve", "--body", "house")
        assert "approved" in voted.stdout, voted.stderr
        shown = " ".join(dirk.run("project", "show", "amended").stdout.split())
        assert "amendment 1 is approved; `myelin project recut` makes its cut" in shown
        assert "nothing changes" in lena.run(*amend).stderr
        assert "draft" in lena.run("application", "amend", "amended").stdout
        recut = olga.run("project", "recut", "amended").stdout
        assert "2 of amendment 1" in recut
        assert "1, kept beside it until `myelin project purge`" in recut
        assert "Deleted: 1." in olga.run("project", "purge", "amended").stdout
        assert [path.name for path in (installation.cuts / "amended").iterdir()] == ["2"]


def test_a_project_is_closed_and_its_proof_verified_and_its_archive_kept(
    installation: Settings, terminal: Callable[[str | None], Terminal], tmp_path: Path
) -> None:
    olga, dirk, nobody = terminal("olga"), terminal("dirk"), terminal(None)
    with patch("ops.activation.make_views", lambda _settings, cut: empty_views(cut)):
        activated(installation, terminal, tmp_path, "over")
    (installation.teams / "over").mkdir(parents=True)
    assert dirk.run("project", "proof", "over").returncode == 4
    nothing = nothing_around()
    with patch("ops.closing.reconcile_once"), patch("ops.closing.surroundings", lambda *_: nothing):
        closed = olga.run("project", "close", "over")
    assert (closed.returncode, "closed: over" in closed.stdout) == (0, True), closed.stderr
    proof = tmp_path / "proof.txt"
    proof.write_text(dirk.run("project", "proof", "over").stdout)
    verify = ["project", "verify-proof", str(proof), "--key", str(installation.proofs / "public-key.pem")]
    said = nobody.run(*verify)
    assert (said.returncode, "Deletion proof of project over" in said.stdout) == (0, True)
    proof.write_text(proof.read_text().replace("cut 1", "cut 2", 1))
    assert nobody.run(*verify).returncode == 6
    early = olga.run("project", "purge-archive", "over")
    assert (early.returncode, "is kept through" in early.stderr) == (3, True)


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
