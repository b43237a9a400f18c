"""The shell scripts: a step that fails stops everything and says what to do, and nobody else's Docker is stopped."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run bash with the scripts' common part loaded and its folders below the test's own."""
    environment = os.environ | {"MYELIN_STATE": f"{tmp_path}/state", "MYELIN_CACHE": f"{tmp_path}/cache"}

    def run(commands: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"source scripts/common.sh; make_folders; {commands}"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=30,
        )

    return run


def test_a_step_says_what_it_does_and_how_long_it_took(shell: Shell) -> None:
    done = shell("run_step 'Making tea' 'boil water' true")
    assert done.returncode == 0
    assert re.search(r"Making tea: done \(\d+ s\)\n", done.stdout)


def test_a_step_keeps_its_talk_in_a_log(shell: Shell, tmp_path: Path) -> None:
    done = shell("brew() { echo leaves; }; run_step 'Making tea' 'boil water' brew")
    assert "leaves" not in done.stdout
    assert (tmp_path / "cache/logs/brew.log").read_text() == "leaves\n"


def test_a_failed_step_shows_the_end_of_its_log_and_what_to_do(shell: Shell) -> None:
    done = shell("brew() { echo no leaves; false; }; run_step 'Making tea' 'boil water' brew; echo unreachable")
    assert done.returncode == 1
    assert "    | no leaves\n" in done.stdout
    assert "unreachable" not in done.stdout
    assert done.stderr == "myelin: Making tea: failed\n  next: boil water\n"


def test_a_step_ends_at_its_first_failure(shell: Shell, tmp_path: Path) -> None:
    shell("brew() { false; echo poured; }; run_step 'Making tea' 'boil water' brew")
    assert "poured" not in (tmp_path / "cache/logs/brew.log").read_text()


def test_a_folder_is_made_again_only_when_its_source_changed(shell: Shell) -> None:
    remembered = 'mkdir "$cache/pot"; remember_made_from "$cache/pot" green; is_made_from "$cache/pot" '
    assert shell(remembered + "green").returncode == 0
    assert shell("rm -r $cache/pot; " + remembered + "black").returncode == 1


def test_two_runs_at_once_take_turns(shell: Shell, tmp_path: Path) -> None:
    """The first gives its turn back only once the second has said that it waits."""
    first = f"wait_for_turn; touch {tmp_path}/held; until grep -qs waiting {tmp_path}/second; do sleep 0.1; done"
    second = f"until [[ -e {tmp_path}/held ]]; do sleep 0.1; done; (wait_for_turn; echo second) >{tmp_path}/second"
    done = shell(f"({first}; echo first) & {second}; cat {tmp_path}/second; wait")
    lines = done.stdout.splitlines()
    assert lines == ["first", "myelin: waiting for another setup on this machine to end", "second"]


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_a_number_that_another_program_has_by_now_is_left_alone(
    shell: Shell, tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    done = shell(f'echo {bystander.pid} >"$state/dockerd.pid"; scripts/stop-docker')
    assert (done.returncode, done.stdout) == (0, "")
    assert bystander.poll() is None


def test_without_a_daemon_of_ours_there_is_nothing_to_stop(shell: Shell) -> None:
    done = shell("scripts/stop-docker")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_daemon_in_use_keeps_running(shell: Shell, tmp_path: Path) -> None:
    """Stand-ins for `dockerd` and `docker ps`: the true ones may be serving somebody."""
    tools = tmp_path / "tools"
    tools.mkdir()
    shutil.copy("/usr/bin/sleep", tools / "dockerd")
    (tools / "docker").write_text("#!/bin/sh\necho 4f5e\n")
    (tools / "docker").chmod(0o755)
    daemon = subprocess.Popen([tools / "dockerd", "60"])
    try:
        done = shell(f'PATH={tools}:$PATH; echo {daemon.pid} >"$state/dockerd.pid"; scripts/stop-docker')
        assert "Docker keeps running, because 1 container(s) run in it" in done.stdout
        assert daemon.poll() is None
    finally:
        daemon.kill()
        daemon.wait()
