"""What stands for the world outside a project's network: a container elsewhere, and listeners on this host.

A probe counts as let through when the other end saw the nonce or answered it; that a `connect()` succeeded proves
nothing. Everything here is on this machine.
"""

import contextlib
import json
import secrets
import socket
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Protocol

import docker

IMAGE = "myelin/notebook:latest"
PORT = 7007

PROBE = """
import json, socket, struct, sys
from concurrent.futures import ThreadPoolExecutor
kind, nonce, targets = sys.argv[1], sys.argv[2].encode(), json.loads(sys.argv[3])
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
def exchange(host, port):
    if kind == "http":
        with socket.create_connection((host, port), 2) as s:
            s.settimeout(2)
            s.sendall(b"GET /hub/api/ HTTP/1.0\\r\\n\\r\\n")
            return nonce if s.recv(5) == b"HTTP/" else b""
    if kind == "tcp":
        with socket.create_connection((host, port), 2) as s:
            s.settimeout(2)
            s.sendall(nonce)
            return s.recv(100)[::-1]
    if kind == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(2)
            s.sendto(nonce, (host, port))
            return s.recv(100)[::-1]
    head = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    packet = struct.pack("!BBHHH", 8, 0, checksum(head + nonce), 1, 1) + nonce
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as s:
        s.settimeout(2)
        s.sendto(packet, (host, 0))
        return s.recv(1000)[-len(nonce):]
def answers(target):
    try:
        return exchange(*target) == nonce
    except OSError:
        return False
with ThreadPoolExecutor(32) as many:
    print(json.dumps(list(many.map(answers, targets))))
"""

ECHO = """
import socket, sys, threading
port = int(sys.argv[1])
tcp = socket.create_server(("0.0.0.0", port))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", port))
def answer_udp():
    while True:
        data, peer = udp.recvfrom(1000)
        print("saw", data.decode("latin-1"), flush=True)
        udp.sendto(data[::-1], peer)
threading.Thread(target=answer_udp, daemon=True).start()
print("ready", flush=True)
while True:
    connection, _ = tcp.accept()
    with connection:
        data = connection.recv(1000)
        print("saw", data.decode("latin-1"), flush=True)
        connection.sendall(data[::-1])
"""


Target = tuple[str, int]


def reached(container: Any, kind: str, targets: Iterable[Target], *listeners: "Listener") -> set[Target]:
    """Send a nonce from inside a container to each target at once, and return those that answered it.

    `kind` is tcp, udp or icmp; http asks for any web server's answer. Raises AssertionError where a listener saw a
    nonce that was never answered: then something got out although nothing came back.
    """
    nonce, listed = secrets.token_hex(8), list(targets)
    answered = json.loads(run_inside(container, PROBE, kind, nonce, json.dumps(listed)))
    got_through = {target for target, through in zip(listed, answered, strict=True) if through}
    assert got_through or not any(listener.saw(nonce) for listener in listeners)
    return got_through


def run_inside(container: Any, program: str, *arguments: str) -> str:
    """Run a Python program in a container, as its own user, and return what it said."""
    return str(container.exec_run(["python", "-I", "-c", program, *arguments]).output.decode())


class Listener(Protocol):
    """Something that answers each nonce backwards and remembers it."""

    def saw(self, nonce: str) -> bool: ...


@dataclass
class Elsewhere:
    """A container on some network that listens."""

    container: Any
    host: str
    port: int = PORT

    @property
    def target(self) -> "Target":
        return self.host, self.port

    def saw(self, nonce: str) -> bool:
        return f"saw {nonce}" in self.container.logs().decode()


@dataclass
class OnHost:
    """A listener on every address of this host."""

    port: int
    seen: list[str] = field(default_factory=list)

    def saw(self, nonce: str) -> bool:
        return nonce in self.seen


@contextlib.contextmanager
def network(**options: Any) -> Iterator[Any]:
    """Make a Docker network of a test's own, not one of a project."""
    made = docker.from_env().networks.create(f"test-{secrets.token_hex(4)}", driver="bridge", **options)
    made.reload()
    try:
        yield made
    finally:
        made.remove()


def gateway_of(made: Any) -> str:
    """Return the address this host has on a Docker network."""
    return str(made.attrs["IPAM"]["Config"][0]["Gateway"])


@contextlib.contextmanager
def sleeper(network_name: str, **options: Any) -> Iterator[Any]:
    """Run a container on this network that does nothing, so that programs can be run in it."""
    run = docker.from_env().containers.run
    container = run(IMAGE, ["sleep", "600"], detach=True, init=True, network=network_name, **options)
    try:
        yield container
    finally:
        container.remove(force=True)


@contextlib.contextmanager
def echo(network_name: str, **options: Any) -> Iterator[Elsewhere]:
    """Run a container on this network that answers on TCP and UDP."""
    run = docker.from_env().containers.run
    program = ["python", "-I", "-c", ECHO, str(PORT)]
    container = run(IMAGE, program, detach=True, init=True, network=network_name, **options)
    try:
        for line in container.logs(stream=True, follow=True):
            if line.strip() == b"ready":
                break
        container.reload()
        yield Elsewhere(container, address_of(container, network_name))
    finally:
        container.remove(force=True)


@contextlib.contextmanager
def host_listener(port: int = 0, address: str = "0.0.0.0") -> Iterator[OnHost]:
    """Answer on TCP and UDP on one address of this host or all, on this port or one of the kernel's choice."""
    tcp = socket.create_server((address, port))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, tcp.getsockname()[1]))
    listener = OnHost(tcp.getsockname()[1])
    for serve, own in ((_serve_tcp, tcp), (_serve_udp, udp)):
        Thread(target=serve, args=(own, listener), daemon=True).start()
    try:
        yield listener
    finally:
        for own in (tcp, udp):
            with contextlib.suppress(OSError):  # not connected, but it wakes who waits
                own.shutdown(socket.SHUT_RDWR)
            own.close()


def _serve_tcp(own: socket.socket, listener: OnHost) -> None:
    with contextlib.suppress(OSError):  # closed at the end of the test
        while True:
            connection, _ = own.accept()
            with connection:
                data = connection.recv(1000)
                listener.seen.append(data.decode("latin-1"))
                connection.sendall(data[::-1])


def _serve_udp(own: socket.socket, listener: OnHost) -> None:
    with contextlib.suppress(OSError):
        while True:
            data, peer = own.recvfrom(1000)
            listener.seen.append(data.decode("latin-1"))
            own.sendto(data[::-1], peer)


def address_of(container: Any, network_name: str) -> str:
    """Return a container's address on a network."""
    return str(container.attrs["NetworkSettings"]["Networks"][network_name]["IPAddress"])


def host_addresses() -> set[str]:
    """Return this host's IPv4 addresses, without loopback."""
    listed = json.loads(subprocess.run(["ip", "-j", "-4", "addr"], capture_output=True, check=True).stdout)
    return {entry["local"] for link in listed if link["ifname"] != "lo" for entry in link["addr_info"]}
