"""The notebook image, run as a project's server is: no network, read-only, no capabilities, nobody's user."""

import json
import subprocess
from collections.abc import Callable
from importlib.metadata import version

import pytest

Inside = Callable[..., str]

MODULES = (
    "acro",
    "altair",
    "duckdb",
    "httpx",
    "ipykernel",
    "jupyterhub.singleuser",
    "jupyterlab",
    "lifelines",
    "matplotlib.pyplot",
    "myelin",
    "myelin_server",
    "nibabel",
    "nilearn.image",
    "pandas",
    "polars",
    "pyarrow",
    "SimpleITK",
    "sklearn.linear_model",
    "statsmodels.api",
)
ACRO_TABLE = """
import acro, pandas
people = pandas.DataFrame({"lesions": ["yes", "no"] * 100, "converted": ["yes"] * 100 + ["no"] * 100})
print(acro.ACRO(suppress=True).crosstab(people.lesions, people.converted).to_numpy().tolist())
"""
# What the build used on the host and no researcher needs: certificates, mirrors, and the downloaded packages.
LEFT_BEHIND = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/root/.config", "/root/.cache", "/wheelhouse")


@pytest.fixture(scope="module")
def image() -> str:
    subprocess.run(["scripts/image"], check=True)
    return subprocess.run(["scripts/image-tag"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def inside(image: str) -> Inside:
    """Run a command in a container of the image and return what it prints."""

    def run(*command: str, user: str = "64000:64000") -> str:
        limits = (
            "--network=none",
            "--read-only",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
            f"--user={user}",
        )
        writable = ("--tmpfs=/tmp", "--tmpfs=/home/researcher:uid=64000,gid=64000")
        docker = ["docker", "run", "--rm", *limits, *writable, image, *command]
        return subprocess.run(docker, capture_output=True, text=True, check=True, timeout=120).stdout

    return run


@pytest.mark.parametrize("module", MODULES)
def test_every_promised_package_loads(inside: Inside, module: str) -> None:
    assert inside("python", "-c", f"import {module}; print('loaded')") == "loaded\n"


@pytest.mark.parametrize("package", ["duckdb", "jupyterhub", "polars", "pyarrow"])
def test_what_speaks_with_the_host_has_the_hosts_version(inside: Inside, package: str) -> None:
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    assert inside("python", "-c", ask).strip() == version(package)


def test_acro_works_with_the_pandas_beside_it(inside: Inside) -> None:
    assert "[[50, 50], [50, 50]]" in inside("python", "-c", ACRO_TABLE)


def test_every_module_is_compiled_and_never_looked_at_again(inside: Inside) -> None:
    """Flags 1 in a .pyc is `unchecked-hash` (PEP 552); without byte-code a read-only server compiles at every start."""
    ask = "import pandas, pathlib; print(pathlib.Path(pandas.__cached__).read_bytes()[4:8].hex())"
    assert inside("python", "-c", ask).strip() == "01000000"


def test_nobody_can_become_anyone_else(inside: Inside) -> None:
    assert inside("sh", "-c", "find / -xdev -type f -perm /6000 2>/dev/null || true", user="0") == ""
    assert inside("id", "-u", "-n").strip() == "researcher"


def test_nothing_of_the_building_machine_is_in_the_image(inside: Inside) -> None:
    found = inside("sh", "-c", f"ls -d {' '.join(LEFT_BEHIND)} 2>/dev/null || true", user="0")
    assert found == ""


def test_the_researcher_can_write_only_where_it_is_meant(inside: Inside) -> None:
    writable = inside("sh", "-c", "find / -xdev -writable -not -type l 2>/dev/null || true").split()
    assert {path for path in writable if not path.startswith(("/home/researcher", "/dev/", "/tmp"))} <= {
        "/run/lock",
        "/var/tmp",
    }


def test_the_image_names_no_root_user(image: str) -> None:
    config = json.loads(subprocess.run(["docker", "inspect", image], capture_output=True, check=True).stdout)[0][
        "Config"
    ]
    assert config["User"] == "64000:64000"
