"""Logs of the long-running parts: one JSON line an event on standard error; events that matter are in the audit log."""

import sys

import structlog

from core.failures import without_words


def configure_logs() -> None:
    """Set up logging once, at the start of a process; of an error only `core.failures` says what is written."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
