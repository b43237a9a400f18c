"""One internal Docker network per project: no route out, no way from one container to the next."""

from ipaddress import IPv4Network
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from core.settings import Settings
from hub.engine import engine
from hub.errors import NetworkUnavailable
from hub.names import PROJECT_LABEL, bridge_name, network_name
from projects.models import gateway_of


def ensure_project_network(settings: Settings, project_id: str, subnet: IPv4Network) -> None:
    """Make the project's network, or leave it where it is exactly as it must be; the host has its first address.

    One with other properties is made anew; raises NetworkUnavailable where it is in use or Docker refuses the subnet.
    """
    wanted = _properties(settings, project_id, subnet)
    with engine() as client:
        found = _find(client, settings, project_id)
        if found is not None and _has(found.attrs, wanted):
            return
        try:
            if found is not None:
                found.remove()
            client.networks.create(**wanted)
        except APIError as error:
            raise NetworkUnavailable(
                f"The network of project {project_id} can not be made: {error.explanation}.",
                f"Stop what uses {network_name(settings, project_id)} or its subnet {subnet}, then try again.",
            ) from error


def remove_project_network(settings: Settings, project_id: str) -> None:
    """Remove the project's network, if there is one; raises NetworkUnavailable while a container is on it."""
    with engine() as client:
        found = _find(client, settings, project_id)
        try:
            if found is not None:
                found.remove()
        except APIError as error:
            raise NetworkUnavailable(
                f"The network of project {project_id} can not be removed: {error.explanation}.",
                "Stop the project's servers first.",
            ) from error


def has_project_network(settings: Settings, project_id: str) -> bool:
    """Tell whether Docker has the project's network."""
    with engine() as client:
        return _find(client, settings, project_id) is not None


def _find(client: Any, settings: Settings, project_id: str) -> Any:
    try:
        return client.networks.get(network_name(settings, project_id))
    except NotFound:
        return None


def _properties(settings: Settings, project_id: str, subnet: IPv4Network) -> dict[str, Any]:
    pool = IPAMPool(subnet=str(subnet), gateway=str(gateway_of(subnet)))
    return {
        "name": network_name(settings, project_id),
        "driver": "bridge",
        "internal": True,
        "enable_ipv6": False,
        "check_duplicate": True,
        "options": {
            "com.docker.network.bridge.name": bridge_name(settings, project_id),
            "com.docker.network.bridge.enable_icc": "false",
            "com.docker.network.bridge.enable_ip_masquerade": "false",
        },
        "labels": {PROJECT_LABEL: project_id},
        "ipam": IPAMConfig(pool_configs=[pool]),
    }


def _has(attrs: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tell whether a network, as Docker describes it, has these properties."""
    pools = [(pool["Subnet"], pool["Gateway"]) for pool in wanted["ipam"]["Config"]]
    return (
        (attrs["Driver"], attrs["Internal"], attrs["EnableIPv6"]) == ("bridge", True, False)
        and (attrs["Options"], attrs["Labels"]) == (wanted["options"], wanted["labels"])
        and [(pool["Subnet"], pool.get("Gateway")) for pool in attrs["IPAM"]["Config"]] == pools
    )
