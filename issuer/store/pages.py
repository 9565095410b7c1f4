"""Offers and issuances of one client, a page at a time, the newest first.

A page begins behind the last row of the one before, not at a number, so that what is added
meanwhile shifts nothing. What is *not* here: how a place is written for a client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select

from .issuances import Issuance
from .offers import Offer, OfferState
from .tables import issuances, offers


@dataclass(frozen=True, slots=True)
class Place:
    """Behind the row of this moment and id."""

    moment: int
    id: str


def offers_page(
    connection: Connection, *, client: str, after: Place | None, limit: int
) -> tuple[Offer, ...]:
    """Offers that ``client`` made; what wallets asked for themselves is not among them."""
    query = select(offers).where(offers.c.client == client, offers.c.pin_mac != "")
    query = query.where(_behind(offers.c.created_at, offers.c.id, after))
    found = query.order_by(offers.c.created_at.desc(), offers.c.id.desc()).limit(limit)
    return tuple(_offer(dict(row._mapping)) for row in connection.execute(found))  # noqa: SLF001


def issuances_page(
    connection: Connection, *, client: str, offer: str | None, after: Place | None, limit: int
) -> tuple[Issuance, ...]:
    """What was issued for the offers of ``client``, or for one of them."""
    query = select(issuances).where(issuances.c.client == client)
    if offer is not None:
        query = query.where(issuances.c.offer == offer)
    query = query.where(_behind(issuances.c.issued_at, issuances.c.id, after))
    found = query.order_by(issuances.c.issued_at.desc(), issuances.c.id.desc()).limit(limit)
    return tuple(Issuance(**row._mapping) for row in connection.execute(found))  # noqa: SLF001


def _behind(moment: Column[int], id_: Column[str], after: Place | None) -> ColumnElement[bool]:
    if after is None:
        return id_.is_not(None)
    return or_(moment < after.moment, and_(moment == after.moment, id_ < after.id))


def _offer(values: dict[str, Any]) -> Offer:
    return Offer(**(values | {"state": OfferState(values["state"])}))
