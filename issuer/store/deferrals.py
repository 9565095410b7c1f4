"""Records that a wallet asked for and gets later: found by a hash of its transaction_id alone.

``sealed`` is ciphertext under the transaction_id, which only the wallet has, and ``answer`` that id
under the access token that asked, for a response that was lost.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from . import outbox
from .deferral_tables import deferrals
from .locking import locked
from .tables import answers, offers


class DeferralReason(StrEnum):
    """What a record waits for."""

    STAFF = "staff"
    SOURCE = "source"


class DeferralState(StrEnum):
    """The life of a deferral; every state but the first two holds nothing any more."""

    WAITING = "waiting"
    RELEASED = "released"
    ISSUED = "issued"
    DENIED = "denied"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Deferral:
    """One record to be given later, in ``copies`` copies; it names no person."""

    id: str
    transaction_hash: str
    offer: str
    root: str | None
    client: str
    configuration: str
    turn: int
    reason: DeferralReason
    state: DeferralState
    copies: int
    request_hash: str
    created_at: int
    expires_at: int
    answer: bytes | None = field(default=None, repr=False)
    sealed: bytes | None = field(default=None, repr=False)
    issuance: str | None = None


OPEN: Final = (DeferralState.WAITING.value, DeferralState.RELEASED.value)


def add(connection: Connection, deferral: Deferral) -> None:
    """Keep ``deferral``."""
    connection.execute(insert(deferrals).values(asdict(deferral)))


def find(connection: Connection, deferral: str) -> Deferral | None:
    """The deferral with this id."""
    return next(iter(_all(connection, deferrals.c.id == deferral)), None)


def by_transaction(connection: Connection, transaction_hash: str) -> Deferral | None:
    """The deferral whose transaction_id hashes to ``transaction_hash``."""
    found = _all(connection, deferrals.c.transaction_hash == transaction_hash)
    return next(iter(found), None)


def of_offer(connection: Connection, offer: str, configuration: str) -> tuple[Deferral, ...]:
    """What was put off of ``configuration`` for ``offer``, oldest first."""
    where = (deferrals.c.offer == offer) & (deferrals.c.configuration == configuration)
    return _all(connection, where)


def standings(connection: Connection, offer: str, *, now: int) -> frozenset[DeferralState]:
    """The states of everything that was put off for ``offer``; what waited too long has expired."""
    query = select(deferrals.c.state, deferrals.c.expires_at).where(deferrals.c.offer == offer)
    return frozenset(
        DeferralState.EXPIRED
        if row.state in OPEN and row.expires_at <= now
        else DeferralState(row.state)
        for row in connection.execute(query)
    )


def for_staff(connection: Connection, *, limit: int, client: str | None) -> tuple[Deferral, ...]:
    """What waits for staff, oldest first, of one API client or of all."""
    where = (deferrals.c.state == DeferralState.WAITING.value) & (
        deferrals.c.reason == DeferralReason.STAFF.value
    )
    if client is not None:
        where &= deferrals.c.client == client
    return _all(connection, where)[:limit]


def change(connection: Connection, deferral: str, **values: str | int | bytes | None) -> None:
    """Set columns of ``deferral``."""
    connection.execute(update(deferrals).where(deferrals.c.id == deferral).values(values))


def claim(connection: Connection, deferral: str) -> None:
    """Issue ``deferral``, which the transaction has locked: it holds nothing any more."""
    change(connection, deferral, state=DeferralState.ISSUED.value, sealed=None)


def deny(connection: Connection, deferral: Deferral) -> None:
    """Never give ``deferral``."""
    _end(connection, deferrals.c.id == deferral.id, DeferralState.DENIED)


def drop_of_line(connection: Connection, root: str) -> None:
    """End everything that still waits for a wallet of this line of grants."""
    where = (deferrals.c.root == root) & deferrals.c.state.in_(OPEN)
    _end(connection, where, DeferralState.EXPIRED)


def expire(connection: Connection, now: int) -> None:
    """End what waited too long, and forget the answers that nobody asked for again."""
    late = deferrals.c.expires_at <= now
    _end(connection, late & deferrals.c.state.in_(OPEN), DeferralState.EXPIRED)
    given = select(deferrals.c.issuance).where(
        late, deferrals.c.state == DeferralState.ISSUED.value
    )
    connection.execute(delete(answers).where(answers.c.issuance.in_(given)))


def first_offer(connection: Connection, root: str) -> str | None:
    """The offer that a line of grants began with: the one that the practice made and noted."""
    query = select(offers.c.id).where(offers.c.grant == root).order_by(offers.c.created_at)
    return connection.execute(query.limit(1)).scalar()


def _end(connection: Connection, where: Any, state: DeferralState) -> None:  # noqa: ANN401 - an expression
    """End these, and note the offers of which nothing can come any more."""
    ended = {"state": state.value, "sealed": None, "answer": None}
    ending = update(deferrals).where(where).values(ended).returning(deferrals.c.offer)
    of_them = sorted(set(connection.execute(ending).scalars()))
    outbox.note_nothing_to_come(connection, of_them)


def _all(connection: Connection, where: Any) -> tuple[Deferral, ...]:  # noqa: ANN401 - an expression
    query = select(deferrals).where(where).order_by(deferrals.c.created_at, deferrals.c.turn)
    query = locked(connection, query)
    return tuple(_deferral(dict(row._mapping)) for row in connection.execute(query))  # noqa: SLF001


def _deferral(values: dict[str, Any]) -> Deferral:
    reason, state = DeferralReason(values["reason"]), DeferralState(values["state"])
    return Deferral(**(values | {"reason": reason, "state": state}))
