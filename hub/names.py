"""The names by which containers, networks and bridges of this house are known to Docker and to the kernel."""

from hashlib import sha256

PROJECT_LABEL = "org.myelin.project"
PERSON_LABEL = "org.myelin.person"
ROLE_LABEL = "org.myelin.role"
POOL_LABEL = "org.myelin.pool"
"""The network pool of the installation a container belongs to: what tells two installations on one host apart."""

NOTEBOOK = "notebook"

BRIDGE_PREFIX = "myl-"


def network_name(project_id: str) -> str:
    """Return the name of a project's Docker network."""
    return f"myelin-{project_id}"


def bridge_name(project_id: str) -> str:
    """Return the name of a project's bridge: 12 characters (the kernel takes 15), by which the firewall knows it."""
    return BRIDGE_PREFIX + sha256(project_id.encode()).hexdigest()[:8]


def container_name(username: str, project_id: str) -> str:
    """Return the name of the container of a person's server in a project; slugs hold no double hyphen."""
    return f"myelin-{username}--{project_id}"
