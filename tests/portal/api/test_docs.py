"""The document on the API: its commands are run as they stand, and what it says of statuses is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from core.tokens.models import TokenScope
from core.tokens.service import make_token
from portal.api.app import PREFIX
from portal.api.problems import EXPECTED, ProblemDetails
from portal.app import make_app
from tests.egress_review.world import World
from tests.support.server import free_port, serving

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["bash", "-euc", blocks("bash")], ('"username":"lena"', '"id":"cis-spinal"')),
        (
            [sys.executable, "-c", blocks("python")],
            ("409 Walking speed after a first episode", "question is not answered yet", "2 applications"),
        ),
    ],
    ids=["curl", "python"],
)
def test_the_example_runs(
    house: World,
    settings: Settings,
    database: Database,
    people: dict[str, Person],
    command: list[str],
    said: tuple[str],
) -> None:
    port = free_port()
    here = Settings(**{**settings.model_dump(), "portal_url": f"http://127.0.0.1:{port}"})
    token, _ = make_token(database, people["lena"], "the example", TokenScope.WRITE, 1, second_factor=True)
    environment = {**os.environ, "MYELIN_URL": f"{here.portal_url}{PREFIX}", "MYELIN_TOKEN": token, "NO_PROXY": "*"}
    with serving(make_app(database, here), port):
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    for words in said:
        assert words in ran.stdout


def test_every_status_and_field_of_a_problem_is_explained() -> None:
    own = TEXT.partition("## Refusals")[2]
    assert [status for status in EXPECTED if status < 500 and f"| {status} |" not in own] == []
    assert [field for field in ProblemDetails.model_fields if f"`{field}`" not in own] == []
