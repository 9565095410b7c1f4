"""Answers to requests with an Idempotency-Key: claimed while under way, then kept sealed.

A claim is taken by one conditional statement, so that of many processes one has it; it lapses, so
that a process that died holds nobody up for long. What is *not* here: keys and what is sealed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from .api_tables import api_answers

_A = api_answers.c


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One request under a key; ``status`` and ``sealed`` once it was answered."""

    client: str
    key_hash: str
    fingerprint: str
    claim: str
    claimed_until: int
    expires_at: int
    status: int | None = None
    sealed: bytes | None = field(default=None, repr=False)


def claim(connection: Connection, wanted: KeptAnswer, *, now: int) -> KeptAnswer:
    """``wanted`` where it is claimed now; else what stands in its place."""
    _forget_old(connection, wanted, now)
    try:
        with connection.begin_nested():
            connection.execute(insert(api_answers).values(asdict(wanted)))
    except IntegrityError:
        return _taken_over(connection, wanted, now)
    return wanted


def finish(
    connection: Connection, claimed: KeptAnswer, *, status: int, sealed: bytes, expires_at: int
) -> bool:
    """Keep the answer; False where the claim lapsed and is another's now."""
    mine = _mine(claimed)
    done = connection.execute(
        update(api_answers).where(mine).values(status=status, sealed=sealed, expires_at=expires_at)
    )
    return done.rowcount == 1


def release(connection: Connection, claimed: KeptAnswer) -> None:
    """Give a claim back: nothing was made under it."""
    connection.execute(delete(api_answers).where(_mine(claimed), _A.status.is_(None)))


def forget(connection: Connection, now: int) -> None:
    """Forget what is old."""
    connection.execute(delete(api_answers).where(_A.expires_at <= now))


def _forget_old(connection: Connection, wanted: KeptAnswer, now: int) -> None:
    connection.execute(delete(api_answers).where(_same(wanted), _A.expires_at <= now))


def _taken_over(connection: Connection, wanted: KeptAnswer, now: int) -> KeptAnswer:
    """What stands; or ``wanted`` where only a lapsed claim of the very same request did."""
    lapsed = update(api_answers).where(
        _same(wanted),
        _A.fingerprint == wanted.fingerprint,
        _A.status.is_(None),
        _A.claimed_until <= now,
    )
    fresh = {"claim": wanted.claim, "claimed_until": wanted.claimed_until}
    if connection.execute(lapsed.values(**fresh)).rowcount == 1:
        return wanted
    row = connection.execute(select(api_answers).where(_same(wanted))).first()
    return wanted if row is None else KeptAnswer(**row._mapping)  # noqa: SLF001


def _same(one: KeptAnswer) -> ColumnElement[bool]:
    return (_A.client == one.client) & (_A.key_hash == one.key_hash)


def _mine(one: KeptAnswer) -> ColumnElement[bool]:
    return _same(one) & (_A.claim == one.claim)
