"""Withdrawal: nobody who withdrew is left in the next edition or in any cut, it happens whole, and it is on record."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from core.audit.tables import audit_event
from core.database import Database
from core.errors import Conflict, IntegrityBroken, InvalidInput, Refused
from core.people.models import Person
from core.settings import Settings
from data_catalog import withdrawal
from data_catalog.editions import find_edition, read_manifest
from data_catalog.errors import BatchTooSmall, DataRejected
from data_catalog.pseudonyms import pseudonym
from hub.container import mounts_of
from projects import recutting
from projects.access import check_access
from projects.errors import StepNotOpen
from projects.recutting import MAY_REMAIN, purge_withdrawn, queue_withdrawals, recut_project, withdraw
from projects.service import project
from tests.support.catalog import (
    ON_ONE_ENGINE,
    activate,
    active_project,
    application_file,
    approved_project,
    empty_views,
    ingest,
)

pytestmark = ON_ONE_ENGINE

GONE = [str(number) for number in range(5, 17)]


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    active_project(database, settings, people, tmp_path)


def queue(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, gone: list[str] = GONE
) -> tuple[int, int]:
    (tmp_path / "list.txt").write_text("\n".join(gone))
    return queue_withdrawals(database, settings, people["dana"], "cis_cohort", tmp_path / "list.txt")


def in_vault(settings: Settings, number: int) -> set[str]:
    path = settings.vault / "cis_cohort" / str(number) / "patients.parquet"
    return {row[0] for row in duckdb.sql(f"SELECT patient_id FROM '{path}'").fetchall()}


def in_cut(settings: Settings, number: int, project_id: str = "cis-spinal") -> set[str]:
    path = settings.cuts / project_id / str(number) / "cis_cohort" / "patients.parquet"
    return {row[0] for row in duckdb.sql(f"SELECT pseudonym FROM '{path}'").fetchall()}


@pytest.mark.usefixtures("active")
def test_they_are_out_of_the_next_edition_and_of_the_cut_and_nobody_else_is(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    assert queue(database, settings, people, tmp_path) == (12, 12)
    before = in_vault(settings, 1)
    proof = withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)

    assert set(GONE) <= before
    assert in_vault(settings, 2) == before - set(GONE)
    key = bytes.fromhex((settings.keys / "project-cis-spinal").read_text())
    theirs = {pseudonym(key, "cis_cohort", person) for person in GONE}
    assert theirs <= in_cut(settings, 1), "the search finds them where they were"
    assert in_cut(settings, 2) == in_cut(settings, 1) - theirs, "under the pseudonyms they all had"
    assert project(database, "cis-spinal").cut.number == 2  # type: ignore[union-attr]

    (edition,), (cut,) = proof.editions, proof.cuts
    assert [(table.table, table.removed, table.left) for table in edition.removed] == [
        ("patients", 12, len(before) - 12)
    ]
    assert cut.rows == {"cis_cohort/patients.parquet": (len(before), len(before) - 12)}
    assert proof.may_remain == MAY_REMAIN
    with database.read() as connection:
        manifest = read_manifest(settings, find_edition(connection, "cis_cohort"))
    assert manifest.withdrawal is not None
    assert (manifest.number, manifest.withdrawal.edition, manifest.withdrawal.withdrawn) == (2, 1, 12)


def test_who_stays_keeps_the_labels_of_blinded_and_the_groups_of_pooled_values(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    rules = {"gender": {"blind": True}, "initial_symptom": {"pool": {"visual": ["1"], "sensory": ["2", "6"]}}}
    asked = {"cis_cohort": {"patients": {"variables": list(rules), "generalise": rules}}}
    active_project(database, settings, people, tmp_path, datasets=asked)
    queue(database, settings, people, tmp_path)
    withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    folder = settings.cuts / "cis-spinal"
    before, after = (
        {row[0]: row[1:] for row in duckdb.sql(f"FROM '{folder}/{number}/cis_cohort/patients.parquet'").fetchall()}
        for number in (1, 2)
    )
    assert len(after) == len(before) - len(GONE)
    assert all(before[name] == row for name, row in after.items())
    assert {row[0] for row in after.values()} == {"A", "B"}
    assert {row[1] for row in after.values()} - {None} == {"visual", "sensory", "other"}


@pytest.mark.usefixtures("active")
def test_a_running_server_has_the_wrong_mount_from_then_on(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    before = mounts_of(check_access(database, "rosa", "cis-spinal"), settings)
    queue(database, settings, people, tmp_path)
    withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    assert before != mounts_of(check_access(database, "rosa", "cis-spinal"), settings)


@pytest.mark.usefixtures("active")
def test_no_identifier_is_in_the_database_or_the_manifest(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    queue(database, settings, people, tmp_path)
    proof = withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    with database.read() as connection:
        events = [dict(row) for row in connection.execute(select(audit_event)).mappings()]
    told = [json.loads(event["detail"]) for event in events if "withdraw" in event["action"]]
    assert {"new": 12, "waiting": 12} in told
    assert {"people": 12, "people_hmac": proof.people_hmac, "editions": {"2": 1}} in told
    kept = settings.vault / withdrawal.FOLDER / "cis_cohort.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [entry.edition for entry in withdrawal.withdrawals(settings, "cis_cohort")] == [2] * 12
    other = Settings(mode="demo", state=tmp_path / "other")
    assert proof.people_hmac != withdrawal.people_hmac(other, "cis_cohort", GONE), "a list can not be guessed"


@pytest.mark.usefixtures("active")
def test_a_small_batch_waits_unless_it_can_not(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    queue(database, settings, people, tmp_path, GONE[:9])
    with pytest.raises(BatchTooSmall, match="9 people are fewer than 10"):
        withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    assert queue(database, settings, people, tmp_path, GONE[:9]) == (0, 9)
    withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views, now=True)
    with pytest.raises(InvalidInput, match="Nobody waits"):
        withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)


@pytest.mark.usefixtures("active")
def test_somebody_unknown_is_refused_by_place_and_not_by_name(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="1 of 3 are not in cis_cohort: number 2 of the list") as refused:
        queue(database, settings, people, tmp_path, ["5", "nobody-of-that-name", "6"])
    assert "nobody-of-that-name" not in str(refused.value)
    assert withdrawal.waiting(settings, "cis_cohort") == []


@pytest.mark.usefixtures("active")
def test_it_takes_the_data_manager(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text("5")
    for username in ("olga", "dirk", "lena", "chris"):
        actor = people[username]
        with pytest.raises(Refused):
            queue_withdrawals(database, settings, actor, "cis_cohort", tmp_path / "list.txt")
        with pytest.raises(Refused):
            withdraw(database, settings, actor, "cis_cohort", make_views=empty_views)
        with pytest.raises(Refused):
            purge_withdrawn(database, settings, actor, "cis_cohort")


@pytest.mark.usefixtures("active")
def test_where_a_part_fails_all_is_as_it_was(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    queue(database, settings, people, tmp_path)

    def publish_meanwhile(cut: Path) -> None:
        empty_views(cut)
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)

    def fail(_: Path) -> None:
        raise Refused("The disk is full.")

    with pytest.raises(Refused, match="The disk is full"):
        withdraw(database, settings, people["dana"], "cis_cohort", make_views=fail)
    with pytest.raises(Conflict, match="published meanwhile"):
        withdraw(database, settings, people["dana"], "cis_cohort", make_views=publish_meanwhile)
    assert sorted(path.name for path in (settings.vault / "cis_cohort").iterdir()) == ["1", "2"]
    assert set(GONE) <= in_vault(settings, 2), "published as it was delivered"
    assert [path.name for path in (settings.cuts / "cis-spinal").iterdir()] == ["1"]
    assert len(withdrawal.waiting(settings, "cis_cohort")) == 12


@pytest.mark.usefixtures("active")
def test_a_cut_that_still_has_them_is_noticed(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(database, settings, people, tmp_path)
    made = recutting.cut_request

    def with_the_old_edition(*given: object) -> object:
        request = made(*given)  # type: ignore[arg-type]
        old = settings.vault / "cis_cohort" / "1"
        return replace(request, tables=tuple(replace(table, folder=old) for table in request.tables))

    monkeypatch.setattr(recutting, "cut_request", with_the_old_edition)
    with pytest.raises(IntegrityBroken, match="still has somebody who withdrew"):
        withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)


@pytest.mark.usefixtures("active")
def test_a_project_approved_before_gets_its_cut_without_them(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    approved_project(database, people, application_file(id="later"))
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)  # both projects are bound to an older edition
    queue(database, settings, people, tmp_path)
    proof = withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    assert [(e.made_from, e.source.manifest.number) for e in proof.editions] == [(1, 3), (2, 4)]
    activate(database, settings, people["olga"], "later")
    assert len(in_cut(settings, 1, "later")) == len(in_vault(settings, 1)) - 12


@pytest.mark.usefixtures("active")
def test_after_the_purge_no_byte_of_them_is_in_vault_or_cuts(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    queue(database, settings, people, tmp_path)
    withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    assert set(GONE) <= in_vault(settings, 1), "until then the old edition has them"
    assert purge_withdrawn(database, settings, people["dana"], "cis_cohort") == {"editions": 1, "cuts": 1}
    assert purge_withdrawn(database, settings, people["dana"], "cis_cohort") == {"editions": 0, "cuts": 0}
    key = bytes.fromhex((settings.keys / "project-cis-spinal").read_text())
    theirs = {pseudonym(key, "cis_cohort", person) for person in GONE}
    left = list(settings.vault.rglob("*.parquet")) + list(settings.cuts.rglob("*.parquet"))
    assert len(left) == 2
    for path in left:
        rows = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM '{path}'").fetchall()
        assert not {row[0] for row in rows} & (theirs | set(GONE))
    assert [cut.number for cut in project(database, "cis-spinal").cuts if cut.deleted_at is None] == [2]


@pytest.mark.usefixtures("active")
def test_a_cut_made_again_stands_beside_the_old_one_and_links_with_it(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    cut = recut_project(database, settings, people["olga"], "cis-spinal", make_views=empty_views)
    assert project(database, "cis-spinal").cut == cut
    assert cut.number == 2
    assert in_cut(settings, 1) == in_cut(settings, 2)
    with pytest.raises(Refused):
        recut_project(database, settings, people["lena"], "cis-spinal", make_views=empty_views)
    approved_project(database, people, application_file(id="later"))
    with pytest.raises(StepNotOpen, match="no cut to replace"):
        recut_project(database, settings, people["olga"], "later", make_views=empty_views)


@pytest.mark.usefixtures("active")
def test_nobody_who_was_taken_out_comes_back_with_the_next_delivery(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue(database, settings, people, tmp_path)
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    assert set(GONE) <= in_vault(settings, 2), "who only waits is in the delivery rightly"
    withdraw(database, settings, people["dana"], "cis_cohort", make_views=empty_views)
    with pytest.raises(DataRejected) as refusal:
        ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    (finding,) = refusal.value.report.findings
    assert (finding.total, finding.first[0].value) == (12, None)
    assert "take them out of the delivery too" in finding.rule
    newest = find_newest(database)

    monkeypatch.setattr("data_catalog.service.find_returned", lambda *_: [])
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    assert set(GONE) <= in_vault(settings, newest + 1), "without the check they are back"


def find_newest(database: Database) -> int:
    with database.read() as connection:
        return find_edition(connection, "cis_cohort").number
