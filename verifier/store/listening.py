"""The ear of a process: PostgreSQL's LISTEN on a connection of its own.

Rules: while nothing is heard the watchers look by themselves as often as without it; after a break
everybody is woken once, since something may have been missed. What is *not* here: who waits
(``changes``).
"""

from __future__ import annotations

from threading import Event, Thread
from typing import Final

import psycopg
from psycopg import sql

from .changes import CHANNEL, Changes

PAUSE_SECONDS: Final = 1.0  # before another try to connect
TURN_SECONDS: Final = 1.0  # at most until it notices that it shall stop


class Ear:
    """Listens at the database ``conninfo`` in a thread of its own, from ``listen`` to ``stop``."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._stopped = Event()
        self._thread: Thread | None = None

    def listen(self, changes: Changes) -> None:
        """Begin to ring ``changes``."""
        self._thread = Thread(target=self._run, args=(changes,), name="ear", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the connection."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(2 * TURN_SECONDS)

    def _run(self, changes: Changes) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True) as connection:
                    self._hear(connection, changes)
            except psycopg.Error:
                changes.hearing.clear()
                self._stopped.wait(PAUSE_SECONDS)

    def _hear(self, connection: psycopg.Connection, changes: Changes) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        changes.hearing.set()
        changes.ring_all()
        while not self._stopped.is_set():
            for notice in connection.notifies(timeout=TURN_SECONDS, stop_after=1):
                changes.ring(notice.payload)
