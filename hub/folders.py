"""The folders a server writes to: the team's, and one per project and person."""

import os
from pathlib import Path

from core.files import ensure_folder
from core.settings import Settings
from hub.container import RESEARCHER
from projects.models import Access


def ensure_workspace(access: Access, settings: Settings) -> None:
    """Make the team's folder and the person's own where they are missing, owned by who writes to them inside.

    What is above them belongs to root and is closed, so that nothing inside can put a link in their place.
    """
    for folder in (settings.teams / access.project_id, settings.homes / access.project_id / access.username):
        _own(ensure_folder(folder, 0o700))


def _own(folder: Path) -> None:
    if folder.lstat().st_uid != RESEARCHER:
        os.chown(folder, RESEARCHER, RESEARCHER, follow_symlinks=False)
