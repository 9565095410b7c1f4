"""Served applications with watchers of their requests around them.

What is *not* here: what watchers tell (``healthpassport.watching``).
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

from healthpassport.asgi import Application
from healthpassport.watching import Watched, Watcher, log_request
from issuer.service import IssuerContext

if TYPE_CHECKING:
    from issuer.api.metrics import Metrics

ID_BYTES: Final = 8  # of a request's number in the log: enough to find it within a day


class Watching:
    """The watchers of one process: the log, and what the settings of ``issuer`` ask for."""

    def __init__(self, issuer: IssuerContext) -> None:
        self.metrics: Metrics | None = None
        self._watchers: list[Watcher] = [log_request]
        if issuer.settings.metrics_port is not None:
            from issuer.api.metrics import Metrics  # noqa: PLC0415 - only where they are asked for

            self.metrics = Metrics(issuer)
            self._watchers.append(self.metrics.watch)

    def around(self, app: Application, name: str) -> Watched:
        """``app``, with each request told to every watcher under ``name``."""
        return Watched(
            app,
            name=name,
            watchers=self._watchers,
            new_id=lambda: secrets.token_hex(ID_BYTES),
            clock=time.perf_counter,
        )
