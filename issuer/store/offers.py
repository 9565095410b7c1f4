"""Offers and the sealed records that wait in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from . import ended_codes, outbox
from .locking import held, hold_row, holding, locked
from .prepared import Prepared
from .tables import answers, grants, issuances, offer_records, offers


class OfferState(StrEnum):
    """The life of an offer; every state but the first three holds nothing any more."""

    OPEN = "open"
    AUTHORIZED = "authorized"  # whose patient has signed in, and whose wallet has no token yet
    REDEEMED = "redeemed"
    DONE = "done"
    BURNED = "burned"
    EXPIRED = "expired"
    CANCELLED = "cancelled"  # taken back by the practice before it was collected


_ADD: Final = insert(offers)  # made once: making one anew costs more than running it
_HOLD: Final = insert(offer_records)
_COLUMNS: Final = tuple(offers.c.keys())
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_WAITING: Final = (OfferState.OPEN.value, OfferState.AUTHORIZED.value)


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer: hashes of what opens it, who made it, and the token that it was redeemed for."""

    id: str
    address_hash: str
    code_hash: str
    pin_mac: str
    client: str
    state: OfferState
    tries: int
    created_at: int
    expires_at: int
    token_hash: str | None = None
    token_expires_at: int | None = None
    key_thumbprint: str | None = None
    client_id: str | None = None
    by_identifier: bool = False
    grant: str | None = None
    sealed_source: bytes | None = None


def add(
    connection: Connection,
    offer: Offer,
    sealed: Mapping[str, bytes],
    digests: Mapping[str, str] = _NONE,
) -> None:
    """Keep ``offer`` with its records, sealed, and their digests, by record type."""
    add_all(connection, [(offer, sealed, digests)])


def add_all(
    connection: Connection,
    made: Sequence[tuple[Offer, Mapping[str, bytes], Mapping[str, str]]],
) -> None:
    """Keep each offer with its records, sealed, and their digests, by record type."""
    rows = [{name: getattr(one, name) for name in _COLUMNS} for one, _, _ in made]
    connection.execute(_ADD, rows)
    _hold_all(connection, [(one.id, sealed, digests) for one, sealed, digests in made])


def hold(
    connection: Connection, offer: str, sealed: Mapping[str, bytes], digests: Mapping[str, str]
) -> None:
    """Keep records, sealed, and their digests, by record type, for ``offer`` to be collected."""
    _hold_all(connection, [(offer, sealed, digests)])


def _hold_all(
    connection: Connection, made: Sequence[tuple[str, Mapping[str, bytes], Mapping[str, str]]]
) -> None:
    rows = [
        {"offer": offer, "record_type": name, "sealed": value, "digest": digests.get(name)}
        for offer, sealed, digests in made
        for name, value in sealed.items()
    ]
    if rows:
        connection.execute(_HOLD, rows)


def find(connection: Connection, offer: str) -> Offer | None:
    """The offer with this id."""
    return _one(connection, offers.c.id == offer)


def by_address(connection: Connection, address_hash: str) -> Offer | None:
    """The offer whose address hashes to ``address_hash``."""
    return _one(connection, offers.c.address_hash == address_hash)


def by_code(connection: Connection, code_hash: str) -> Offer | None:
    """The offer whose pre-authorised code hashes to ``code_hash``."""
    return _one(connection, offers.c.code_hash == code_hash)


def by_token(connection: Connection, token_hash: str) -> Offer | None:
    """The offer that was redeemed for the access token that hashes to ``token_hash``."""
    return _found(connection, _BY_TOKEN, token_hash)


def opened_by(connection: Connection, token_hash: str) -> tuple[Offer, tuple[str, ...]] | None:
    """As ``by_token``, with the record types of the offer: one look, for every request has it.

    For a transaction that reads: nothing of it is locked.
    """
    row = _OPENED.first(connection, {"this": token_hash})
    if row is None:
        return None
    *values, types = row
    return _made(dict(zip(_COLUMNS, values, strict=True))), tuple((types or "").split())


def record_types(connection: Connection, offer: str) -> tuple[str, ...]:
    """The record types of ``offer``, collected or not."""
    return tuple(connection.execute(_TYPES, {"this": offer}).scalars())


def sealed_record(connection: Connection, offer: str, record_type: str) -> bytes | None:
    """The sealed record that still waits, or None."""
    found = _SEALED.first(connection, {"this": offer, "type": record_type})
    return None if found is None else found[0]


def sealed_records(connection: Connection, offer: str) -> dict[str, bytes]:
    """Every sealed record that still waits in ``offer``, by record type."""
    rows = connection.execute(_ALL_SEALED, {"this": offer})
    return {row.record_type: row.sealed for row in rows if row.sealed is not None}


def holds_records(connection: Connection, offer: str) -> bool:
    """Whether a sealed record still waits in ``offer``."""
    return _WAITING_RECORD.first(connection, {"this": offer}) is not None


def reseal(connection: Connection, offer: str, sealed: Mapping[str, bytes]) -> None:
    """Put records sealed under another key in the place of the old ones."""
    for record_type, value in sealed.items():
        where = _record(offer, record_type)
        connection.execute(update(offer_records).where(where).values(sealed=value))


def erase_record(connection: Connection, offer: str, record_type: str) -> None:
    """Forget one record of ``offer``."""
    _ERASE.run(connection, {"this": offer, "type": record_type})


def keep_records(connection: Connection, offer: str, names: Collection[str]) -> None:
    """Forget every record of ``offer`` but those of ``names``, as if it never held them."""
    others = (offer_records.c.offer == offer) & offer_records.c.record_type.not_in(names)
    connection.execute(delete(offer_records).where(others))


