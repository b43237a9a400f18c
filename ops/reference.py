"""Write the pages of `docs/reference/` from the code: commands, settings, permissions, errors, mails, API, data."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from core.error_kinds import every_error, meaning
from core.outbox.templates import OutputTemplate, all_templates
from core.people.policy import KEPT_APART, WHAT_ROLES_DO
from core.permissions import all_permissions
from core.settings import Settings
from data_catalog.synth.document import rates_page
from ops import house  # noqa: F401  (every permission and mail)
from ops.reference_data import model_page, quality_page
from portal.api.app import described
from portal.api.description import Kind, by_tag, schemas

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
        "api.md": _api,
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
    for error in every_error():
        lines.append(f"| `{error.__name__}` | {error.status} | {error.exit_code} | {meaning(error)} |")
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


def _api() -> str:
    document = described()
    lines = ["# API", "", "What each means, with an example: [the API](../api.md). Addresses begin with `/api/v1`."]
    for tag, found in by_tag(document).items():
        lines += ["", f"## {tag.capitalize()}", "", "| operation | what it does | takes | gives |", "|---|---|---|---|"]
        lines += [
            f"| `{one.method} {one.path}` | {one.summary} | {_kind(one.takes)} | {_kind(one.gives)} |" for one in found
        ]
    lines += ["", "## What is sent and answered"]
    for schema in schemas(document):
        lines += ["", f"### {schema.name}", ""]
        lines += [f"{' '.join(schema.meaning.split())}", ""] if schema.meaning else []
        lines += [f"One of: {', '.join(f'`{value}`' for value in schema.values)}."] if schema.values else []
        lines += ["| field | is | |", "|---|---|---|"] if schema.fields else []
        for field in schema.fields:
            words = _kind(field.kind) + ("" if field.is_needed else ", may be left out")
            lines.append(f"| `{field.name}` | {words} | {' '.join(field.meaning.split())} |")
    return "\n".join(lines) + "\n"


def _kind(kind: Kind | None) -> str:
    if kind is None:
        return "nothing"
    return f"[{kind.words}](#{kind.name.lower()})" if kind.name else kind.words


if __name__ == "__main__":
    write_pages()
