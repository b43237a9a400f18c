"""The home folder as a newcomer should find it, and the surroundings the server starts in."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

WELCOME = Path("/opt/myelin/welcome/Welcome.ipynb")
TEAM = Path("/team")

SEARCH_PATHS = (
    "JUPYTER_CONFIG_PATH",
    "JUPYTER_DATA_DIR",
    "JUPYTER_NO_CONFIG",
    "JUPYTER_PATH",
    "JUPYTER_PLATFORM_DIRS",
    "JUPYTER_PREFER_ENV_PATH",
)
"""Variables that would send Jupyter to other folders for what it loads."""


def prepare_home(home: Path, welcome: Path = WELCOME, team: Path = TEAM) -> list[str]:
    """Put what is missing into the home folder: the outbox, a link to the team's folder, the welcome notebook.

    Nothing that is there is touched. Returns what could not be done: a full disk must not lock anyone out.
    """
    steps: tuple[tuple[Path, Callable[[Path], object]], ...] = (
        (home / "outbox", lambda path: path.mkdir()),
        (home / "team", lambda path: path.symlink_to(team)),
        (home / welcome.name, lambda path: shutil.copyfile(welcome, path, follow_symlinks=False)),
    )
    problems = []
    for path, make in steps:
        try:
            if not os.path.lexists(path):
                make(path)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
    return problems


def fix_environment(home: Path) -> None:
    """Fix where the server looks for its configuration (root's folder) and keeps what changes.

    Must run before Jupyter is imported, which reads some of these then.
    """
    settings = home / ".jupyter" / "lab"
    os.environ.update(
        HOME=str(home),
        JUPYTERHUB_DISABLE_USER_CONFIG="1",
        JUPYTER_CONFIG_DIR=f"{sys.prefix}/etc/jupyter",
        JUPYTER_RUNTIME_DIR="/tmp/jupyter",  # noqa: S108 - the container's own tmpfs
        JUPYTERLAB_SETTINGS_DIR=str(settings / "user-settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(settings / "workspaces"),
    )
    for name in SEARCH_PATHS:
        os.environ.pop(name, None)
