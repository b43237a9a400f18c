"""The demo's clock: every process sees it set, it goes forward only, and no other installation has one."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from core.audit.log import newest_entries
from core.clock import clock_of, utc_now
from core.database import Database
from core.errors import Refused, Unavailable
from core.files import ensure_folder
from core.people.models import SystemActor
from core.settings import Settings
from ops.demo.clock import set_clock
from ops.demo.run import environment

CLOSES = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)
BLINK = timedelta(seconds=20)


@pytest.fixture
def demo(settings: Settings) -> Settings:
    ensure_folder(settings.state)
    return settings


def demo_database(settings: Settings) -> Database:
    database = Database(settings.database, clock_of(settings))
    database.create_all()
    return database


def test_it_is_right_until_it_is_set(demo: Settings) -> None:
    assert abs(clock_of(demo)() - utc_now()) < BLINK


def test_it_goes_on_from_where_it_was_set_and_that_is_on_record(demo: Settings) -> None:
    database = demo_database(demo)
    set_clock(database, CLOSES)
    assert CLOSES <= database.clock() < CLOSES + BLINK
    with database.read() as connection:
        (entry,) = newest_entries(connection, 1)
    assert entry.action == "ops:clock:set"
    assert CLOSES <= entry.at < CLOSES + BLINK
    database.close()


def test_it_is_not_set_back_behind_what_is_on_record(demo: Settings) -> None:
    database = demo_database(demo)
    with database.write(SystemActor("setup")) as tx:
        tx.record("core:thing:happen", "thing:1")
    with pytest.raises(Refused, match="Time goes forward"):
        set_clock(database, CLOSES)
    assert abs(database.clock() - utc_now()) < BLINK
    database.close()


@pytest.mark.parametrize("text", ["", "tomorrow", "1e300"])
def test_one_that_says_nothing_is_not_taken_for_right(demo: Settings, text: str) -> None:
    (demo.state / "clock").write_text(text)
    with pytest.raises(Unavailable, match="can not be read"):
        clock_of(demo)()


def test_in_production_nothing_moves_it(demo: Settings) -> None:
    database = demo_database(demo)
    set_clock(database, CLOSES + timedelta(days=4000))
    production = Settings(**{**demo.model_dump(), "mode": "production"})
    assert clock_of(production) is utc_now
    with pytest.raises(Refused, match="Only a demo"):
        set_clock(Database(production.database, clock_of(production)), CLOSES)
    database.close()


def test_the_command_shows_and_sets_it(demo: Settings) -> None:
    def clock(*moment: str) -> "subprocess.CompletedProcess[str]":
        program = [sys.executable, "-m", "ops", "demo", "clock", *moment]
        return subprocess.run(
            program, env={**os.environ, **environment(demo)}, capture_output=True, text=True, check=False
        )

    assert "17 June 2026, 12:00 UTC" in clock("2026-06-17T12:00").stdout
    assert "17 June 2026" in clock().stdout
    refused = clock("2026-06-16T12:00")
    assert refused.returncode == 3
    assert "Time goes forward" in refused.stderr
