"""The names by which containers, networks and bridges of this house are known to Docker and to the kernel.

Each carries its installation, so that two on one host may have projects of one id.
"""

from hashlib import sha256

from core.settings import Settings

PROJECT_LABEL = "org.myelin.project"
PERSON_LABEL = "org.myelin.person"
ROLE_LABEL = "org.myelin.role"
POOL_LABEL = "org.myelin.pool"
"""The network pool of the installation a container belongs to: what tells two installations on one host apart."""

NOTEBOOK = "notebook"

BRIDGE_PREFIX = "myl-"


def installation(settings: Settings) -> str:
    """Return the short name of an installation on its host: 6 hexadecimal digits of its network pool's hash."""
    return sha256(str(settings.network_pool).encode()).hexdigest()[:6]


def network_name(settings: Settings, project_id: str) -> str:
    """Return the name of a project's Docker network."""
    return f"myelin-{installation(settings)}-{project_id}"


def bridge_name(settings: Settings, project_id: str) -> str:
    """Return the name of a project's bridge: 12 characters (the kernel takes 15), by which the firewall knows it."""
    return BRIDGE_PREFIX + sha256(network_name(settings, project_id).encode()).hexdigest()[:8]


def container_name(settings: Settings, username: str, project_id: str) -> str:
    """Return the name of the container of a person's server in a project; slugs hold no double hyphen."""
    return f"myelin-{installation(settings)}-{username}--{project_id}"
