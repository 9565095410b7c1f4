"""A clock that leaps ends nothing for good (docs/adr/0087).

Grants lapse, offers and records that wait are wiped, values used once and old rows are forgotten,
each when its time is over by this machine's clock. So whoever does this looks first how far the
clock is from the newest moment that any process has seen: beyond a bound nothing is ended, and no
wallet is told that anything is over. A clock that is right again ends that at once. One that is
ahead after a time in which nothing ran, as after a holiday, is believed once it has gone on for
``TRIAL``; one that is behind, or that a living process saw leap, when an operator says so.
What is *not* here: rows of issuances, which have a brake of their own besides (``keeping``).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from issuer.store import clock
from issuer.store.again import tried_again
from issuer.store.clock import Sighting

from .context import IssuerContext

DAY: Final = 86_400  # seconds
TRIAL: Final = DAY  # in which the time is set right, or somebody sees the warning
NOTED: Final = 60  # seconds between two notes of what was seen
LEAPT: Final = "clock.leapt"
CONFIRMED: Final = "clock.confirmed"
BELIEVED: Final = "clock.believed"
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leap:
    """How far the clock is off: ``days`` are less than 0 where it is behind.

    ``believed_at`` is when it will be believed, in seconds since 1970; None where a person must
    say so.
    """

    days: int
    believed_at: int | None


def is_right(issuer: IssuerContext) -> bool:
    """Whether the clock is near what was seen last; then it is noted that it was seen now.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    now = issuer.now()
    issuer.pace.look(now, bound=_bound(issuer))
    with issuer.store.reading() as tx:
        found = clock.sighting(tx)
    if found is not None and has_leapt(issuer, found.seen_at):
        return _tried(issuer, now)
    issuer.pace.leapt = False
    if found is None or now - found.seen_at >= NOTED or found.off_at is not None:
        _note(issuer, now)
    return True


def leapt_in(issuer: IssuerContext, tx: Connection) -> bool:
    """Whether the clock is too far from what was seen last; nothing is noted."""
    seen = clock.seen(tx)
    return seen is not None and has_leapt(issuer, seen)


def has_leapt(issuer: IssuerContext, seen: int) -> bool:
    """Whether ``seen`` (seconds since 1970) is further away than the setting allows."""
    return abs(issuer.now() - seen) > _bound(issuer)


def soonest_leap(issuer: IssuerContext, tx: Connection) -> int | None:
    """What is later than this moment is of a clock that had leapt; None where this one may have."""
    seen = clock.seen(tx)
    if seen is None or has_leapt(issuer, seen):
        return None
    return max(issuer.now(), seen) + _bound(issuer)


def days_off(issuer: IssuerContext, seen: int) -> int:
    """How many days the clock is ahead of ``seen``; less than 0 where it is behind."""
    return (issuer.now() - seen) // DAY


def leap(issuer: IssuerContext) -> Leap | None:
    """How far the clock is off, None where it goes as it should; nothing is noted.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        found = clock.sighting(tx)
    if found is None or not has_leapt(issuer, found.seen_at):
        return None
    tried = _looked_at(issuer, found, issuer.now())
    ends = None if tried.off_since is None else tried.off_since + TRIAL
    return Leap(days_off(issuer, found.seen_at), ends)


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
        issuer.audit.write(CONFIRMED, who=issuer.audit.operator, tx=tx, days=abs(days))


def require_right(issuer: IssuerContext, tx: Connection) -> None:
    """Return only where a wallet may be told that something is over: it remembers that for good.

    Raises:
        ServiceError: ``issuer.not_ready``.
    """
    if leapt_in(issuer, tx):
        raise ServiceError("issuer.not_ready", "its clock has leapt")


def _bound(issuer: IssuerContext) -> int:
    return issuer.settings.clock_leap_days * DAY


def _looked_at(issuer: IssuerContext, found: Sighting, now: int) -> Sighting:
    """``found`` after a look at a clock that is far off: its trial goes on, begins, or is none."""
    leapt = found.leapt or issuer.pace.leapt
    if leapt or now < found.seen_at:
        return replace(found, off_since=None, off_at=now, leapt=leapt)
    since, last = found.off_since, found.off_at
    goes_on = since is not None and last is not None and 0 <= now - last <= _bound(issuer)
    return replace(found, off_since=since if goes_on else now, off_at=now)


@tried_again
def _tried(issuer: IssuerContext, now: int) -> bool:
    """Whether a clock that is far off is believed from now on."""
    with issuer.store.writing() as tx:
        found = clock.sighting(tx)
        if found is None or not has_leapt(issuer, found.seen_at):
            return True  # another process believed it meanwhile
        days, tried = days_off(issuer, found.seen_at), _looked_at(issuer, found, now)
        believed = tried.off_since is not None and now - tried.off_since >= TRIAL
        if believed:
            clock.note(tx, now)
            issuer.audit.write(BELIEVED, who=issuer.audit.own, tx=tx, days=days)
        elif found.off_at is None or abs(now - found.off_at) >= NOTED or tried.leapt > found.leapt:
            clock.keep(tx, tried)
    if not believed:
        told = "The clock is %s days from when it was last seen: nothing is ended"
        _LOG.error(told, days)
    return believed


@tried_again
def _note(issuer: IssuerContext, now: int) -> None:
    with issuer.store.writing() as tx:
        found = clock.sighting(tx)
        clock.note(tx, now if found is None else max(now, found.seen_at))
