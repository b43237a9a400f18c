"""Close the host and every other network to project networks, all but two ports on the project's own gateway.

An internal Docker network has no route out, yet a container on it reaches every port the host listens on, by any of
the host's addresses. These rules drop that. They live in the `mangle` table: Docker, ufw and firewalld write theirs in
`filter`, and whatever is accepted there, a packet dropped here never gets that far. The rules speak of interfaces
called `myl-…` and so hold for a network before its first container. One host carries one installation.

A host whose own firewall drops what comes in must let the two ports through for `myl-+`.
"""

import subprocess
from pathlib import Path

from core.settings import Settings
from hub.errors import FirewallMissing
from hub.names import BRIDGE_PREFIX

_PROJECTS = f"-i {BRIDGE_PREFIX}+"
_TO_PROJECTS = f"-o {BRIDGE_PREFIX}+"
_FAMILIES = ("iptables", "ip6tables")
_JUMPS = {"INPUT": "-A INPUT -j MYELIN-INPUT", "FORWARD": "-A FORWARD -j MYELIN-FORWARD"}
_CHAINS = ("MYELIN-INPUT", "MYELIN-PROJECTS", "MYELIN-FORWARD")

# Without it, packets between two containers on one bridge never meet a firewall.
_BRIDGED = tuple(Path(f"/proc/sys/net/bridge/bridge-nf-call-{family}") for family in _FAMILIES)


def ensure_firewall(settings: Settings) -> None:
    """Put the rules in place, first in their chains, in one step a family; raises FirewallMissing where that fails."""
    for switch in _BRIDGED:
        if switch.exists():
            switch.write_text("1")
    for family in _FAMILIES:
        _run([f"{family}-restore", "-w", "--noflush"], _restore_text(family, settings))
    check_firewall(settings)


def check_firewall(settings: Settings) -> None:
    """Raise FirewallMissing unless every rule is in place, nothing is added to it and nothing comes before it."""
    for switch in _BRIDGED:
        if not switch.exists() or switch.read_text().strip() != "1":
            raise FirewallMissing(f"Packets on bridges do not pass the firewall: {switch} is not 1.", _HINT)
    for family in _FAMILIES:
        present = _present(family)
        if _ours(present) != _wanted(family, settings):
            raise FirewallMissing(f"The project networks' {family} rules are missing or changed.", _HINT)
        for chain, jump in _JUMPS.items():
            if next((rule for rule in present if rule.startswith(f"-A {chain} ")), "") != jump:
                raise FirewallMissing(f"{jump.split()[-1]} is not the first {family} rule of mangle {chain}.", _HINT)


_HINT = "Starting the hub puts them back; no server starts until then."


def _wanted(family: str, settings: Settings) -> list[str]:
    inside = f"{settings.hub_api_port},{settings.egress_port}"
    ours = f"{settings.proxy_api_port},{inside}"
    own_gateway = "-m addrtype --dst-type LOCAL --limit-iface-in"  # an address of the interface it came in by
    answers = "-m conntrack --ctstate ESTABLISHED --ctdir REPLY"  # to the proxy, which speaks first
    pool = f"-s {settings.network_pool} -p tcp"
    let_through = [f"{pool} {answers} -j RETURN", f"{pool} {own_gateway} -m multiport --dports {inside} -j RETURN"]
    return [
        f"-A MYELIN-INPUT {_PROJECTS} -g MYELIN-PROJECTS",
        f"-A MYELIN-INPUT ! -i lo -p tcp -m multiport --dports {ours} -j DROP",
        *[f"-A MYELIN-PROJECTS {rule}" for rule in (let_through if family == "iptables" else [])],
        "-A MYELIN-PROJECTS -j DROP",
        f"-A MYELIN-FORWARD {_PROJECTS} -j DROP",
        f"-A MYELIN-FORWARD {_TO_PROJECTS} -j DROP",
    ]


def _restore_text(family: str, settings: Settings) -> str:
    present = _present(family)
    old_jumps = [rule.replace("-A ", "-D ", 1) for rule in present if rule in _JUMPS.values()]
    new_jumps = [rule.replace("-A ", "-I ", 1) for rule in _JUMPS.values()]
    chains = [f":{chain} - [0:0]" for chain in _CHAINS]
    return "\n".join(["*mangle", *chains, *_wanted(family, settings), *old_jumps, *new_jumps, "COMMIT", ""])


def _present(family: str) -> list[str]:
    return _run([family, "-w", "-t", "mangle", "-S"]).splitlines()


def _ours(present: list[str]) -> list[str]:
    return [rule for chain in _CHAINS for rule in present if rule.startswith(f"-A {chain} ")]


def _run(command: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, check=True)
    except FileNotFoundError as error:
        raise FirewallMissing(f"{command[0]} is not installed.", "Install the package `iptables`.") from error
    except subprocess.CalledProcessError as error:
        raise FirewallMissing(f"{command[0]} failed: {error.stderr.strip()}.", _HINT) from error
    except subprocess.TimeoutExpired as error:
        raise FirewallMissing(f"{command[0]} did not answer.", _HINT) from error
    return done.stdout
