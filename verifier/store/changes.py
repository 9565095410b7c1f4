"""Who waits for a transaction to change, and telling them once the change is kept.

Rules: whoever waits is woken after the commit, in every process where the database can tell others
(PostgreSQL's NOTIFY), else in this one; a wake says that there may be something to see, never what;
the topic is a digest, since anybody who may use the database can listen. What is *not* here: the
ear of other processes (``listening``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from healthpassport.encoding import b64url_encode

CHANNEL: Final = "health_passport_desk"
POSTGRESQL: Final = "postgresql"
DEAF_SECONDS: Final = 0.4  # between looks where others cannot tell: what a person does not notice
HEARD_SECONDS: Final = 5.0  # between looks where they can: for what only time changes
_NOTED: Final = "changed"
_TELL: Final = sa.select(sa.func.pg_notify(CHANNEL, sa.bindparam("name", type_=sa.String)))

Wake: TypeAlias = Callable[[], None]


class Changes:
    """The waiting of one process; one for all organisations of an engine."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        listen: Callable[[Changes], None] | None = None,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.hearing = Event()  # set while the database tells what other processes changed
        self._listen = listen
        self._stop = stop
        self._lock = Lock()
        self._waiting: dict[str, set[Wake]] = {}
        sa.event.listen(engine, "checkin", self._kept)

    @property
    def look_seconds(self) -> float:
        """How long to wait at most before looking without having been woken."""
        return HEARD_SECONDS if self.hearing.is_set() else DEAF_SECONDS

    @contextmanager
    def watching(self, tenant: str, transaction_id: str, wake: Wake) -> Iterator[None]:
        """Call ``wake``, from any thread, whenever that transaction may have changed."""
        name = topic(tenant, transaction_id)
        with self._lock:
            listen, self._listen = self._listen, None
            self._waiting.setdefault(name, set()).add(wake)
        if listen is not None:
            listen(self)
        try:
            yield
        finally:
            with self._lock:
                waiting = self._waiting[name]
                waiting.discard(wake)
                if not waiting:
                    del self._waiting[name]

    def note(self, connection: sa.Connection, tenant: str, transaction_id: str) -> None:
        """Tell of a change once ``connection`` has committed it."""
        name = topic(tenant, transaction_id)
        connection.info.setdefault(_NOTED, []).append(name)
        if connection.dialect.name == POSTGRESQL:
            connection.execute(_TELL, {"name": name})

    def ring(self, name: str) -> None:
        """Wake those who wait for the topic ``name``."""
        with self._lock:
            waking = tuple(self._waiting.get(name, ()))
        for wake in waking:
            wake()

    def ring_all(self) -> None:
        """Wake everybody: something may have been missed."""
        with self._lock:
            names = tuple(self._waiting)
        for name in names:
            self.ring(name)

    def close(self) -> None:
        """Hear nothing any more."""
        self._stop()

    def _kept(self, _raw: object, record: Any) -> None:  # noqa: ANN401 - the pool's own record
        """A connection comes back to the pool: what it noted is kept now, or undone."""
        for name in record.info.pop(_NOTED, ()):
            self.ring(name)


def topic(tenant: str, transaction_id: str) -> str:
    """The name under which a transaction's changes are told."""
    return b64url_encode(hashlib.sha256(f"{tenant}\x00{transaction_id}".encode()).digest()[:16])