def change(connection: Connection, offer: str, **values: str | int | bool | bytes | None) -> None:
    """Set columns of ``offer``."""
    connection.execute(update(offers).where(offers.c.id == offer).values(values))


def close(connection: Connection, offer: str, state: OfferState) -> None:
    """End ``offer`` in ``state`` and forget every record and answer that it held."""
    _close(connection, offer, state)
    ended_codes.note(connection, offer, state.value)


def close_again(connection: Connection, offer: str, state: str) -> None:
    """End ``offer`` where it waits, since its code was used, burned or taken back before.

    To a database that has forgotten it; ``state`` is what it was in.
    """
    query = select(offers.c.state).where(offers.c.id == offer, offers.c.state.in_(_WAITING))
    if connection.execute(query).first() is not None:
        ended = OfferState.DONE if state == OfferState.REDEEMED.value else OfferState(state)
        _close(connection, offer, ended)


def _close(connection: Connection, offer: str, state: OfferState) -> None:
    _hold(connection, offer)
    connection.execute(
        update(offer_records).where(offer_records.c.offer == offer).values(sealed=None)
    )
    mine = select(issuances.c.id).where(issuances.c.offer == offer)
    connection.execute(delete(answers).where(answers.c.issuance.in_(mine)))
    outbox.note_offer(connection, offer, state.value)
    change(
        connection,
        offer,
        state=state.value,
        token_hash=None,
        key_thumbprint=None,
        sealed_source=None,
    )


def close_of_grant(connection: Connection, grant: str) -> None:
    """End every collection of ``grant`` that still runs."""
    mine = (offers.c.grant == grant) & (offers.c.state == OfferState.REDEEMED.value)
    for offer in tuple(connection.execute(select(offers.c.id).where(mine)).scalars()):
        close(connection, offer, OfferState.DONE)


def overdue(connection: Connection, now: int, *, limit: int) -> tuple[tuple[str, OfferState], ...]:
    """At most ``limit`` offers that nobody redeemed in time, or whose token has run out."""
    late = or_(
        and_(offers.c.state.in_(_WAITING), offers.c.expires_at <= now),
        and_(offers.c.state == OfferState.REDEEMED.value, offers.c.token_expires_at <= now),
    )
    query = select(offers.c.id, offers.c.state).where(late).order_by(offers.c.id).limit(limit)
    rows = connection.execute(locked(connection, query, others_pass=True))
    return tuple((row.id, OfferState(row.state)) for row in rows)


def waits(connection: Connection, offer: str) -> bool:
    """Whether anything of ``offer`` is still held: a record to collect or an answer to repeat."""
    record = exists().where(offer_records.c.offer == offer, offer_records.c.sealed.is_not(None))
    answer = exists().where(answers.c.issuance == issuances.c.id, issuances.c.offer == offer)
    return bool(connection.execute(select(or_(record, answer))).scalar())


def stand_still(connection: Connection, offer: Offer) -> None:
    """Let nobody else change ``offer`` nor its grant until this transaction ends.

    To be called first in it: the grant is locked before its offers by everybody (``locking``).
    """
    if offer.grant is not None:
        hold_row(connection, _GRANT, offer.grant)
    _hold(connection, offer.id)


def _hold(connection: Connection, offer: str) -> None:
    hold_row(connection, _OFFER, offer)


# Made once, since each request runs them: making one anew costs more than running it.
_THIS: Final = bindparam("this", type_=offers.c.id.type)
_OFFER: Final = holding(select(offers.c.id).where(offers.c.id == _THIS))
_GRANT: Final = holding(select(grants.c.id).where(grants.c.id == _THIS))
_BY_TOKEN: Final = select(offers).where(offers.c.token_hash == _THIS)
_SPACE: Final[Any] = literal_column("' '")  # no name of a configuration has one
_NAMES: Final = (
    select(func.aggregate_strings(offer_records.c.record_type, _SPACE))
    .where(offer_records.c.offer == offers.c.id)
    .scalar_subquery()
)
_OPENED: Final = Prepared(select(*offers.c, _NAMES).where(offers.c.token_hash == _THIS))
_TYPES: Final = select(offer_records.c.record_type).where(offer_records.c.offer == _THIS)
_ALL_SEALED: Final = select(offer_records.c.record_type, offer_records.c.sealed).where(
    offer_records.c.offer == _THIS
)
_WAITING_RECORD: Final = Prepared(
    select(offer_records.c.offer)
    .where(offer_records.c.offer == _THIS, offer_records.c.sealed.is_not(None))
    .limit(literal_column("1"))
)
_RECORD: Final = (offer_records.c.offer == _THIS) & (
    offer_records.c.record_type == bindparam("type", type_=offer_records.c.record_type.type)
)
_SEALED: Final = Prepared(select(offer_records.c.sealed).where(_RECORD))
_ERASE: Final = Prepared(update(offer_records).where(_RECORD).values(sealed=None))


def _record(offer: str, record_type: str) -> Any:  # noqa: ANN401 - an expression of the library
    return and_(offer_records.c.offer == offer, offer_records.c.record_type == record_type)


def _one(connection: Connection, where: Any) -> Offer | None:  # noqa: ANN401 - as above
    query = locked(connection, select(offers).where(where))
    return _read(connection.execute(query).first())


def _found(connection: Connection, query: Select[Any], this: str) -> Offer | None:
    return _read(connection.execute(held(connection, query), {"this": this}).first())


def _read(row: Row[Any] | None) -> Offer | None:
    if row is None:
        return None
    return _made(dict(row._mapping))  # noqa: SLF001 - the library's documented accessor


def _made(values: dict[str, Any]) -> Offer:
    return Offer(**(values | {"state": OfferState(values["state"])}))
