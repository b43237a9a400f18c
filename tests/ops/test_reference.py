"""The documents keep up with the code."""

import subprocess
import sys

import pytest
import typer

from core.settings import Settings
from ops.cli import app
from ops.reference import FOLDER, pages, walk

COMMANDS = dict(walk(typer.main.get_command(app), "myelin"))


@pytest.mark.parametrize("name", list(pages()))
def test_the_reference_says_what_the_code_does(name: str) -> None:
    """Written by `make docs` in a fresh process, so that errors made up by other tests are not in it."""
    code = f"from ops.reference import pages; import sys; sys.stdout.write(pages()[{name!r}])"
    written = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert (FOLDER / name).read_text() == written


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_parameter_says_what_it_is(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert all(getattr(parameter, "help", None) for parameter in command.params)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description
