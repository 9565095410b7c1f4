"""The emergency cards that were read at this desk, for as long as they are on a screen.

Rules: memory alone, so that nothing outlives the run; a card is forgotten when it is closed, when
the time of a result is over, or, the oldest first, where there are too many: in an emergency the
next card is read all the same. Calls may come from several threads. What is *not* here: reading a
card (``cards``), and pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Final

import structlog

from healthpassport.audit import Fact, plain_actor
from healthpassport.errors import ServiceError

from .audit import Actor, AuditTrail
from .cards import Audit, CardEvent, CardReading, Reader, read_card
from .desk import Desk
from .transactions import secret

PAGE: Final = "staff page"
MAX_HELD: Final = 100  # cards at once, some 30 kB each

_log = structlog.get_logger("verifier")


@dataclass(frozen=True, slots=True)
class HeldReading:
    """A card as it was read, under an address of its own, until ``forget_at``."""

    id: str
    reading: CardReading = field(repr=False)
    read_at: datetime
    forget_at: datetime


def logged(event: CardEvent) -> None:
    """Who read a card, why, and how it ended: into the log. The note may name a patient."""
    who = plain_actor(Actor("", "", event.reader.who, event.reader.role or ""))
    _log.info(
        "card.read",
        who=who.subject,
        role=who.role or None,
        reason=event.reader.reason,
        accepted=event.accepted,
        codes=list(event.codes),
    )


def told_to(trail: AuditTrail, name: str) -> Audit:
    """Tells ``trail`` what desk ``name`` read, and the log as well.

    Care does not wait: where the trail cannot be written, whoever shows the card says so.
    """

    def tell(event: CardEvent) -> bool:
        facts: dict[str, Fact] = {"reason": event.reader.reason, "accepted": event.accepted}
        if event.codes:
            facts["code"] = event.codes[0]
        logged(event)
        who = _actor(trail, name, event.reader)
        return trail.note("card.read", who=who, subject=event.card, **facts)

    return tell


def _actor(trail: AuditTrail, name: str, reader: Reader) -> Actor:
    return Actor(trail.own.organisation, name, reader.who, reader.role or "")


class CardReadings:
    """See the module.

    Args:
        desk: whose lists, policy, receipts, clock and randomness are used.
        audit: is told of each reading before anything is kept or shown; without it, the desk's
            audit trail is.
        name: the desk that reads, as the trail names it.
        most: how many cards are kept at once.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        audit: Audit | None = None,
        most: int = MAX_HELD,
        name: str = PAGE,
    ) -> None:
        self._desk = desk
        self._audit = audit or told_to(desk.audit, name)
        self._name = name
        self._most = most
        self._lock = Lock()
        self._held: dict[str, HeldReading] = {}

    def read(self, text: str, *, reader: Reader) -> HeldReading:
        """Read the card ``text`` (``cards.read_card``) and keep what it said for a while.

        Raises:
            CardError: where the letters are no whole card.
            ServiceError: ``card.reader``.
        """
        now = self._now()
        reading = read_card(
            text,
            reader=reader,
            lists=self._desk.lists.views(now),
            policy=self._desk.policy,
            now=now,
            audit=self._audit,
            receipts=self._desk.receipts,
        )
        until = now + self._desk.settings.result_lifetime
        held = HeldReading(secret(self._desk.random), reading, now, until)
        with self._lock:
            self._sweep(now)
            while len(self._held) >= self._most:
                del self._held[next(iter(self._held))]
            self._held[held.id] = held
        return held

    def look(self, reading_id: str) -> HeldReading:
        """The card under that address; ``verifier.card_forgotten`` where nothing is kept."""
        with self._lock:
            self._sweep(self._now())
            found = self._held.get(reading_id)
        if found is None:
            raise ServiceError("verifier.card_forgotten")
        return found

    def held(self) -> tuple[HeldReading, ...]:
        """Every card that is still in memory, the newest first."""
        with self._lock:
            self._sweep(self._now())
            return tuple(reversed(self._held.values()))

    def close(self, reading_id: str, *, who: Actor | None = None) -> None:
        """Forget a card at once; closing it twice changes nothing. ``who`` closes: the reader."""
        with self._lock:
            gone = self._held.pop(reading_id, None)
        if gone is not None:
            actor = _actor(self._desk.audit, self._name, gone.reading.reader)
            self._desk.audit.note("card.closed", who=who or actor)

    def _now(self) -> datetime:
        return self._desk.clock().astimezone(UTC)

    def _sweep(self, now: datetime) -> None:
        gone = [name for name, one in self._held.items() if one.forget_at <= now]
        for name in gone:
            del self._held[name]
