"""What the log says of a failure."""

import json

import pytest
import structlog

from core.failures import log_failure
from core.logs import configure_logs


@pytest.fixture(autouse=True)
def as_before() -> object:
    yield
    structlog.reset_defaults()


def fail() -> None:
    try:
        int("P0123")
    except ValueError as error:
        raise KeyError("P0123") from error


def test_kinds_and_places_are_logged_and_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    with pytest.raises(KeyError) as failed:
        fail()
    reference = log_failure("duty failed", failed.value, duty="watch")
    structlog.get_logger().error("duty failed", exc_info=failed.value)
    with_reference, as_exc_info = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (with_reference["reference"], with_reference["duty"]) == (reference, "watch")
    for event in (with_reference, as_exc_info):
        assert event["kind"] == ["KeyError", "ValueError"]
        assert event["where"][-1].endswith(" fail")
        assert "P0123" not in str(event)
