"""What the tests of projects share."""

from collections.abc import Callable

import pytest

from core.database import Database


@pytest.fixture
def reopened(database: Database) -> Callable[[], Database]:
    """Open the control database once more: a process that was forked can't use its parent's connections."""
    address = database.engine.url.render_as_string(hide_password=False)
    return lambda: Database(address, database.clock)
