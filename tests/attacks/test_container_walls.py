"""The walls of a notebook container: what a program tries in it fails, and works where they are missing."""

from collections.abc import Iterator
from typing import Any

import docker
import pytest

from tests.support.hub import House, RunningHub, containers_of, hub_settings, running_hub
from tests.support.outside import run_inside, sleeper

MEMORY, PROCESSES, TMP = 768 << 20, 200, 64 << 20

SYSCALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""

ATTACKS = {
    "write into the cut": "open('/data/added', 'w').close()",
    "change a file of the cut": "open('/data/manifest.json', 'a').close()",
    "write into the image": "open('/etc/added', 'w').close()",
    "mount the cut for writing": SYSCALL + "call(165, b'none', b'/data', b'', 32 | 4096, b'')",
    "make a device": "import os; os.mknod('/dev/shm/disk', 0o060600, os.makedev(254, 0))",
    "become root": "import os; os.chown('/tmp', 1, 1) or os.setgid(1) or os.setuid(1)",
    "set a kernel parameter": "f = open('/proc/sys/kernel/core_pattern', 'r+'); f.write(f.read())",
    "change its control group": "open('/sys/fs/cgroup/memory/memory.limit_in_bytes', 'r+').close()",
    "use the kernel's keyring": SYSCALL + "call(248, b'user', b'a', b'b', 1, -2)",
    "make a user namespace": SYSCALL + "call(272, 0x10000000)",
    "open a raw socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)",
    "send a ping": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)",
    "load a kernel program": SYSCALL
    + "call(321, 0, ctypes.create_string_buffer(b'\\1\\0\\0\\0\\4\\0\\0\\0\\4\\0\\0\\0\\1', 72), 72)",
}

OUTCOME = """
try:
    exec(compile({program!r}, "attack", "exec"))
    print("it worked")
except OSError as error:
    print("refused:", error.strerror)
"""


@pytest.fixture(scope="module")
def small(provider: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that gives its servers little."""
    limits = {"server_memory_bytes": MEMORY, "server_pids": PROCESSES, "server_tmp_bytes": TMP}
    with running_hub(hub_settings(tmp_path_factory.mktemp("small"), provider, **limits)) as hub:
        yield hub


@pytest.fixture(scope="module")
def server(small: RunningHub) -> Any:
    house = House(small)
    rosa = house.person()
    study = house.project(rosa)
    assert small.visitor(rosa).spawn(rosa, study).is_success
    return containers_of(study)[0]


@pytest.fixture(scope="module")
def unprotected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A container as root, with the capabilities these attacks need, nothing read-only, and without seccomp."""
    data = tmp_path_factory.mktemp("data")
    (data / "manifest.json").touch()
    volumes = {str(data): {"bind": "/data"}, "/sys/fs/cgroup": {"bind": "/sys/fs/cgroup"}}
    rights = {"cap_add": ["SYS_ADMIN"], "security_opt": ["seccomp=unconfined"]}
    with sleeper("bridge", user="0:0", volumes=volumes, **rights) as container:
        assert container.exec_run(["mount", "-o", "remount,rw,bind", "/proc/sys"]).exit_code == 0
        yield container


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_fails_in_a_notebook_container(server: Any, attack: str) -> None:
    assert "refused" in run_inside(server, OUTCOME.format(program=ATTACKS[attack]))


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_works_without_the_walls(unprotected: Any, attack: str) -> None:
    assert "it worked" in run_inside(unprotected, OUTCOME.format(program=ATTACKS[attack]))


def test_no_program_in_it_changes_who_runs_it(server: Any) -> None:
    found, _ = server.exec_run(["find", "/", "-xdev", "-perm", "/6000", "-type", "f"], demux=True).output
    assert not found


def test_nothing_of_the_hosts_docker_is_in_it(server: Any) -> None:
    program = "import os; print([p for p in ('/run/docker.sock', '/var/run/docker.sock') if os.path.exists(p)])"
    assert run_inside(server, program).strip() == "[]"


def test_a_fork_bomb_stops_at_the_limit(server: Any) -> None:
    bomb = """
import os, signal, time
children = []
try:
    while True:
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(0)
        children.append(child)
except OSError as error:
    print(len(children), error.strerror)
for child in children:
    os.kill(child, signal.SIGKILL)
"""
    made, why = run_inside(server, bomb).split(maxsplit=1)
    assert int(made) < PROCESSES
    assert "temporarily unavailable" in why


def test_a_memory_bomb_ends_itself_and_swaps_nothing(server: Any) -> None:
    bomb = "held = []\nwhile True: held.append(bytearray(16 << 20)); print(len(held) * 16, flush=True)"
    ended = server.exec_run(["python", "-I", "-c", bomb])
    assert ended.exit_code == 137
    assert int(ended.output.split()[-1]) << 20 < MEMORY
    server.reload()
    assert server.attrs["HostConfig"]["MemorySwap"] == MEMORY


def test_tmp_is_full_at_its_limit(server: Any) -> None:
    fill = """
import os
written = 0
try:
    with open("/tmp/fill", "wb", buffering=0) as file:
        while True:
            written += file.write(bytes(1 << 20))
except OSError as error:
    print(written, error.strerror)
os.unlink("/tmp/fill")
"""
    written, why = run_inside(server, fill).split(maxsplit=1)
    assert int(written) <= TMP
    assert "No space left" in why


def test_the_limits_are_those_of_the_settings(server: Any) -> None:
    limits = docker.from_env().api.inspect_container(server.id)["HostConfig"]
    assert (limits["Memory"], limits["PidsLimit"]) == (MEMORY, PROCESSES)
    assert f"size={TMP}" in limits["Tmpfs"]["/tmp"]
