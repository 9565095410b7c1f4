"""Where the events of the services go while a command runs: to stderr, never between the data.

Rules: JSON lines with events and codes, never a value of a record. What is *not* here: what is told
to a person (``output``).
"""

from __future__ import annotations

import logging
import sys

import structlog


def to_stderr(level: int = logging.WARNING) -> None:
    """From now on events of ``level`` and above are lines on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_stderr,
    )


def _stderr(*_names: object) -> structlog.PrintLogger:
    """Whatever stderr is when the event comes."""
    return structlog.PrintLogger(sys.stderr)
