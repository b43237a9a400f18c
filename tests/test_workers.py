"""Tests that use the machine as a whole run one after another, however many processes there are."""

import re
from pathlib import Path

from tests.support.workers import share_of

BRINGS_DOCKER_OR_THE_FIREWALL = re.compile(
    r"^(import docker$|from (hub\.(firewall|network)|tests\.support\.(hub|outside|private_docker)"
    r"|tests\.images\.containers|tests\.journeys\.house) import )",
    re.MULTILINE,
)


def test_every_file_that_uses_docker_or_the_firewall_is_in_the_one_share() -> None:
    using = {
        str(path) for path in Path("tests").rglob("test_*.py") if BRINGS_DOCKER_OR_THE_FIREWALL.search(path.read_text())
    }
    assert len(using) > 10
    assert {path for path in using if share_of(f"{path}::test") != "the machine"} == set()


def test_every_other_file_is_a_share_of_its_own() -> None:
    assert share_of("tests/core/test_forms.py::test_a[x::y]") == "tests/core/test_forms.py"
    assert share_of("tests/attacks/web/test_headers.py::test_a") == "tests/attacks/web/test_headers.py"
