"""A served application with a watcher of its requests around it.

What is *not* here: what watchers tell (``healthpassport.watching``).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Final

from healthpassport.asgi import Application
from healthpassport.watching import Watched, Watcher, log_request

ID_BYTES: Final = 8  # of a request's number in the log: enough to find it within a day


def watched(app: Application, name: str, *, more: Sequence[Watcher] = ()) -> Watched:
    """``app`` with each request in the log, and told to ``more`` watchers."""
    return Watched(
        app,
        name=name,
        watchers=(log_request, *more),
        new_id=lambda: secrets.token_hex(ID_BYTES),
        clock=time.perf_counter,
    )
