"""Stopping the demo: nothing of it is left, whatever does not answer, and nobody else's process is ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from core.files import ensure_folder
from core.settings import Settings
from hub import addresses
from hub.errors import FirewallMissing
from hub.firewall import check_firewall, ensure_firewall
from ops import processes
from ops.demo import run
from tests.support.server import free_port

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def own(settings: Settings) -> Settings:
    """An installation with a pool of these tests' own: a demo may run on this machine."""
    given = {"network_pool": "10.190.64.0/18", "proxy_api_port": free_port()}
    return Settings(**{**settings.model_dump(), **given})


@contextmanager
def started(settings: Settings, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a session of its own, its id where the hub keeps its proxy's."""
    environment = {**os.environ, "MYELIN_HUB_URL": settings.hub_url}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, start_new_session=True, stdout=quiet, env=environment) as process:
        (ensure_folder(settings.state / "hub") / "proxy.pid").write_text(str(process.pid))
        try:
            while process.poll() is None and not Path(f"/proc/{process.pid}/cmdline").read_text():
                sleep(0.01)  # the kernel is still at its start
            yield process
        finally:
            process.kill()


def proxy(api_port: int) -> list[str]:
    """The command by which JupyterHub starts its proxy."""
    public = ["--ip", "127.0.0.1", "--port", str(free_port())]
    return [*addresses._PROXY, *public, "--api-ip", "127.0.0.1", "--api-port", str(api_port)]


def test_without_docker_processes_and_firewall_are_ended(
    own: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{own.state}/no-docker.sock")
    ensure_firewall(own)
    processes.start(own, "worker", SLEEPER, {})
    assert run.down(own)
    assert processes.running(own, "worker") is None
    with pytest.raises(FirewallMissing):
        check_firewall(own)
    assert "Notebook servers were not ended" in capsys.readouterr().out


def test_a_proxy_that_outlived_its_hub_is_ended(own: Settings) -> None:
    with started(own, *proxy(own.proxy_api_port)) as left:
        assert run.down(own)
        assert left.wait(5) in (0, -signal.SIGTERM)
        assert not run.down(own)


def test_no_process_but_our_proxy_is_ended(own: Settings) -> None:
    """The kernel gives ids again, and another installation's proxy has another port."""
    for command in (SLEEPER, proxy(free_port())):
        with started(own, *command) as somebody_elses:
            assert not run.down(own)
            assert somebody_elses.poll() is None
