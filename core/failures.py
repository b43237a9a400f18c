"""What is logged of a failure: where it happened and of what kind it was, never its words, which may quote data."""

import secrets
from collections.abc import Iterator, MutableMapping
from traceback import extract_tb
from typing import Any

import structlog

log = structlog.get_logger()


def log_failure(event: str, error: BaseException, **facts: str) -> str:
    """Log a failure under a reference that can be told to whoever met it, and return the reference."""
    reference = secrets.token_hex(4)
    log.error(event, reference=reference, **facts, **facts_of(error))
    return reference


def facts_of(error: BaseException) -> dict[str, list[str]]:
    """Return the kinds of an error and of what led to it, and the places the error passed through."""
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
    return {"kind": [type(one).__name__ for one in _with_causes(error)], "where": where}


def without_words(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write an event's `exc_info` as its facts: the step of the log through which no traceback gets."""
    error = event.pop("exc_info", None)
    return {**event, **facts_of(error)} if isinstance(error, BaseException) else event


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
