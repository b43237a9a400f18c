"""Stop servers nobody has used for long, so that data are not open for nothing."""

import sys
from typing import Any

IDLE_SECONDS = 8 * 3600
"""How long a server may go without a request or a busy kernel: a computation left over night goes on."""


def configure(c: Any) -> None:
    """Have the hub run jupyterhub-idle-culler with the rights to see activity and to stop, no others."""
    culler = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE_SECONDS}", "--cull-every=300"]
    c.JupyterHub.services = [{"name": "idle-culler", "command": culler}]
    c.JupyterHub.load_roles.append(
        {
            "name": "idle-culler",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": ["idle-culler"],
        }
    )
