"""What a notebook container is: a function of the access its person has and of the settings; nothing else has a say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.settings import Settings
from hub.names import NOTEBOOK, PERSON_LABEL, POOL_LABEL, PROJECT_LABEL, ROLE_LABEL, network_name
from projects.models import Access

RESEARCHER = 64000
"""User and group inside, and owner of `~` and `/team` outside; nobody on the host."""

HOME = "/home/researcher"

NO_RESOLVER = "203.0.113.53"
"""Where Docker's embedded resolver is told to ask: an address of nobody's (RFC 5737), reached by no route.

Left to itself it asks the host's resolver, and where that is on loopback, Docker before 23.0.11, 25.0.4 and 26.0 asks
it from the host's own network, internal network or not (CVE-2024-29018).
"""

_SHM_BYTES = 256 << 20
_LOG_OPTIONS = {"max-size": "5m", "max-file": "2"}


@dataclass(frozen=True)
class Mount:
    """A folder of the host's inside the container."""

    source: Path
    target: str
    read_only: bool = False


def mounts_of(access: Access, settings: Settings) -> frozenset[Mount]:
    """Return what is mounted for this access: the cut, the team's folder, and the person's own."""
    return frozenset(
        {
            Mount(access.cut_path(settings), "/data", read_only=True),
            Mount(settings.teams / access.project_id, "/team"),
            Mount(settings.homes / access.project_id / access.username, HOME),
        }
    )


def labels_of(access: Access, settings: Settings) -> dict[str, str]:
    """Return the labels by which a container is known to be a person's server in a project of this installation."""
    return {
        ROLE_LABEL: NOTEBOOK,
        POOL_LABEL: str(settings.network_pool),
        PERSON_LABEL: access.username,
        PROJECT_LABEL: access.project_id,
    }


def environment_of(access: Access, settings: Settings) -> dict[str, str]:
    """Return what a container is told beyond JupyterHub's own variables; no secret is among it."""
    return {
        "MYELIN_PROJECT": access.project_id,
        "MYELIN_EGRESS_URL": f"http://{access.gateway}:{settings.egress_port}",
        "MYELIN_SUBMISSION_MAX_FILES": str(settings.submission_max_files),
        "MYELIN_SUBMISSION_MAX_BYTES": str(settings.submission_max_bytes),
    }


def create_options(access: Access, settings: Settings) -> dict[str, Any]:
    """Return the container's own options, as docker-py's `create_container` takes them."""
    return {
        "user": f"{RESEARCHER}:{RESEARCHER}",
        "working_dir": HOME,
        "hostname": access.project_id,
        "labels": labels_of(access, settings),
    }


def host_options(settings: Settings) -> dict[str, Any]:
    """Return what confines the container, as docker-py's `create_host_config` takes it.

    Programs run from `/tmp` as they do from `~`, where nobody can be kept from it; but none gains a right by running.
    """
    return {
        "auto_remove": False,  # a server that dies at start leaves its last words; we remove it ourselves
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={settings.server_tmp_bytes}"},  # noqa: S108  (its own)
        "shm_size": _SHM_BYTES,
        "init": True,
        "memswap_limit": settings.server_memory_bytes,
        "pids_limit": settings.server_pids,
        "oom_score_adj": 500,
        "ulimits": [{"name": "core", "soft": 0, "hard": 0}, {"name": "nofile", "soft": 8192, "hard": 8192}],
        "sysctls": {"net.ipv6.conf.all.disable_ipv6": "1", "net.ipv4.ping_group_range": "1 0"},
        "dns": [NO_RESOLVER],
        "dns_search": ["."],
        "dns_opt": ["timeout:1", "attempts:1"],  # a name that can't be found is told so in a second, not in ten
        "log_config": {"type": "json-file", "config": _LOG_OPTIONS},
    }


def differences(inspected: Mapping[str, Any], access: Access, settings: Settings) -> list[str]:
    """Return in what an existing container, as Docker describes it, is not what this access gives."""
    networks = set(inspected["NetworkSettings"]["Networks"])
    checks = {
        "mounts": _mounts_in(inspected) == mounts_of(access, settings),
        "networks": networks == {network_name(settings, access.project_id)},
        "user": inspected["Config"]["User"] == f"{RESEARCHER}:{RESEARCHER}",
    }
    return [what for what, agrees in checks.items() if not agrees]


def _mounts_in(inspected: Mapping[str, Any]) -> frozenset[Mount]:
    return frozenset(
        Mount(Path(mount.get("Source", "")), mount["Destination"], not mount["RW"]) for mount in inspected["Mounts"]
    )
