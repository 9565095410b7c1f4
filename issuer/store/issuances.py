"""What was issued: which record type, how many copies, and the status that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from . import outbox
from .locking import locked
from .prepared import Prepared
from .tables import answers, issuances


@dataclass(frozen=True, slots=True)
class Issuance:
    """One record issued in one go, in ``copies`` copies; it names no person."""

    id: str
    offer: str
    client: str
    record_type: str
    copies: int
    status: int
    issued_at: int
    expires_at: int
    notification_hash: str
    event: str | None = None
    turn: int = 0  # of several of one record for one offer (setting ``collect_again``)


def add(connection: Connection, issuance: Issuance) -> None:
    """Keep ``issuance``."""
    _ADD.run(connection, {name: getattr(issuance, name) for name in _COLUMNS})
    outbox.note_collected(connection, issuance.offer)


def find(connection: Connection, issuance: str) -> Issuance | None:
    """The issuance with this id."""
    return _first(connection, issuances.c.id == issuance)


def of_offer(connection: Connection, offer: str, record_type: str) -> Issuance | None:
    """What was issued first of ``record_type`` for ``offer``."""
    return next(iter(all_of_offer(connection, offer, record_type)), None)


def all_of_offer(connection: Connection, offer: str, record_type: str) -> tuple[Issuance, ...]:
    """Everything that was issued of ``record_type`` for ``offer``, the first one first."""
    rows = _OF_OFFER.all(connection, {"this": offer, "type": record_type})
    return tuple(Issuance(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)


def by_notification(connection: Connection, notification_hash: str) -> Issuance | None:
    """The issuance whose notification_id hashes to ``notification_hash``."""
    return _first(connection, issuances.c.notification_hash == notification_hash)


def newest(
    connection: Connection, *, limit: int, offer: str | None, client: str | None
) -> tuple[Issuance, ...]:
    """The newest issuances, of one offer or client or of all."""
    query = select(issuances).order_by(issuances.c.issued_at.desc(), issuances.c.id).limit(limit)
    if offer is not None:
        query = query.where(issuances.c.offer == offer)
    if client is not None:
        query = query.where(issuances.c.client == client)
    return tuple(Issuance(**row._mapping) for row in connection.execute(query))  # noqa: SLF001


def change(connection: Connection, issuance: str, **values: str | None) -> None:
    """Set columns of ``issuance``; its status is ``set_status``'s."""
    connection.execute(update(issuances).where(issuances.c.id == issuance).values(values))


def set_status(connection: Connection, issuance: str, status: int) -> None:
    """Set the status of ``issuance``, and note it for who is told."""
    _STATUS.run(connection, {"this": issuance, "new_status": status})
    outbox.note_status(connection, issuance, status)


def keep_answer(connection: Connection, issuance: str, request_hash: str, sealed: bytes) -> None:
    """Keep the sealed answer to the request that hashes to ``request_hash``."""
    row = {"issuance": issuance, "request_hash": request_hash, "sealed": sealed}
    _ANSWER.run(connection, row)


def answer(connection: Connection, issuance: str, request_hash: str) -> bytes | None:
    """The sealed answer that was given to the very same request, while it is kept."""
    query = select(answers.c.sealed).where(
        answers.c.issuance == issuance, answers.c.request_hash == request_hash
    )
    return connection.execute(query).scalar()


def forget_answer(connection: Connection, issuance: str) -> None:
    """Forget the answer of ``issuance``."""
    connection.execute(delete(answers).where(answers.c.issuance == issuance))


_COLUMNS: Final = tuple(issuances.c.keys())
_ADD: Final = Prepared(insert(issuances), columns=_COLUMNS)
_ANSWER: Final = Prepared(insert(answers), columns=answers.c.keys())
_STATUS: Final = Prepared(
    update(issuances)
    .where(issuances.c.id == bindparam("this", type_=issuances.c.id.type))
    .values(status=bindparam("new_status", type_=issuances.c.status.type))
)
_OF_OFFER: Final = Prepared(
    select(issuances)
    .where(issuances.c.offer == bindparam("this", type_=issuances.c.offer.type))
    .where(issuances.c.record_type == bindparam("type", type_=issuances.c.record_type.type))
    .order_by(issuances.c.turn)
)


def _first(connection: Connection, where: Any) -> Issuance | None:  # noqa: ANN401 - an expression
    row = connection.execute(locked(connection, select(issuances).where(where))).first()
    return None if row is None else Issuance(**row._mapping)  # noqa: SLF001
