"""What the tests of the notebook image share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.types import Mount

from tests.images.containers import Place, internal_network, run_once
from tests.images.cut import write_cut
from tests.images.services import TOKEN, Service, egress, hub, serving


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A cut whose views are not made yet."""
    return write_cut(tmp_path / "data")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A researcher's home folder, in which the test works."""
    folder = tmp_path / "home"
    (folder / "outbox").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def egress_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """An egress service, known to the client as the hub would make it known."""
    with serving(egress()) as service:
        monkeypatch.setenv("MYELIN_EGRESS_URL", f"http://127.0.0.1:{service.port}")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
        yield service


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A network without a way out."""
    with internal_network() as place:
        yield place


@pytest.fixture(scope="module")
def hub_service(place: Place) -> Iterator[Service]:
    """A hub that the containers of this module can reach."""
    with serving(hub(), place.gateway) as service:
        yield service


@pytest.fixture(scope="module")
def cut_with_views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cut whose views were made in the image, where /data is."""
    data = write_cut(tmp_path_factory.mktemp("cut") / "data")
    run_once(
        *("python", "-m", "myelin.make_views"),
        mounts=[Mount("/data", str(data), "bind")],
        user=f"{os.getuid()}:{os.getgid()}",
    )
    return data
