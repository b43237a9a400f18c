"""What there is of a project before anything of it is deleted: cuts by their manifests, the key, who has a folder."""

import json
from pathlib import Path
from typing import Any

from core.files import sha256_bytes
from core.secrets import fingerprint
from core.settings import Settings
from core.trees import measure
from data_catalog.editions import MANIFEST
from projects.activation import key_name
from projects.closeout.models import DeletedFile, Home, Inventory, Key, ListedCut
from projects.models import Cut, Project


def list_project(settings: Settings, project: Project) -> Inventory:
    """Look at everything a project has on disk; what the proof will say was deleted."""
    team = measure(settings.teams / project.id)
    return Inventory(
        cuts=tuple(_list_cut(settings, cut) for cut in project.cuts),
        key=_key(settings, project.id),
        homes=tuple(_home(folder) for folder in _folders(settings.homes / project.id)),
        team_files=team.files,
        team_bytes=team.bytes,
    )


def _list_cut(settings: Settings, cut: Cut) -> ListedCut:
    facts: dict[str, Any] = {
        "number": cut.number,
        "made_at": cut.made_at,
        "synthetic": cut.synthetic,
        "manifest_sha256": cut.manifest_sha256,
    }
    if cut.deleted_at is not None:
        return ListedCut(**facts, not_verified="it was deleted before the project was closed, with its manifest")
    try:
        content = (cut.folder(settings) / MANIFEST).read_bytes()
    except FileNotFoundError:
        return ListedCut(**facts, not_verified="its manifest is missing")
    if sha256_bytes(content) != cut.manifest_sha256:
        return ListedCut(**facts, not_verified="its manifest is not the one it was published with")
    manifest = json.loads(content)
    files = [DeletedFile(**{name: file[name] for name in DeletedFile.model_fields}) for file in manifest["files"]]
    scans = {dataset_id: told["scans"] for dataset_id, told in manifest["scans"].items()}
    return ListedCut(**facts, files=tuple(files), scans=scans)


def _key(settings: Settings, project_id: str) -> Key | None:
    name = key_name(project_id)
    found = fingerprint(settings, name)
    return None if found is None else Key(name=name, fingerprint=found)


def _home(folder: Path) -> Home:
    size = measure(folder)
    return Home(username=folder.name, files=size.files, bytes=size.bytes)


def _folders(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []
