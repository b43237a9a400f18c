"""Logs of the long-running parts: one JSON line an event on standard error; events that matter are in the audit log."""

import sys

import structlog


def configure_logs() -> None:
    """Set up logging once, at the start of a process.

    Tracebacks are the plain ones: structlog's own shows local variables, which may be data.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
