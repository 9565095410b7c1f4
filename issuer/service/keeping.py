"""Forgetting what is over, a few rows at a time and with pauses, so that nobody waits for it.

How long each kind of row is needed stands in docs/keeping.md. Issuances go with their entries a
margin after they expired, then the offers that nothing was issued for any more, then lines of
grants that ended: each makes room for the next. What is *not* here: status lists (``retention``),
offers that wait (``offers.sweep``), and forgetting a person who asks (``forgetting``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from issuer.store import keeping as rows
from issuer.store.again import tried_again

from .context import IssuerContext

DAY: Final = 86_400  # seconds
AT_ONCE: Final = 200  # rows of one transaction, each with what refers to it
PAUSE: Final = 0.05  # seconds between two, in which others write
STEP: Final = DAY  # of expiries, in one run: four runs a day catch up with what was left
LATE: Final = 2 * DAY  # seconds after which rows that should be gone are told of


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each kind went."""

    issuances: int
    offers: int
    grants: int
    bulk: int


def forget_over(issuer: IssuerContext, *, pause: Callable[[float], None] = time.sleep) -> Forgotten:
    """Forget what is over; ``pause`` is called between two transactions.

    Raises:
        ServiceError: ``issuer.unavailable``; what was forgotten until then stays so.
    """
    ended = issuer.now() - issuer.settings.kept_days * DAY

    def grants(tx: Connection) -> int:
        return rows.forget_grants(tx, before=ended, limit=AT_ONCE)

    def bulk(tx: Connection) -> int:
        return rows.forget_bulks(tx, before=ended, limit=AT_ONCE)

    done = Forgotten(
        issuances=forget_expired(issuer, pause=pause),
        offers=_offers(issuer, ended, pause),
        grants=_repeated(issuer, grants, pause),
        bulk=_repeated(issuer, bulk, pause),
    )
    _small(issuer, ended)
    issuer.store.wipe()
    return done


def forget_expired(issuer: IssuerContext, *, pause: Callable[[float], None] = time.sleep) -> int:
    """Forget issuances whose records expired a margin ago, with their entries; how many.

    Those of the oldest day alone: nobody could withdraw what a wrong clock had made forgotten.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        oldest = rows.oldest_expiry(tx)
    if oldest is None:
        return 0
    # A clock that leapt ahead by a year must not take the rows of all that still counts at once.
    before = min(issuer.now() - issuer.settings.status_retire_days * DAY, oldest + STEP)

    def some(tx: Connection) -> int:
        return rows.forget_issuances(tx, before=before, limit=AT_ONCE)

    return _repeated(issuer, some, pause)


def late(issuer: IssuerContext) -> int:
    """For how many seconds the oldest issuance should be gone; 0 where none should.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        return late_in(tx, now=issuer.now(), margin_days=issuer.settings.status_retire_days)


def late_in(tx: Connection, *, now: int, margin_days: int) -> int:
    """As ``late``, in a transaction."""
    oldest = rows.oldest_expiry(tx)
    return 0 if oldest is None else max(0, now - margin_days * DAY - oldest)


def _offers(issuer: IssuerContext, ended: int, pause: Callable[[float], None]) -> int:
    after, done = None, 0
    while True:
        with issuer.store.reading() as tx:
            found = rows.ended_offers(tx, before=ended, after=after, limit=AT_ONCE)
        if found:
            done += _forget_offers(issuer, [name for _, name in found], ended)
        if len(found) < AT_ONCE:
            return done
        after = found[-1]
        pause(PAUSE)


@tried_again
def _forget_offers(issuer: IssuerContext, ids: list[str], ended: int) -> int:
    with issuer.store.writing() as tx:
        return rows.forget_offers(tx, ids, before=ended)


def _repeated(
    issuer: IssuerContext, some: Callable[[Connection], int], pause: Callable[[float], None]
) -> int:
    done = 0
    while (last := _once(issuer, some)) == AT_ONCE:
        done += last
        pause(PAUSE)
    return done + last


@tried_again
def _once(issuer: IssuerContext, some: Callable[[Connection], int]) -> int:
    with issuer.store.writing() as tx:
        return some(tx)


@tried_again
def _small(issuer: IssuerContext, ended: int) -> None:
    with issuer.store.writing() as tx:
        rows.forget_small(tx, now=issuer.now(), before=ended)
