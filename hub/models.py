"""A person's notebook server in a project, as the control database knows it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ServerState(StrEnum):
    """How far a server is; `starting` and `stopping` are intents whose outcome is still to come."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Server:
    """One person's server in one project, and since when it is in its state."""

    username: str
    project_id: str
    state: ServerState
    changed_at: datetime

    @property
    def audit_name(self) -> str:
        """How the audit log names this server."""
        return server_name(self.username, self.project_id)


def server_name(username: str, project_id: str) -> str:
    """Return how the audit log names a person's server in a project."""
    return f"server:{username}/{project_id}"
