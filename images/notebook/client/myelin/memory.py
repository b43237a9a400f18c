"""How much memory the database may take without the container being killed."""

import os
from pathlib import Path

SHARE = 0.5
"""DuckDB's share of the container's memory; pandas, the kernel and what spills to /tmp (memory too) need the rest."""

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),  # version 2
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),  # version 1
)


def database_memory(limits: tuple[Path, ...] = CGROUP_LIMITS) -> int:
    """Return the bytes DuckDB may use: a share of the container's limit, or of the machine's memory if that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(min([machine, *_given(limits)]) * SHARE)


def _given(limits: tuple[Path, ...]) -> list[int]:
    texts = (path.read_text().strip() for path in limits if path.is_file())
    return [int(text) for text in texts if text.isdigit()]
