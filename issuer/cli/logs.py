"""Where the log of a serving process goes: lines of JSON on stderr, from every library alike.

Rules: one handler, one formatter (``healthpassport.logs``), which decides what may stand in a line.
What is *not* here: what is logged.
"""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

import structlog

from healthpassport.errors import catalogue
from healthpassport.logs import JsonLines
from healthpassport.watching import FAILED
from issuer.service.audit_events import EVENTS
from issuer.service.loops import LOOPS

OWN: Final = ("healthpassport", "issuer")
# Chatty below this, and with values in their messages: they are never heard at "debug".
QUIET: Final = ("asyncio", "httptools", "multipart", "python_multipart", "sqlalchemy")


def formatter() -> JsonLines:
    """How a record of the issuer's log looks."""
    return JsonLines(own=OWN, words=frozenset({*catalogue(), *EVENTS, *LOOPS, FAILED}))


def log_to_stderr(level: str, *, stream: TextIO | None = None) -> logging.Handler:
    """From now on what is logged at ``level`` and above is a line on ``stream``, or stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter())
    logging.raiseExceptions = False  # a fault in logging would print the record as it is
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return handler
