"""What messages to receivers are signed with: sealed secrets, and until when each signs.

What is *not* here: the key that opens them, which no database holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, delete, insert, or_, select, update

from .api_tables import webhook_receivers, webhook_secrets
from .locking import locked

_S = webhook_secrets.c
_R = webhook_receivers.c


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One secret of one receiver; it signs until ``ends_at``, or for good."""

    id: str
    receiver: str
    sealed: bytes = field(repr=False)
    created_at: int
    ends_at: int | None = None


def add(connection: Connection, secret: SealedSecret) -> None:
    """Keep ``secret``."""
    connection.execute(insert(webhook_secrets).values(asdict(secret)))


def of_receiver(connection: Connection, receiver: str, *, now: int) -> tuple[SealedSecret, ...]:
    """The secrets that sign for ``receiver`` at ``now``: those that last first, then the newest."""
    query = select(webhook_secrets).where(
        _S.receiver == receiver, or_(_S.ends_at.is_(None), _S.ends_at > now)
    )
    rows = connection.execute(query.order_by(_S.ends_at.is_not(None), _S.created_at.desc(), _S.id))
    return tuple(SealedSecret(**row._mapping) for row in rows)  # noqa: SLF001


def end_others(connection: Connection, receiver: str, *, but: str, ends_at: int) -> None:
    """Let every other secret of ``receiver`` sign until then at the most."""
    later = or_(_S.ends_at.is_(None), _S.ends_at > ends_at)
    ending = update(webhook_secrets).where(_S.receiver == receiver, _S.id != but, later)
    connection.execute(ending.values(ends_at=ends_at))


def end_one(connection: Connection, secret: str, *, ends_at: int) -> None:
    """Let this secret sign until then at the most."""
    connection.execute(update(webhook_secrets).where(_S.id == secret).values(ends_at=ends_at))


def forget(connection: Connection, now: int) -> None:
    """Let go of secrets that sign no more."""
    connection.execute(delete(webhook_secrets).where(_S.ends_at <= now))


def forget_of(connection: Connection, receiver: str) -> None:
    """Let go of every secret of ``receiver``."""
    connection.execute(delete(webhook_secrets).where(_S.receiver == receiver))


def take_plain(connection: Connection) -> Mapping[str, tuple[str, ...]]:
    """Secrets that a release before left in clear, by receiver; they are blanked here.

    For a transaction that seals them: two that do so at once do not both get them.
    """
    query = select(_R.id, _R.secrets).where(_R.secrets != "")
    found = {
        row.id: tuple(row.secrets.split()) for row in connection.execute(locked(connection, query))
    }
    if found:
        blanked = update(webhook_receivers).where(_R.id.in_(found)).values(secrets="")
        connection.execute(blanked)
    return found


def stands_plain(connection: Connection) -> bool:
    """Whether any secret stands in clear."""
    query = select(_R.id).where(_R.secrets != "").limit(1)
    return connection.execute(query).first() is not None
