"""What is held of a transaction between question and close, and every step that changes it.

Rules: a step changes what is held and the transaction's row together, so that of two answers one
wins and nobody sees a result that may not be seen yet; whatever ends a transaction forgets. Here it
is held in the memory of one process and gone with it. What is *not* here: holding for several
processes (``sealed_holding``), and the judgement of an answer (``answers``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from hmac import compare_digest
from threading import Lock
from typing import Final, Protocol

from healthpassport.credential import Presentation, VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.errors import ServiceError
from healthpassport.jose.jwe import EncryptionKey
from verifier.store import Row, Store

from .matching import Expected
from .transactions import MAX_TRIES, Progress

MAX_HELD: Final = 10_000  # transactions in memory at once, some 5 kB each
NOT_CONFIRMED: Final = "transaction.not_confirmed"


@dataclass(frozen=True, slots=True)
class Question:
    """The one-time key pair that an answer is encrypted to; the private half is secret."""

    key: EncryptionKey = field(repr=False)
    public_jwk: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came and what it proved. ``acting`` is the wallet's word that its owner acts for it."""

    presentation: Presentation = field(repr=False)
    summary: VerifiedSummary = field(repr=False)
    acting: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What must never be written down in clear.

    ``question`` is there until it is answered, ``answer`` from then on. ``confirm_code`` is there
    while the result waits for it. At ``forget_at`` all of it is forgotten.
    """

    forget_at: datetime
    expected: Expected | None = field(default=None, repr=False)
    question: Question | None = None
    answer: Answer | None = None
    confirm_code: str | None = field(default=None, repr=False)
    tries_left: int = MAX_TRIES


class Tried(Enum):
    """How typing a confirm code ended; ``LAST`` was wrong and there is no further try."""

    RIGHT = auto()
    WRONG = auto()
    LAST = auto()
    NOTHING = auto()


class Holding(Protocol):
    """Where it is held: in one process, or where several processes reach it."""

    def begin(self, row: Row, held: Held) -> None:
        """Hold a new question and keep its row; ``rate_limited`` where far too many are open."""

    def get(self, transaction_id: str) -> Held | None:
        """What is held of a transaction, or None where nothing is."""

    def answer(
        self, row: Row, held: Held, *, progress: Progress, code: str | None, now: datetime
    ) -> bool:
        """Hold the result in place of the question; False where another answer was first."""

    def refuse(self, row: Row, *, progress: Progress, code: str, now: datetime) -> bool:
        """Forget an open question that was answered with nothing; False as in ``answer``."""

    def confirm(self, row: Row, typed: str) -> Tried:
        """Compare ``typed`` with the confirm code; the right one opens the result."""

    def end(self, row: Row, *, progress: Progress, code: str | None) -> None:
        """Forget a transaction."""

    def undo(self, row: Row, *, progress: Progress, code: str) -> None:
        """After a step that the database did not keep: end what memory alone still knows."""

    def sweep(self, now: datetime) -> tuple[tuple[str, Progress], ...]:
        """Forget results whose time is over, and questions that nobody answered: which, and how."""

    def check(self) -> None:
        """Fail where what other processes hold cannot be read here."""

    def shut(self) -> None:
        """Let go, before the database is closed, of what cannot outlive this process."""


class MemoryHolding:
    """Holds in memory alone. Calls may come from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._held: dict[str, Held] = {}
        store.lose_open()

    def __len__(self) -> int:
        return len(self._held)

    def begin(self, row: Row, held: Held) -> None:
        """See ``Holding``."""
        with self._lock:
            if len(self._held) >= MAX_HELD:
                raise ServiceError("rate_limited")
            self._held[row.id] = held
        self._store.add(row)

    def get(self, transaction_id: str) -> Held | None:
        """See ``Holding``."""
        with self._lock:
            return self._held.get(transaction_id)

    def answer(
        self, row: Row, held: Held, *, progress: Progress, code: str | None, now: datetime
    ) -> bool:
        """See ``Holding``; who sees the new row waits here for what belongs to it."""
        with self._lock:
            won = self._store.settle(row.handle, progress=progress, code=code, now=now)
            if won:
                self._held[row.id] = held
            return won

    def refuse(self, row: Row, *, progress: Progress, code: str, now: datetime) -> bool:
        """See ``Holding``."""
        with self._lock:
            won = self._store.settle(row.handle, progress=progress, code=code, now=now)
            if won:
                self._held.pop(row.id, None)
            return won

    def confirm(self, row: Row, typed: str) -> Tried:
        """See ``Holding``."""
        with self._lock:
            held = self._held.get(row.id)
            if held is None or held.confirm_code is None:
                return Tried.NOTHING
            if same_code(held, typed):
                self._held[row.id] = replace(held, confirm_code=None)
                self._store.finish(row.id, progress=Progress.ANSWERED)
                return Tried.RIGHT
            if held.tries_left > 1:
                self._held[row.id] = replace(held, tries_left=held.tries_left - 1)
                return Tried.WRONG
            del self._held[row.id]
        self._store.finish(row.id, progress=Progress.FAILED, code=NOT_CONFIRMED)
        return Tried.LAST

    def end(self, row: Row, *, progress: Progress, code: str | None) -> None:
        """See ``Holding``."""
        with self._lock:
            self._held.pop(row.id, None)
        self._store.finish(row.id, progress=progress, code=code)

    def undo(self, row: Row, *, progress: Progress, code: str) -> None:
        """See ``Holding``."""
        self.end(row, progress=progress, code=code)

    def sweep(self, now: datetime) -> tuple[tuple[str, Progress], ...]:
        """See ``Holding``."""
        with self._lock:
            gone = {name: held for name, held in self._held.items() if held.forget_at <= now}
            for name in gone:
                del self._held[name]
        over = tuple(
            (name, Progress.EXPIRED if held.answer is None else Progress.CLOSED)
            for name, held in gone.items()
        )
        for name, progress in over:
            self._store.finish(name, progress=progress)
        return over

    def check(self) -> None:
        """See ``Holding``; there are no others."""

    def shut(self) -> None:
        """See ``Holding``."""
        with self._lock:
            self._held.clear()
        self._store.lose_open()


def same_code(held: Held, typed: str) -> bool:
    """Whether ``typed`` is the code that the patient's screen shows."""
    return compare_digest((held.confirm_code or "").encode(), typed.strip().encode())
