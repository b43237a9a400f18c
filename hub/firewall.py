"""Close the host and every other network to project networks, all but two ports on the project's own gateway.

An internal Docker network has no route out, yet a container on it reaches every port the host listens on, by any of
the host's addresses. These rules drop that. They live in the `mangle` table: Docker, ufw and firewalld write theirs in
`filter`, and whatever is accepted there, a packet dropped here never gets that far. (ACCEPT here only means: no further
rule of this table.) They speak of interfaces called `myl-…`, and so hold for a network before its first container.

An installation is known on its host by its network pool, and has a chain of its own for what it lets through; that
everything else is dropped is one rule for all. A host whose own firewall drops what comes in must let the two ports
through for `myl-+`.
"""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from core.settings import Settings
from hub.errors import FirewallMissing
from hub.names import BRIDGE_PREFIX

_FAMILIES = ("iptables", "ip6tables")
_JUMP = "-A INPUT -j MYELIN-"
_CLOSED = "MYELIN-CLOSED"
_FORWARD = "MYELIN-FORWARD"
_SHARED = {
    _CLOSED: [f"-A {_CLOSED} -i {BRIDGE_PREFIX}+ -j DROP"],
    _FORWARD: [f"-A {_FORWARD} {way} {BRIDGE_PREFIX}+ -j DROP" for way in ("-i", "-o")],
}
CONNECTIONS = 64
"""How many connections to the hub and the egress API one container may hold: an eighth of what the latter takes."""

_LOCK = Path("/run/lock/myelin-firewall")
_HINT = "Starting the hub puts them back; no server starts until then."

# Without it, packets between two containers on one bridge never meet a firewall.
_BRIDGED = tuple(Path(f"/proc/sys/net/bridge/bridge-nf-call-{family}") for family in _FAMILIES)


def ensure_firewall(settings: Settings) -> None:
    """Put the rules in place, before all others, in one step a family; raises FirewallMissing where that fails."""
    for switch in _BRIDGED:
        if switch.exists():
            switch.write_text("1")
    with _one_at_a_time():
        for family in _FAMILIES:
            rules = {**_SHARED, _chain(settings): _own(family, settings)}
            _restore(family, rules, jumps={_chain(settings), *_jumps(_present(family))} - {_CLOSED})
        check_firewall(settings)


def remove_firewall(settings: Settings) -> None:
    """Let nothing of this installation through any more; what is shared stays, and stays closed."""
    with _one_at_a_time():
        for family in _FAMILIES:
            present = _present(family)
            if f"-N {_chain(settings)}" in present:
                _restore(family, _SHARED, jumps={*_jumps(present)} - {_CLOSED, _chain(settings)})
                _run([family, "-w", "-t", "mangle", "-F", _chain(settings)])
                _run([family, "-w", "-t", "mangle", "-X", _chain(settings)])


def check_firewall(settings: Settings) -> None:
    """Raise FirewallMissing unless every rule is in place, none is added to them and none comes before them."""
    for switch in _BRIDGED:
        if not switch.exists() or switch.read_text().strip() != "1":
            raise FirewallMissing(f"Packets on bridges do not pass the firewall: {switch} is not 1.", _HINT)
    for family in _FAMILIES:
        present = _present(family)
        for chain, rules in {**_SHARED, _chain(settings): _own(family, settings)}.items():
            if _rules(present, chain) != rules:
                raise FirewallMissing(f"The {family} rules of mangle {chain} are missing or changed.", _HINT)
        first = _jumps(present)
        if _chain(settings) not in first or first[-1] != _CLOSED:
            raise FirewallMissing(f"Our {family} rules are not the first of mangle INPUT.", _HINT)
        if _rules(present, "FORWARD")[:1] != [f"-A FORWARD -j {_FORWARD}"]:
            raise FirewallMissing(f"{_FORWARD} is not the first {family} rule of mangle FORWARD.", _HINT)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep two processes of ours from writing what each read before the other wrote."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _chain(settings: Settings) -> str:
    return f"MYELIN-{int(settings.network_pool.network_address):08X}"


def _own(family: str, settings: Settings) -> list[str]:
    inside = f"{settings.hub_api_port},{settings.egress_port}"
    projects = f"-A {_chain(settings)} -s {settings.network_pool} -i {BRIDGE_PREFIX}+ -p tcp"
    answers = "-m conntrack --ctstate ESTABLISHED --ctdir REPLY"  # to the proxy, which speaks first
    own_gateway = "-m addrtype --dst-type LOCAL --limit-iface-in"  # an address of the interface it came in by
    many = f"-m connlimit --connlimit-above {CONNECTIONS} --connlimit-mask 32 --connlimit-saddr"
    let_through = [
        f"{projects} {answers} -j ACCEPT",
        f"{projects} -m multiport --dports {inside} {many} -j DROP",
        f"{projects} {own_gateway} -m multiport --dports {inside} -j ACCEPT",
    ]
    ours = f"{settings.proxy_api_port},{inside}"
    closed = f"-A {_chain(settings)} ! -i lo -p tcp -m multiport --dports {ours} -j DROP"
    return [*let_through, closed] if family == "iptables" else [closed]


def _restore(family: str, rules: dict[str, list[str]], jumps: set[str]) -> None:
    """Write these chains anew and jump to them before anything else, in one step: there is no moment without."""
    present = _present(family)
    old = [rule for rule in present if rule.startswith((_JUMP, f"-A FORWARD -j {_FORWARD}"))]
    lines = [
        "*mangle",
        *[f":{chain} - [0:0]" for chain in rules],
        *[rule for chain in rules.values() for rule in chain],
        *[rule.replace("-A", "-D", 1) for rule in old],
        *[f"-I INPUT -j {chain}" for chain in (_CLOSED, *sorted(jumps, reverse=True))],
        f"-I FORWARD -j {_FORWARD}",
        "COMMIT",
        "",
    ]
    _run([f"{family}-restore", "-w", "--noflush"], "\n".join(lines))


def _present(family: str) -> list[str]:
    return _run([family, "-w", "-t", "mangle", "-S"]).splitlines()


def _rules(present: list[str], chain: str) -> list[str]:
    return [rule for rule in present if rule.startswith(f"-A {chain} ")]


def _jumps(present: list[str]) -> list[str]:
    """Return the chains of ours that come before anything else in INPUT, in order."""
    first = takewhile(lambda rule: rule.startswith(_JUMP), _rules(present, "INPUT"))
    return [rule.split()[-1] for rule in first]


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
