"""What the tests of the notebook image share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.cut import write_cut
from tests.images.services import TOKEN, Service, egress, serving


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
