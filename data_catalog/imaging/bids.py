"""Have the BIDS community's own validator judge a tree, without network and with nothing but the tree to read."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

TIME_LIMIT = 3600.0
"""Seconds; 52,000 tiny scans take some two minutes (docs/imaging.md)."""

MEMORY_MIB = 4096
_LARGEST_ANSWER = 1 << 28

Fault = tuple[str, str]
"""A rule, and the path of the file that breaks it."""

Validator = Callable[[Path], Sequence[Fault]]
"""Judges a BIDS tree: says what is wrong, or that it could not be judged."""


def validate_bids(folder: Path, time_limit: float = TIME_LIMIT) -> Sequence[Fault]:
    """Return every error the validator finds; warnings, which ask for more fields, are left out.

    Where it does not run, does not end in time or answers something else, the fault says that nothing was checked.
    """
    try:
        issues = json.loads(_run(_command(folder), time_limit))["issues"]
        return [_fault(issue, issues["codeMessages"]) for issue in issues["issues"] if issue["severity"] == "error"]
    except subprocess.TimeoutExpired:
        return [_not_checked(f"it did not end within {time_limit:g} seconds")]
    except (ImportError, OSError):
        return [_not_checked("it could not be started: install bids-validator-deno")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [_not_checked("it did not answer as it should")]


def _command(folder: Path) -> list[str]:
    """Return the command; the package's own start file would also allow it the network, writing and git."""
    bundle = Path(str(import_module("bids_validator_deno").__file__)).parent / "bids-validator.js"
    return [
        import_module("deno").find_deno_bin(),
        "run",
        "--no-prompt",
        "--no-remote",
        f"--v8-flags=--max-old-space-size={MEMORY_MIB}",
        "--allow-env",
        f"--allow-read={_permitted(folder)},{_permitted(bundle)}",
        str(bundle),
        "--format",
        "json",
        "--ignoreWarnings",
        "--max-rows",
        "-1",
        str(folder),
    ]


def _permitted(path: Path) -> str:
    if "," in str(path):
        raise OSError("Deno's list of permitted paths has commas between.")
    return str(path)


def _run(command: list[str], time_limit: float) -> bytes:
    """Run a command in a process group of its own with an empty environment; raises TimeoutExpired, ValueError."""
    with tempfile.TemporaryDirectory(prefix="myelin-bids-") as own, tempfile.TemporaryFile() as answer:
        surroundings = {"DENO_DIR": own, "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1", "HOME": own}
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env=surroundings,
            cwd=own,
            start_new_session=True,
        )
        try:
            process.wait(time_limit)
        finally:
            _end(process)
        if answer.seek(0, os.SEEK_END) > _LARGEST_ANSWER:
            raise ValueError("The answer is too long.")
        answer.seek(0)
        return answer.read()


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _fault(issue: dict[str, Any], messages: dict[str, str]) -> Fault:
    code = issue["code"]
    words = " ".join(messages.get(code, "").split())
    return f"{code}: {words}".removesuffix(": "), str(issue.get("location", "")).lstrip("/")


def _not_checked(why: str) -> Fault:
    return f"not checked by the BIDS validator: {why}", ""
