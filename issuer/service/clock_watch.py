"""A clock that leaps ends nothing for good (docs/adr/0087).

Grants lapse, offers and records that wait are wiped, values used once and old rows are forgotten,
each when its time is over by this machine's clock. So whoever does this looks first how far the
clock is from the newest moment that any process has seen: beyond a bound nothing is ended, and no
wallet is told that anything is over, until the clock is right again or an operator says that it is.
What is *not* here: rows of issuances, which have a brake of their own besides (``keeping``).
"""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from issuer.store import clock
from issuer.store.again import tried_again

from .context import IssuerContext

DAY: Final = 86_400  # seconds
NOTED: Final = 60  # seconds between two notes of what was seen
LEAPT: Final = "clock.leapt"
CONFIRMED: Final = "clock.confirmed"
_LOG: Final = logging.getLogger(__name__)


def is_right(issuer: IssuerContext) -> bool:
    """Whether the clock is near what was seen last; then it is noted that it was seen now.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    now = issuer.now()
    with issuer.store.reading() as tx:
        seen = clock.seen(tx)
    if seen is not None and has_leapt(issuer, seen):
        told = "The clock is %s days from when it was last seen: nothing is ended"
        _LOG.error(told, days_off(issuer, seen))
        return False
    if seen is None or now - seen >= NOTED:
        _note(issuer, now)
    return True


def leapt_in(issuer: IssuerContext, tx: Connection) -> bool:
    """Whether the clock is too far from what was seen last; nothing is noted."""
    seen = clock.seen(tx)
    return seen is not None and has_leapt(issuer, seen)


def has_leapt(issuer: IssuerContext, seen: int) -> bool:
    """Whether ``seen`` (seconds since 1970) is further away than the setting allows."""
    return abs(issuer.now() - seen) > issuer.settings.clock_leap_days * DAY


def soonest_leap(issuer: IssuerContext, tx: Connection) -> int | None:
    """What is later than this moment is of a clock that had leapt; None where this one may have."""
    seen = clock.seen(tx)
    if seen is None or has_leapt(issuer, seen):
        return None
    return max(issuer.now(), seen) + issuer.settings.clock_leap_days * DAY


def days_off(issuer: IssuerContext, seen: int) -> int:
    """How many days the clock is ahead of ``seen``; less than 0 where it is behind."""
    return (issuer.now() - seen) // DAY


def last_seen(issuer: IssuerContext) -> int | None:
    """The newest moment that was seen, None where nobody has looked yet.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        return clock.seen(tx)


def confirm(issuer: IssuerContext) -> None:
    """The operator says that the clock is right: what is over may end.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.writing() as tx:
        seen, now = clock.seen(tx), issuer.now()
        clock.note(tx, now)
        days = 0 if seen is None else days_off(issuer, seen)
        issuer.audit.write(CONFIRMED, who=issuer.audit.operator, tx=tx, days=days)


def require_right(issuer: IssuerContext, tx: Connection) -> None:
    """Return only where a wallet may be told that something is over: it remembers that for good.

    Raises:
        ServiceError: ``issuer.not_ready``.
    """
    if leapt_in(issuer, tx):
        raise ServiceError("issuer.not_ready", "its clock has leapt")


@tried_again
def _note(issuer: IssuerContext, now: int) -> None:
    with issuer.store.writing() as tx:
        seen = clock.seen(tx)
        if seen is None or seen < now:
            clock.note(tx, now)
