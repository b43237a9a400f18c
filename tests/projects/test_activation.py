"""Activation makes the cut and the network, then opens the project: whole, or not at all, and again after a crash."""

import json
import stat
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.errors import Refused
from core.files import sha256_file
from core.people.models import Person
from core.settings import Settings
from data_catalog.errors import EditionBroken
from projects.access import can_access
from projects.errors import ActionRefused, PoolExhausted
from projects.models import ProjectState
from projects.service import activate_project, close_project, project
from tests.support.catalog import activate, application_file, approved_project, empty_views, ingest, no_network
from tests.support.dying import die_at_every_step


@pytest.fixture
def approved(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    approved_project(database, people, application_file())


@pytest.mark.usefixtures("approved")
def test_activation_makes_the_cut_then_the_views_then_the_network_then_opens(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    seen: list[str] = []

    def make_views(cut: Path) -> None:
        seen.append("views")
        assert {path.name for path in cut.iterdir()} == {"cis_cohort", "dictionary.json", "manifest.json"}
        empty_views(cut)

    def make_network(project_id: str, subnet: IPv4Network) -> None:
        seen.append(f"network {project_id} {subnet}")
        assert project(database, "cis-spinal").state is ProjectState.APPROVED

    active = activate_project(
        database, settings, people["olga"], "cis-spinal", make_views=make_views, make_network=make_network
    )
    assert seen == ["views", "network cis-spinal 10.77.0.0/26"]
    assert active.state is ProjectState.ACTIVE
    assert active.cut is not None
    folder = active.cut.folder(settings)
    assert active.cut.manifest_sha256 == sha256_file(folder / "manifest.json")
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        assert file["sha256"] == sha256_file(folder / file["path"])
        assert file["bytes"] == (folder / file["path"]).stat().st_size


@pytest.mark.usefixtures("approved")
def test_the_cut_is_readable_in_its_own_folder_and_closed_above(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    active = activate(database, settings, people["olga"], "cis-spinal")
    assert active.cut is not None
    folder = active.cut.folder(settings)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (settings.vault, settings.cuts, folder.parent)}
    assert set(modes.values()) == {0o700}
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o444)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["1"]


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("part", ["make_views", "make_network"])
def test_where_a_part_fails_the_project_is_as_it_was(
    database: Database, settings: Settings, people: dict[str, Person], part: str
) -> None:
    def fail(*_: object) -> None:
        raise Refused("The disk is full.")

    parts = {"make_views": empty_views, "make_network": no_network, part: fail}
    with pytest.raises(Refused, match="The disk is full"):
        activate_project(database, settings, people["olga"], "cis-spinal", **parts)  # type: ignore[arg-type]
    assert project(database, "cis-spinal").state is ProjectState.APPROVED
    assert list((settings.cuts / "cis-spinal").iterdir()) == []
    assert activate(database, settings, people["olga"], "cis-spinal").state is ProjectState.ACTIVE


@pytest.mark.usefixtures("approved")
def test_a_crash_at_any_step_leaves_a_project_closed_or_whole_and_is_repaired_by_the_next_try(
    database: Database, settings: Settings, people: dict[str, Person], reopened: Callable[[], Database]
) -> None:
    folder = settings.cuts / "cis-spinal"

    def act() -> None:
        own = reopened()
        if project(own, "cis-spinal").state is ProjectState.APPROVED:
            activate(own, settings, people["olga"], "cis-spinal")

    def after_death() -> None:
        if not can_access(database, "rosa", "cis-spinal"):
            assert project(database, "cis-spinal").state is ProjectState.APPROVED
        else:
            assert list(folder.rglob("engine")) == [], "nobody keeps who has which pseudonym"

    assert die_at_every_step(act, after_death) > 30
    active = project(database, "cis-spinal")
    assert active.state is ProjectState.ACTIVE
    assert active.cut is not None
    assert sha256_file(folder / "1" / "manifest.json") == active.cut.manifest_sha256
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".work-")] == ["1"]
    assert (len(active.cuts), str(active.subnet)) == (1, "10.77.0.0/26")


@pytest.mark.usefixtures("approved")
def test_a_folder_no_row_speaks_of_is_replaced(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    orphan = settings.cuts / "cis-spinal" / "1"
    orphan.mkdir(parents=True)
    (orphan / "half.parquet").write_text("half")
    active = activate(database, settings, people["olga"], "cis-spinal")
    assert active.cut is not None
    assert not (orphan / "half.parquet").exists()
    assert sha256_file(orphan / "manifest.json") == active.cut.manifest_sha256


@pytest.mark.usefixtures("approved")
def test_a_damaged_edition_is_not_cut(database: Database, settings: Settings, people: dict[str, Person]) -> None:
    table = settings.vault / "cis_cohort" / "1" / "patients.parquet"
    table.chmod(0o600)
    duckdb.sql("SELECT 1 AS age").write_parquet(str(table))
    with pytest.raises(EditionBroken, match=r"patients\.parquet is missing or was changed"):
        activate(database, settings, people["olga"], "cis-spinal")
    assert project(database, "cis-spinal").state is ProjectState.APPROVED


@pytest.mark.usefixtures("approved")
def test_who_may_not_activate_gets_no_addresses_and_no_cut(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    with pytest.raises(ActionRefused, match="lena may not activate a project"):
        activate(database, settings, people["lena"], "cis-spinal")
    assert project(database, "cis-spinal").subnet is None
    assert not settings.cuts.exists()


@pytest.mark.usefixtures("approved")
def test_every_project_has_addresses_of_its_own_for_good(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    small = settings.model_copy(update={"network_pool": IPv4Network("10.77.0.0/25")})
    subnets = []
    for project_id in ("one", "two", "three"):
        approved_project(database, people, application_file(id=project_id))
    for project_id in ("one", "two"):
        subnets.append(str(activate(database, small, people["olga"], project_id).subnet))
        close_project(database, people["olga"], project_id)
    assert subnets == ["10.77.0.0/26", "10.77.0.64/26"]
    with pytest.raises(PoolExhausted, match="MYELIN_NETWORK_POOL"):
        activate(database, small, people["olga"], "three")
    assert str(activate(database, settings, people["olga"], "three").subnet) == "10.77.0.128/26"
