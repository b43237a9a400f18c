"""The tutorial is run: each command of its console blocks, in order, says what the document says it does."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from unittest.mock import patch

import pytest

from core.settings import Settings
from data_catalog.sources import readers
from tests.ops.test_command_line import Terminal, installation, terminal
from tests.support.norvia import write_norvia

__all__ = ["installation", "terminal"]

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "a-new-registry.md"
SAMPLE = TUTORIAL.parent / "norvia"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WIDTH = "110"


class Then(datetime):
    """A clock that stands still, since some indicators of quality depend on the day of the delivery."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Then":
        return cls(2023, 12, 1, 9, tzinfo=tz or UTC)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command and what the document says it answers."""
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            yield command, answer


def replay(text: str, run: Callable[[str], str]) -> str:
    """Return the document with every answer as it is now."""

    def block(found: re.Match[str]) -> str:
        lines = [f"$ {command}\n{run(command)}" for command, _ in commands(found[0])]
        return f"```console\n{''.join(lines)}```"

    return BLOCK.sub(block, text)


def normal(text: str) -> str:
    """Take away what differs from run to run: seconds, days, hashes, and spaces at the ends of lines."""
    text = re.sub(r"\d+\.\d s$", "0.1 s", text, flags=re.MULTILINE)
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "(hash)", text)
    text = re.sub(r"\b20[2-9]\d-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( UTC|Z)?", "(now)", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.fixture
def run(
    installation: Settings,
    terminal: Callable[[str | None], Terminal],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], str]]:
    """Run a line of the tutorial as the data manager, in a folder with a copy of the sample."""
    folder = shutil.copytree(SAMPLE, tmp_path / "norvia")
    monkeypatch.chdir(folder)
    dana = terminal("dana")
    dana.environment["COLUMNS"] = WIDTH

    def line(command: str) -> str:
        name, *arguments = shlex.split(command)
        if name == "myelin":
            said = dana.run(*arguments)
            answer = said.stdout + said.stderr
        else:
            answer = subprocess.run([name, *arguments], capture_output=True, text=True, check=False).stdout
        assert "Traceback" not in answer
        return normal(answer)

    with patch("ops.commands.source.datetime", Then):
        yield line


def test_every_answer_in_the_tutorial_is_what_the_command_says(run: Callable[[str], str]) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    assert len(list(commands(text))) > 10
    now = replay(text, run)
    if "MYELIN_WRITE_TUTORIAL" in os.environ:
        TUTORIAL.write_text(now, encoding="utf-8")
    assert now == text, "read the difference; MYELIN_WRITE_TUTORIAL=1 writes it into the document"


def test_the_sample_is_what_its_generator_draws(tmp_path: Path) -> None:
    write_norvia(tmp_path)
    for file in sorted(tmp_path.iterdir()):
        shipped = SAMPLE / "delivery" / file.name
        if file.suffix == ".xlsx":  # packed by whatever zlib is here
            with file.open("rb") as ours, shipped.open("rb") as theirs:
                assert readers.sheet(ours, "").equals(readers.sheet(theirs, ""))
        else:
            assert file.read_bytes() == shipped.read_bytes()
