"""A Docker daemon of a test's own, in a network of its own, on a host whose resolver is on loopback.

That is the usual state of a host with systemd-resolved or dnsmasq. The machine's own resolver is left alone.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

RESOLVER = """
import socket
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("127.0.0.53", 53))
while True:
    query, peer = own.recvfrom(1000)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    print("asked", ".".join(labels), flush=True)
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x0a\\1\\2\\3"
    own.sendto(query[:2] + b"\\x81\\x80" + query[4:6] + b"\\0\\1\\0\\0\\0\\0" + query[12 : at + 5] + answer, peer)
"""

IN_ITS_OWN_VIEW = """
ip link set lo up
mount --bind {folder}/resolv.conf /etc/resolv.conf
python3 -c '{resolver}' > {folder}/asked &
exec dockerd --data-root {folder}/data --exec-root {folder}/exec --pidfile {folder}/pid --bridge none -H {host}
"""

IMAGE = "looks-up-a-name"


@dataclass
class PrivateDocker:
    """A daemon that answers, with an image that holds `getent` and nothing else."""

    folder: Path
    host: str

    def run(self, *arguments: str) -> str:
        """Run docker's command line against this daemon."""
        done = subprocess.run(["docker", "-H", self.host, *arguments], capture_output=True, text=True, timeout=60)
        return done.stdout

    def look_up(self, name: str, *options: str) -> str:
        """Look a name up in a container with these options."""
        return self.run("run", "--rm", *options, IMAGE, "/usr/bin/getent", "ahostsv4", name)

    @property
    def asked(self) -> set[str]:
        """The names the host's resolver was asked for."""
        return {line.split()[1] for line in (self.folder / "asked").read_text().splitlines()}

    @property
    def version(self) -> tuple[int, ...]:
        found = self.run("version", "--format", "{{.Server.Version}}")
        return tuple(int(part) for part in re.findall(r"\d+", found)[:3])


@contextlib.contextmanager
def private_docker(folder: Path) -> Iterator[PrivateDocker]:
    """Run the daemon until the block ends, with its resolver and an internal network called `inside`."""
    (folder / "resolv.conf").write_text("nameserver 127.0.0.53\n")
    docker = PrivateDocker(folder, f"unix://{folder}/socket")
    script = IN_ITS_OWN_VIEW.format(folder=folder, host=docker.host, resolver=RESOLVER)
    log = (folder / "log").open("wb")
    daemon = subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-ec", script], stdout=log, stderr=log, start_new_session=True
    )
    try:
        _wait(docker, daemon)
        _import_image(docker)
        docker.run("network", "create", "--internal", "--subnet", "10.99.0.0/26", "inside")
        yield docker
    finally:
        os.kill(daemon.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(daemon.pid, signal.SIGKILL)
        log.close()


def _wait(docker: PrivateDocker, daemon: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + 30
    while not docker.run("version", "--format", "{{.Server.Version}}").strip():
        assert daemon.poll() is None, (docker.folder / "log").read_text()[-3000:]
        assert monotonic() < deadline, (docker.folder / "log").read_text()[-3000:]
        sleep(0.2)


def _import_image(docker: PrivateDocker) -> None:
    """Make an image of this host's `getent` and the libraries it is linked with."""
    root = docker.folder / "root"
    getent = shutil.which("getent")
    assert getent
    linked = subprocess.run(["ldd", getent], capture_output=True, text=True, check=True).stdout
    for path in ["/usr/bin/getent", *re.findall(r"/\S+", linked)]:
        copy = root / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    archive = shutil.make_archive(str(root), "tar", root)
    docker.run("import", archive, IMAGE)
