"""Holding for several processes: sealed, in the database that they share.

Rules: what is held and the transaction's row change in one database transaction, so that whatever
process a call comes to finds both or neither, and one that dies in the middle leaves nothing half
done; nothing lies there in clear; the row leaves at close, at its time, and when an answer fails.
What is *not* here: sealing (``sealing``) and the bytes (``held_form``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.errors import ServiceError
from verifier.store import Row, SealedRow, Store

from .held_form import pack, unpack
from .holding import MAX_HELD, NOT_CONFIRMED, Held, Tried, same_code
from .sealing import Seal
from .transactions import Clock, Progress

SWEEP: Final = timedelta(seconds=1)  # between two looks for what is to be forgotten


class SealedHolding:
    """Holds in the database. Calls may come from several threads and processes."""

    def __init__(self, store: Store, seal: Seal, *, clock: Clock) -> None:
        self._store = store
        self._rows = store.held
        self._seal = seal
        self._clock = clock
        self._swept = datetime.min.replace(tzinfo=UTC)

    def begin(self, row: Row, held: Held) -> None:
        """See ``Holding``."""
        with self._store.together():
            if self._rows.count() >= MAX_HELD:
                raise ServiceError("rate_limited")
            self._store.add(row)
            self._rows.add(row.id, self._sealed(row.id, held))

    def get(self, transaction_id: str) -> Held | None:
        """See ``Holding``; what is to be forgotten is not there, also before it was swept away."""
        found = self._rows.get(transaction_id, now=self._clock())
        if found is None:
            return None
        held = unpack(self._seal.open(found.sealed, **self._name(transaction_id)))
        return replace(held, tries_left=found.tries_left)

    def answer(
        self, row: Row, held: Held, *, progress: Progress, code: str | None, now: datetime
    ) -> bool:
        """See ``Holding``."""
        sealed = self._sealed(row.id, held)
        with self._store.together():
            won = self._store.settle(row.handle, progress=progress, code=code, now=now)
            if won:
                self._rows.replace(row.id, sealed)
        return won

    def refuse(self, row: Row, *, progress: Progress, code: str, now: datetime) -> bool:
        """See ``Holding``."""
        with self._store.together():
            won = self._store.settle(row.handle, progress=progress, code=code, now=now)
            if won:
                self._rows.drop(row.id)
        return won

    def confirm(self, row: Row, typed: str) -> Tried:
        """See ``Holding``; the try is counted before the code is compared."""
        with self._store.together():
            left = self._rows.spend_try(row.id)
            held = self.get(row.id)
            if left is None or held is None or held.confirm_code is None:
                return Tried.NOTHING
            if same_code(held, typed):
                self._rows.replace(row.id, self._sealed(row.id, replace(held, confirm_code=None)))
                self._store.finish(row.id, progress=Progress.ANSWERED)
                return Tried.RIGHT
            if left:
                return Tried.WRONG
            self._rows.drop(row.id)
            self._store.finish(row.id, progress=Progress.FAILED, code=NOT_CONFIRMED)
            return Tried.LAST

    def end(self, row: Row, *, progress: Progress, code: str | None) -> None:
        """See ``Holding``."""
        with self._store.together():
            self._rows.drop(row.id)
            self._store.finish(row.id, progress=progress, code=code)

    def undo(self, row: Row, *, progress: Progress, code: str) -> None:
        """See ``Holding``; all of it was undone with the row, and the step can be taken again."""

    def sweep(self, now: datetime) -> tuple[tuple[str, Progress], ...]:
        """See ``Holding``; at most once in ``SWEEP``, since every look asks for it."""
        if abs(now - self._swept) < SWEEP:
            return ()
        self._swept = now
        with self._store.together():
            over = tuple(
                (name, Progress.CLOSED if was_answered else Progress.EXPIRED)
                for name, was_answered in self._rows.drop_due(now)
            )
            for name, progress in over:
                self._store.finish(name, progress=progress)
        return over

    def check(self) -> None:
        """See ``Holding``."""
        sealed = self._rows.newest()
        if sealed is not None and not self._seal.made(sealed):
            raise ServiceError("verifier.holding_key", "another process has another key")

    def shut(self) -> None:
        """See ``Holding``; other processes still serve what is held."""

    def _sealed(self, transaction_id: str, held: Held) -> SealedRow:
        sealed = self._seal.close(pack(held), **self._name(transaction_id))
        is_answered = held.answer is not None
        return SealedRow(sealed, held.forget_at, held.tries_left, answered=is_answered)

    def _name(self, transaction_id: str) -> dict[str, str]:
        return {"tenant": self._store.tenant, "name": transaction_id}
