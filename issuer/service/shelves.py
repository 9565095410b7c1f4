"""What staff have in hand for a while, sealed in the database so that any process goes on with it.

Rules: each value is sealed for its kind and name, under a key that stands in a file and never in
the database (``queue_key``); it ends by itself, and what was dropped is wiped from the file (of
PostgreSQL see docs/database.md). A long step is taken by one at a time, on all machines. What is
*not* here: what the values are (``issuer.service.console``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection

from healthpassport.encoding import dump_json, parse_json
from healthpassport.errors import ServiceError
from issuer.store import console_kept as rows
from issuer.store.again import tried_again

from .context import IssuerContext
from .queue_key import queue_key
from .sealing import seal, unseal

MAX_STATE: Final = 16 * 1_048_576  # bytes of JSON; the longest is a list of many patients
CLAIMED: Final = 120  # seconds; reading from a slow record system takes less
_END: Final = b"."  # sealing lets go of spaces at the end, and packed bytes may end in one

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value: how many there may be, and whether the oldest leaves for one more."""

    name: str
    type: TypeAdapter[T]
    limit: int
    oldest_leaves: bool = True


class Shelf(Generic[T]):
    """All values of one kind."""

    def __init__(self, issuer: IssuerContext, kind: Kind[T]) -> None:
        self._issuer = issuer
        self._kind = kind
        self._key = queue_key(issuer)

    def add(self, name: str, value: T, *, ends_at: datetime, notes: bytes | None = None) -> None:
        """Keep ``value`` until ``ends_at``, with ``notes`` that never change.

        Raises:
            ServiceError: ``console.full``.
        """
        with self._issuer.store.writing() as tx:
            self.add_in(tx, name, value, ends_at=ends_at, notes=notes)

    def add_in(
        self,
        tx: Connection,
        name: str,
        value: T,
        *,
        ends_at: datetime,
        notes: bytes | None = None,
    ) -> None:
        """As ``add``, in a transaction that is under way."""
        now = self._issuer.now()
        row = rows.KeptRow(name, self._sealed(name, value), now, int(ends_at.timestamp()))
        packed = None if notes is None else zlib.compress(notes) + _END
        kept = rows.add(
            tx,
            self._kind.name,
            row,
            notes=None if packed is None else self._seal(packed, _notes_of(self._kind.name, name)),
            now=now,
            limit=self._kind.limit,
            oldest_leaves=self._kind.oldest_leaves,
        )
        if not kept:
            raise ServiceError("console.full")

    def find(self, name: str) -> T:
        """The value of this name.

        Raises:
            ServiceError: ``console.gone``.
        """
        with self._issuer.store.reading() as tx:
            return self._there(tx, name)

    def notes(self, name: str) -> bytes:
        """The notes that were kept with the value of this name.

        Raises:
            ServiceError: ``console.gone``.
        """
        with self._issuer.store.reading() as tx:
            found = rows.notes(tx, self._kind.name, name)
        if found is None:
            raise ServiceError("console.gone")
        return _unpacked(found, self._key, self._kind.name, name)

    def every(self) -> tuple[T, ...]:
        """All values, the oldest first."""
        with self._issuer.store.reading() as tx:
            found = rows.every(tx, self._kind.name, now=self._issuer.now())
        return tuple(self._opened(row) for row in found)

    @tried_again
    def change(self, name: str, step: Callable[[T], T], *, ends_at: datetime | None = None) -> T:
        """Take a short step with a value; nobody else takes one meanwhile.

        Raises:
            ServiceError: ``console.gone``, and what ``step`` refuses.
        """
        with self._issuer.store.writing() as tx:
            row = self._row(tx, name)
            changed = step(self._opened(row))
            until = row.ends_at if ends_at is None else int(ends_at.timestamp())
            sealed = self._sealed(name, changed)
            rows.save(tx, self._kind.name, name, sealed=sealed, ends_at=until)
        return changed

    @contextmanager
    def alone(self, name: str) -> Iterator[T]:
        """The value for a long step, outside of any transaction; nobody else takes one meanwhile.

        Raises:
            ServiceError: ``console.gone``; ``console.busy`` while somebody else has it.
        """
        token, now, kind = self._issuer.secret(), self._issuer.now(), self._kind.name
        with self._issuer.store.writing() as tx:
            held = self._there(tx, name)
            if not rows.claim(tx, kind, name, token=token, now=now, until=now + CLAIMED):
                raise ServiceError("console.busy")
        try:
            yield held
        finally:
            with self._issuer.store.writing() as tx:
                rows.let_go(tx, kind, name, token=token)

    def drop(self, name: str) -> None:
        """Forget the value of this name, if there is one."""
        with self._issuer.store.writing() as tx:
            dropped = self.drop_in(tx, name)
        if dropped:
            self._issuer.store.wipe()

    def drop_in(self, tx: Connection, name: str) -> bool:
        """As ``drop``, in a transaction that is under way, after which the store is wiped."""
        return rows.drop(tx, self._kind.name, name)

    def _row(self, tx: Connection, name: str) -> rows.KeptRow:
        row = rows.find(tx, self._kind.name, name, now=self._issuer.now())
        if row is None:
            raise ServiceError("console.gone")
        return row

    def _there(self, tx: Connection, name: str) -> T:
        return self._opened(self._row(tx, name))

    def _opened(self, row: rows.KeptRow) -> T:
        purpose = _state_of(self._kind.name, row.name)
        data = unseal(row.sealed, secret=self._key, purpose=purpose)
        return self._kind.type.validate_python(parse_json(data, max_bytes=MAX_STATE))

    def _sealed(self, name: str, value: T) -> bytes:
        data = dump_json(self._kind.type.dump_python(value, mode="json"))
        return self._seal(data, _state_of(self._kind.name, name))

    def _seal(self, data: bytes, purpose: str) -> bytes:
        return seal(data, secret=self._key, purpose=purpose, random=self._issuer.random)


def forget_ended(issuer: IssuerContext) -> int:
    """Erase what is over; how much it was."""
    with issuer.store.writing() as tx:
        ended = rows.drop_ended(tx, issuer.now())
    if ended:
        issuer.store.wipe()
    return ended


def opened_pieces(issuer: IssuerContext) -> Iterator[bytes]:
    """All that lies sealed here, opened, also what is over: for looking for what is left.

    Raises:
        ServiceError: ``issuer.database`` where it does not open.
        SettingsError: ``issuer.queue_key``.
    """
    with issuer.store.reading() as tx:
        found = rows.names(tx)
    key = queue_key(issuer) if found else ""
    for kind, name in found:
        with issuer.store.reading() as tx:
            row = rows.sealed(tx, kind, name)
        if row is None:
            continue
        state, notes = row
        yield unseal(state, secret=key, purpose=_state_of(kind, name))
        if notes is not None:
            yield _unpacked(notes, key, kind, name)


def _unpacked(sealed: bytes, key: str, kind: str, name: str) -> bytes:
    packed = unseal(sealed, secret=key, purpose=_notes_of(kind, name))
    return zlib.decompress(packed[: -len(_END)])


def _state_of(kind: str, name: str) -> str:
    return f"console {kind} {name}"


def _notes_of(kind: str, name: str) -> str:
    return f"console notes {kind} {name}"
