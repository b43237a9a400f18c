"""Close-out: what is archived, what is deleted, what waits, and that it goes on after a crash at any step."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.audit.log import entries
from core.database import Database
from core.errors import Refused, Unavailable
from core.files import sha256_file
from core.locks import locked
from core.people.models import Person, SystemActor
from core.settings import Settings
from projects.activation import project_lock
from projects.closeout.errors import ArchiveKept, CloseOutWaits, NotDeleted, ProofBroken
from projects.closeout.models import UNTIL_PROOF, Proof, Step
from projects.closeout.proof import kept_proof, verify_proof, write_proof
from projects.closeout.records import unproven
from projects.closeout.service import closeout, finish_all, purge_archive
from projects.errors import StepNotOpen
from projects.models import Project, ProjectState
from projects.recutting import recut_project
from projects.service import activate_project, close_project, project
from tests.conftest import HandClock
from tests.support.catalog import ON_ONE_ENGINE, application_file, approved_project, empty_views, ingest, no_network
from tests.support.closeout import close_out, go_on, nothing_around
from tests.support.dying import die_at_every_step

ID = "cis-spinal"
WORKER = SystemActor("worker")


def left(settings: Settings) -> list[str]:
    """What of the project is still where it was."""
    places = ("cuts/cis-spinal", "keys/project-cis-spinal", "homes/cis-spinal", "teams/cis-spinal")
    return [place for place in places if (settings.state / place).exists()]


def the_proof(settings: Settings) -> Proof:
    return verify_proof(settings.proofs / f"{ID}.txt")


def deeds(database: Database) -> list[str]:
    with database.read() as connection:
        return [entry.action for entry, _ in entries(connection, subject=f"project:{ID}")]


@pytest.mark.usefixtures("active")
class TestClosing:
    def test_it_changes_the_state_alone_and_keeps_everybody_out(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        closed = close_project(database, people["olga"], ID)
        assert closed.state is ProjectState.CLOSED
        assert len(left(settings)) == 4
        with database.read() as connection:
            assert unproven(connection) == [ID]

    def test_what_is_not_closed_is_not_closed_out(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        with pytest.raises(StepNotOpen, match="only what is closed"):
            go_on(database, settings, people["olga"])
        assert len(left(settings)) == 4

    def test_everything_is_deleted_and_the_log_says_so(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        done = close_out(database, settings, people["olga"])
        assert left(settings) == []
        assert [one.step for one in done.taken] == list(UNTIL_PROOF)
        steps = [f"projects:closeout:{step}" for step in UNTIL_PROOF]
        steps.insert(3, "projects:cut:delete")
        assert deeds(database)[-8:] == ["projects:project:close", *steps]
        closed = project(database, ID)
        assert (closed.cut, closed.cuts[0].deleted_at) == (None, database.clock())

    def test_the_vault_keeps_its_edition(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_out(database, settings, people["olga"])
        assert (settings.vault / "cis_cohort" / "1" / "patients.parquet").exists()

    def test_once_it_is_proven_nothing_is_done_again(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_out(database, settings, people["olga"])
        before, proof = deeds(database), sha256_file(settings.proofs / f"{ID}.txt")
        go_on(database, settings, people["olga"])
        finish_all(database, settings, WORKER, nothing_around())
        assert (deeds(database), sha256_file(settings.proofs / f"{ID}.txt")) == (before, proof)


@pytest.mark.usefixtures("active")
class TestWaiting:
    def test_nothing_is_touched_while_a_server_is_up(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_project(database, people["olga"], ID)
        with pytest.raises(CloseOutWaits, match=r"1 server\(s\) of cis-spinal have not ended yet"):
            go_on(database, settings, WORKER, servers_left=lambda _: 1)
        assert len(left(settings)) == 4
        assert closeout(database, ID).taken == ()

    def test_a_cut_that_is_being_made_ends_in_a_refusal_and_is_waited_for(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        waited: list[CloseOutWaits] = []

        def close_meanwhile(cut: Path) -> None:
            empty_views(cut)
            close_project(database, people["dirk"], ID)
            with pytest.raises(CloseOutWaits, match="A cut of cis-spinal is being made") as waits:
                go_on(database, settings, WORKER)
            waited.append(waits.value)

        with pytest.raises(StepNotOpen, match="cis-spinal is closed: it has no cut to replace"):
            recut_project(database, settings, people["olga"], ID, make_views=close_meanwhile)
        assert len(waited) == 1
        go_on(database, settings, WORKER)
        assert left(settings) == []

    def test_without_the_lock_the_cut_is_deleted_under_who_makes_it(
        self, database: Database, settings: Settings, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = iter(range(9))
        monkeypatch.setattr("projects.closeout.service.project_lock", lambda _: f"another-{next(names)}")

        def close_meanwhile(cut: Path) -> None:
            empty_views(cut)
            close_project(database, people["dirk"], ID)
            go_on(database, settings, WORKER)

        with pytest.raises(FileNotFoundError):
            recut_project(database, settings, people["olga"], ID, make_views=close_meanwhile)

    @pytest.mark.parametrize("closed_out", [False, True])
    def test_who_comes_to_make_a_cut_after_that_makes_neither_folder_nor_key(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        monkeypatch: pytest.MonkeyPatch,
        closed_out: bool,
    ) -> None:
        before = project(database, ID)
        close_project(database, people["olga"], ID)
        if closed_out:
            go_on(database, settings, WORKER)
        there = left(settings)
        monkeypatch.setattr("projects.recutting._check_has_cut", lambda _: None)  # as it was when it was looked at
        with pytest.raises(StepNotOpen, match="no cut of it is made any more"):
            recut_project(database, settings, people["olga"], ID, make_views=empty_views)
        assert before.cut
        assert left(settings) == there

    def test_two_close_outs_do_not_meet(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_project(database, people["olga"], ID)
        with (
            locked(settings, project_lock(ID), StepNotOpen("held")),
            pytest.raises(CloseOutWaits, match="being closed out elsewhere"),
        ):
            go_on(database, settings, WORKER)


@pytest.mark.usefixtures("active")
class TestTheWorker:
    def test_it_finishes_what_is_closed_and_nothing_else(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        finish_all(database, settings, WORKER, nothing_around())
        assert len(left(settings)) == 4
        close_project(database, people["olga"], ID)
        finish_all(database, settings, WORKER, nothing_around())
        assert left(settings) == []
        assert the_proof(settings).written.by == "system:worker"
        assert the_proof(settings).closed.by == "person:olga"

    def test_one_that_waits_or_fails_keeps_no_other_from_its_turn(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        for name in ("a-waits", "b-fails"):
            approved_project(database, people, application_file(id=name))
        for name in ("a-waits", "b-fails", ID):
            close_project(database, people["dirk"], name)

        def remove_network(project_id: str) -> None:
            if project_id == "b-fails":
                raise Unavailable("Docker does not answer.")

        around = nothing_around(servers_left=lambda name: int(name == "a-waits"), remove_network=remove_network)
        with pytest.raises(Unavailable, match="Docker does not answer"):
            finish_all(database, settings, WORKER, around)
        with database.read() as connection:
            assert unproven(connection) == ["a-waits", "b-fails"]
        finish_all(database, settings, WORKER, nothing_around())
        with database.read() as connection:
            assert unproven(connection) == []


@pytest.mark.usefixtures("active")
class TestCrashes:
    def test_killed_before_every_step_it_is_finished_by_going_on(
        self, database: Database, settings: Settings, people: dict[str, Person], reopened: Callable[[], Database]
    ) -> None:
        close_project(database, people["olga"], ID)

        def act() -> None:
            go_on(reopened(), settings, WORKER)

        def after_death() -> None:
            taken = closeout(database, ID)
            if not taken.has(Step.ARCHIVED):
                assert "teams/cis-spinal" in left(settings), "nothing is deleted before it is archived"
            if not taken.has(Step.LISTED):
                assert len(left(settings)) == 4, "nothing is deleted before it is listed"
            if left(settings):
                assert taken.proof is None, "there is no proof of what is not so"

        assert die_at_every_step(act, after_death) > 20
        assert left(settings) == []
        proof = the_proof(settings)
        assert [(home.username, home.files, home.bytes) for home in proof.homes] == [("lena", 1, 5), ("rosa", 2, 13)]
        assert len(proof.cuts[0].files) == 3
        archive = proof.remains.archive
        assert archive is not None
        assert sha256_file(settings.archive / archive.name) == archive.sha256
        assert [path.name for path in settings.archive.iterdir()] == [archive.name]
        written = closeout(database, ID).proof
        assert written is not None
        assert kept_proof(settings, written)
        assert deeds(database).count("projects:closeout:proven") == 1

    def test_what_comes_back_before_the_proof_keeps_it_from_being_written(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_project(database, people["olga"], ID)

        def comes_back(_: str) -> None:
            (settings.homes / ID / "rosa").mkdir(parents=True)

        with pytest.raises(NotDeleted, match="its home folders"):
            go_on(database, settings, WORKER, remove_network=comes_back)
        assert not settings.proofs.exists()

    def test_a_network_that_is_still_there_keeps_it_too(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_project(database, people["olga"], ID)
        with pytest.raises(NotDeleted, match="network"):
            go_on(database, settings, WORKER, has_network=lambda _: True)
        assert closeout(database, ID).proof is None


@pytest.mark.usefixtures("active")
class TestTheArchive:
    def test_the_teams_folder_is_in_it_read_only_and_the_homes_are_not(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        close_out(database, settings, people["olga"])
        path = settings.archive / f"{ID}.tar.gz"
        assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o400, 0)
        with tarfile.open(path) as tar:
            names = ["team/code", "team/code/model.R", "team/protocol.md", "left-out.json"]
            assert tar.getnames() == names
            model = tar.extractfile("team/code/model.R")
            assert model is not None
            assert model.read() == b"glm(converted ~ age)"

    def test_it_is_kept_through_its_last_day_and_deleted_by_operations_after_it(
        self, database: Database, settings: Settings, people: dict[str, Person], clock: HandClock
    ) -> None:
        close_out(database, settings, people["olga"])
        path = settings.archive / f"{ID}.tar.gz"
        clock.turn(days=365)
        assert not closeout(database, ID).is_to_purge(clock.now.date())
        with pytest.raises(ArchiveKept, match="kept through 2027-06-01"):
            purge_archive(database, settings, people["olga"], ID)
        clock.turn(days=1)
        assert closeout(database, ID).is_to_purge(clock.now.date())
        with pytest.raises(Refused, match="projects:archive:purge"):
            purge_archive(database, settings, people["dirk"], ID)
        assert path.exists()
        purge_archive(database, settings, people["olga"], ID)
        assert not path.exists()
        assert deeds(database)[-1] == "projects:archive:purge"
        with pytest.raises(StepNotOpen, match="no archive"):
            purge_archive(database, settings, people["olga"], ID)

    def test_the_retention_is_a_setting(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        short = settings.model_copy(update={"archive_days": 30})
        archive = close_out(database, short, people["olga"]).archive
        assert archive is not None
        assert str(archive.through) == "2026-07-01"


@pytest.mark.usefixtures("active")
class TestTheProof:
    def test_it_names_what_was_deleted(
        self, database: Database, settings: Settings, people: dict[str, Person], active: Project
    ) -> None:
        cut = active.cut
        assert cut is not None
        manifest = json.loads((cut.folder(settings) / "manifest.json").read_text())
        close_out(database, settings, people["olga"])
        proof = the_proof(settings)
        [deleted] = proof.cuts
        assert (deleted.number, deleted.manifest_sha256) == (1, cut.manifest_sha256)
        assert [file.path for file in deleted.files] == [file["path"] for file in manifest["files"]]
        assert {file.sha256 for file in deleted.files} == {file["sha256"] for file in manifest["files"]}
        assert deleted.deleted_at == database.clock()
        assert proof.key is not None
        assert proof.key.name == "project-cis-spinal"
        assert (proof.team_files, proof.team_bytes) == (2, 30)
        assert proof.network == "10.77.0.0/26"
        assert "the membership of people in the vault" in str(proof.remains.by_design)

    def test_the_key_is_not_in_it(self, database: Database, settings: Settings, people: dict[str, Person]) -> None:
        key = (settings.keys / "project-cis-spinal").read_text()
        close_out(database, settings, people["olga"])
        assert key not in (settings.proofs / f"{ID}.txt").read_text()
        assert key[:32] not in (settings.proofs / f"{ID}.txt").read_text()

    def test_no_name_from_inside_a_container_is_in_it(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        (settings.teams / ID / "patient-4711-converted").symlink_to("/etc/passwd")
        close_out(database, settings, people["olga"])
        text = (settings.proofs / f"{ID}.txt").read_text()
        assert "4711" not in text
        assert "protocol.md" not in text
        assert "1, no plain file" in text

    @pytest.mark.parametrize(
        ("damage", "why"),
        [
            (lambda cut: (cut / "manifest.json").unlink(), "its manifest is missing"),
            (lambda cut: (cut / "manifest.json").write_text("{}"), "its manifest is not the one"),
        ],
    )
    def test_files_it_can_not_name_are_called_not_verified(
        self,
        database: Database,
        settings: Settings,
        people: dict[str, Person],
        damage: Callable[[Path], object],
        why: str,
    ) -> None:
        (settings.cuts / ID / "1" / "manifest.json").chmod(0o600)
        damage(settings.cuts / ID / "1")
        close_out(database, settings, people["olga"])
        proof = the_proof(settings)
        assert proof.cuts[0].files == ()
        assert any(one.what == "the files of cut 1" and why in one.why for one in proof.not_verified)
        assert "the files of cut 1: not verified" in (settings.proofs / f"{ID}.txt").read_text()

    def test_a_proposal_that_never_had_data_has_a_proof_that_says_so(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        approved_project(database, people, application_file(id="never"))
        close_project(database, people["dirk"], "never")
        finish_all(database, settings, WORKER, nothing_around())
        proof = verify_proof(settings.proofs / "never.txt")
        assert (proof.cuts, proof.key, proof.homes, proof.remains.archive) == ((), None, (), None)

    @ON_ONE_ENGINE
    def test_every_changed_byte_is_found_off_line(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        close_out(database, settings, people["olga"])
        note = (settings.proofs / f"{ID}.txt").read_bytes()
        key = settings.proofs / "public-key.pem"
        taken = tmp_path / "taken.txt"
        taken.write_bytes(note)
        assert verify_proof(taken, key).project == ID
        for place in range(len(note)):
            taken.write_bytes(note[:place] + bytes([note[place] ^ 1]) + note[place + 1 :])
            with pytest.raises(ProofBroken):
                verify_proof(taken, key)

    @pytest.mark.parametrize("more", [b"\n", b"x", b"\xe2\x80\x94 myelin/deletion AAAA\n"])
    def test_and_so_is_what_was_put_behind_it(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, more: bytes
    ) -> None:
        close_out(database, settings, people["olga"])
        taken = tmp_path / "taken.txt"
        taken.write_bytes((settings.proofs / f"{ID}.txt").read_bytes() + more)
        with pytest.raises(ProofBroken):
            verify_proof(taken, settings.proofs / "public-key.pem")

    def test_a_key_of_somebody_elses_is_no_proof(
        self, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
    ) -> None:
        close_out(database, settings, people["olga"])
        other = Settings(mode="demo", state=tmp_path / "other")
        write_proof(other, the_proof(settings))
        with pytest.raises(ProofBroken):
            verify_proof(other.proofs / f"{ID}.txt", settings.proofs / "public-key.pem")

    def test_one_that_was_replaced_is_not_the_one_on_record(
        self, database: Database, settings: Settings, people: dict[str, Person]
    ) -> None:
        written = close_out(database, settings, people["olga"]).proof
        assert written is not None
        path = settings.proofs / written.name
        path.unlink()
        with pytest.raises(ProofBroken, match="not the one on record"):
            kept_proof(settings, written)


def test_a_project_closed_while_it_is_activated_is_not_opened_and_leaves_nothing(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    approved_project(database, people)

    def close_meanwhile(cut: Path) -> None:
        empty_views(cut)
        close_project(database, people["dirk"], ID)

    with pytest.raises(StepNotOpen, match="cis-spinal is closed: activate is not open"):
        activate_project(database, settings, people["olga"], ID, make_views=close_meanwhile, make_network=no_network)
    assert project(database, ID).cuts == ()
    go_on(database, settings, WORKER)
    assert left(settings) == []
