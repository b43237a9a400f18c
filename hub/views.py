"""Make the views of a cut where their paths exist: in the notebook image, which reaches nothing but the cut."""

import subprocess
from pathlib import Path

from core.settings import Settings
from hub.errors import ViewsFailed

VIEWS_SECONDS = 300
"""How long making a cut's views may take; they hold no rows, so it is seconds."""


def make_views(settings: Settings, cut: Path) -> None:
    """Write `project.duckdb` into a cut's folder (`data_catalog.cut`); raises ViewsFailed.

    The program runs as the owner of the folder, in a container without network or rights that sees nothing else.
    """
    program = ["timeout", str(VIEWS_SECONDS), "python", "-m", "myelin.make_views"]
    command = ["docker", "run", "--rm", *_confined(cut), settings.notebook_image, *program]
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=2 * VIEWS_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        reason = " ".join(error.stderr.splitlines()[-3:]) or f"exit code {error.returncode}."
        raise ViewsFailed(f"The views of {cut} were not made: {reason}", _hint(settings)) from error
    except subprocess.TimeoutExpired as error:
        raise ViewsFailed(f"The views of {cut} were not made: Docker did not answer.", _hint(settings)) from error


def _confined(cut: Path) -> list[str]:
    owner = cut.stat()
    return [
        *("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
        *("--pids-limit", "64", "--memory", "1g", "--tmpfs", "/tmp:size=64m"),  # noqa: S108  (its own)
        *("--user", f"{owner.st_uid}:{owner.st_gid}", "--mount", f"type=bind,source={cut},target=/data"),
    ]


def _hint(settings: Settings) -> str:
    return f"Is the image {settings.notebook_image} built (`make image`)? The project is as it was."
