"""Where things are inside the container."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from myelin.errors import ServiceUnavailable


@dataclass(frozen=True)
class Workspace:
    """Name the folders of a notebook: the cut (read-only), the person's own, the team's, and scratch space."""

    data: Path = Path("/data")
    home: Path = field(default_factory=Path.home)
    team: Path = Path("/team")
    scratch: Path = Path("/tmp/duckdb")  # noqa: S108 - the container's own tmpfs, gone with it

    @property
    def views(self) -> Path:
        """The DuckDB file that holds the project's views."""
        return self.data / "project.duckdb"

    @property
    def dictionary(self) -> Path:
        """The description of every approved variable."""
        return self.data / "dictionary.json"


@dataclass(frozen=True)
class Limits:
    """Say how much one request may hold; the egress service decides, this only saves a wasted upload."""

    files: int = 20
    total_bytes: int = 50 * 2**20

    @classmethod
    def from_environment(cls) -> "Limits":
        """Read the limits the hub gave this server, or keep the defaults of the egress service."""
        return cls(
            files=int(os.environ.get("MYELIN_SUBMISSION_MAX_FILES", cls.files)),
            total_bytes=int(os.environ.get("MYELIN_SUBMISSION_MAX_BYTES", cls.total_bytes)),
        )


@dataclass(frozen=True)
class EgressAddress:
    """Name the egress service and the token of this server, both given by the hub."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def from_environment(cls) -> "EgressAddress":
        """Read the address; raises ServiceUnavailable where the hub gave none."""
        url, token = os.environ.get("MYELIN_EGRESS_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
        if not url or not token:
            raise ServiceUnavailable(
                "This session does not know the egress service.",
                "Start your project's server from the portal, and run this in a notebook there.",
            )
        return cls(url, token)
