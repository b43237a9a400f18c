"""Write the pages of `docs/reference/` from the code: commands, settings, permissions, errors, mails, data."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from core.errors import MyelinError
from core.outbox.templates import OutputTemplate, all_templates
from core.people.policy import KEPT_APART, WHAT_ROLES_DO
from core.permissions import all_permissions
from core.settings import Settings
from data_catalog.synth.document import rates_page
from ops import house  # noqa: F401  (every permission and mail)
from ops.reference_data import model_page, quality_page

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
_NOTE = "<!-- written by `make docs` from the code; a test fails when it lags -->"


def pages() -> dict[str, str]:
    """Return every reference page by its file name."""
    writers: dict[str, Callable[[], str]] = {
        "commands.md": _commands,
        "settings.md": _settings,
        "permissions.md": _permissions,
        "errors.md": _errors,
        "mails.md": _mails,
        "cdm.md": model_page,
        "quality.md": quality_page,
        "rates.md": rates_page,
    }
    return {name: f"{_NOTE}\n\n{write()}" for name, write in writers.items()}


def write_pages() -> None:
    """Write every page anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


def _commands() -> str:
    from ops.cli import app

    root = typer.main.get_command(app)
    lines = ["# Commands", "", "| command | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {command.get_short_help_str(200)} |" for name, command in walk(root, "myelin")]
    return "\n".join(lines) + "\n"


def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield every command below this one (Typer's own classes, which it keeps private) with its name and arguments."""
    if isinstance(command, TyperGroup):
        for child, below in command.commands.items():
            yield from walk(below, f"{name} {child}")
        return
    arguments = [str(parameter.name).upper() for parameter in command.params if parameter.param_type_name == "argument"]
    yield " ".join([name, *arguments]), command


def _settings() -> str:
    lines = [
        "# Settings",
        "",
        "Read once, from the environment.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if field.default != "" else "none"
        lines.append(f"| `MYELIN_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _permissions() -> str:
    lines = ["# Roles and permissions", "", "| role | what somebody with it does |", "|---|---|"]
    lines += [f"| `{role}` | {does} |" for role, does in WHAT_ROLES_DO.items()]
    lines += ["", "## Kept apart", "", "No one person holds two of these together ([people](../people.md)).", ""]
    lines += ["| roles | why |", "|---|---|"]
    lines += [f"| `{'`, `'.join(sorted(pair))}` | {reason} |" for pair, reason in KEPT_APART.items()]
    lines += ["", "## Permissions", "", "Named `room:thing:action`; held by roles, denied to everybody else."]
    lines += ["", "| permission | roles |", "|---|---|"]
    lines += [f"| `{name}` | {', '.join(sorted(roles))} |" for name, roles in all_permissions().items()]
    return "\n".join(lines) + "\n"


def _errors() -> str:
    lines = ["# Errors", "", "| error | HTTP status | exit code | meaning |", "|---|---:|---:|---|"]
    for error in sorted(_family(MyelinError), key=lambda kind: (kind.exit_code, kind.__name__)):
        lines.append(f"| `{error.__name__}` | {error.status} | {error.exit_code} | {_meaning(error)} |")
    return "\n".join(lines) + "\n"


def _mails() -> str:
    lines = [
        "# Mails",
        "",
        "Everything a mail can say; `$name` is where a field goes ([when and to whom](../mail.md)).",
    ]
    for name, mail in all_templates().items():
        kind = "About an output: id, state and link only" if isinstance(mail, OutputTemplate) else "May carry words"
        lines += ["", f"## `{name}`", "", f"{kind}. Fields: {', '.join(sorted(mail.fields))}.", ""]
        lines += ["```", f"Subject: {mail.subject}", "", *mail.body.split("\n"), "```"]
    return "\n".join(lines) + "\n"


def _meaning(error: type[MyelinError]) -> str:
    """Return what the tree in its module's docstring says of an error, or the error's own first sentence."""
    tree = sys.modules[error.__module__].__doc__ or ""
    line = re.search(rf"─ {error.__name__} {{2,}}(.+?)(?: {{2,}}|$)", tree, re.MULTILINE)
    return line[1] if line else (error.__doc__ or "").strip().split("\n")[0]


def _family(kind: type[MyelinError]) -> set[type[MyelinError]]:
    return {kind}.union(*(_family(child) for child in kind.__subclasses__()))


if __name__ == "__main__":
    write_pages()
