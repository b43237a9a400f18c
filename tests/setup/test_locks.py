"""The locks install anywhere: every package has one version and its hashes, and no address of a mirror."""

import json
import re
from pathlib import Path

import pytest

LOCKS = ("host", "dev", "image", "oracle")
PINNED = re.compile(r"^([a-z0-9.-]+)==[0-9][0-9a-z.]*(?: ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def lines(lock: str) -> list[str]:
    return [
        line
        for line in Path("requirements", f"{lock}.lock").read_text().splitlines()
        if line and not line.startswith("#")
    ]


def versions(lock: str) -> dict[str, str]:
    return dict(line.removesuffix(" \\").split("==") for line in lines(lock) if not line.startswith(" "))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: str) -> None:
    stray = [line for line in lines(lock) if not PINNED.match(line) and not HASH.match(line)]
    assert stray == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_covers_every_requirement(lock: str) -> None:
    asked = [line.split("[")[0] for line in Path("requirements", f"{lock}.in").read_text().splitlines()]
    missing = {name.lower() for name in asked if not name.startswith(("#", "-"))} - versions(lock).keys()
    assert missing == set()


@pytest.mark.parametrize("lock", ["dev", "image"])
def test_what_the_host_has_too_is_the_same_version(lock: str) -> None:
    host, other = versions("host"), versions(lock)
    assert {name: other[name] for name in host.keys() & other.keys()} == {
        name: host[name] for name in host.keys() & other.keys()
    }


def test_the_node_lock_holds_hashes_and_no_registry() -> None:
    packages = json.loads(Path("package-lock.json").read_text())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert [path for path, package in installed.items() if "integrity" not in package] == []
    assert [path for path, package in installed.items() if "resolved" in package] == []
