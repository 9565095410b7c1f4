"""A record system looks after its own offers and what was issued for them.

Rules: another's are as if they were not there; an offer can be cancelled until its PIN is given.
What is *not* here: making offers (``offers``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import EncodingError, ServiceError
from issuer.store import Issuance, Offer, OfferState, offers, pages
from issuer.store.pages import Place

from .context import IssuerContext
from .offer_standing import standing_of

MAX_PAGE: Final = 200
USUAL_PAGE: Final = 50
MAX_CURSOR: Final = 128  # characters
_MOMENT: Final = 8  # bytes
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OwnOffer:
    """An offer as its maker sees it; it names no person."""

    id: str
    state: str
    record_types: tuple[str, ...]
    issuances: tuple[Issuance, ...]
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of those behind them; None where there are none."""

    rows: tuple[Row, ...]
    next: str | None


def own_offer(issuer: IssuerContext, offer: str, *, client: str) -> OwnOffer:
    """The offer with this id.

    Raises:
        ServiceError: ``offer.unknown``, also for another client's.
    """
    with issuer.store.reading() as tx:
        return _seen(issuer, tx, _own(tx, offer, client))


def own_offers(
    issuer: IssuerContext, *, client: str, cursor: str | None, limit: int
) -> Page[OwnOffer]:
    """Offers that ``client`` made, the newest first.

    Raises:
        ServiceError: ``api.cursor``.
    """
    after = place_of(cursor)
    with issuer.store.reading() as tx:
        found = pages.offers_page(tx, client=client, after=after, limit=limit + 1)
        seen = tuple(_seen(issuer, tx, one) for one in found[:limit])
    places = [Place(one.created_at, one.id) for one in found]
    return Page(seen, next_cursor(places, limit))


def own_issuances(
    issuer: IssuerContext, *, client: str, offer: str | None, cursor: str | None, limit: int
) -> Page[Issuance]:
    """What was issued for the offers of ``client``, the newest first.

    Raises:
        ServiceError: ``api.cursor``.
    """
    after = place_of(cursor)
    with issuer.store.reading() as tx:
        found = pages.issuances_page(tx, client=client, offer=offer, after=after, limit=limit + 1)
    places = [Place(one.issued_at, one.id) for one in found]
    return Page(found[:limit], next_cursor(places, limit))


def cancel_offer(issuer: IssuerContext, offer: str, *, client: str) -> OwnOffer:
    """Take an offer back: its link and PIN open nothing more, and what it held is erased.

    Raises:
        ServiceError: ``offer.unknown``, ``offer.over`` once its PIN was given or it has ended.
    """
    with issuer.store.writing() as tx:
        found = _own(tx, offer, client)
        if found.state is not OfferState.CANCELLED:
            if found.state is not OfferState.OPEN or found.expires_at <= issuer.now():
                raise ServiceError("offer.over")
            offers.close(tx, offer, OfferState.CANCELLED)
            who = issuer.audit.by(client)
            issuer.audit.write("offer.cancelled", who=who, tx=tx, subject=offer)
        seen = _seen(issuer, tx, _own(tx, offer, client))
    issuer.store.wipe()
    return seen


def _own(tx: Connection, offer: str, client: str) -> Offer:
    found = offers.find(tx, offer)
    if found is None or found.client != client:
        raise ServiceError("offer.unknown")
    return found


def _seen(issuer: IssuerContext, tx: Connection, offer: Offer) -> OwnOffer:
    issued = pages.issuances_page(
        tx, client=offer.client, offer=offer.id, after=None, limit=MAX_PAGE
    )
    return OwnOffer(
        id=offer.id,
        state=standing_of(tx, offer, has_issued=bool(issued), now=issuer.now()).value,
        record_types=tuple(
            sorted({n.partition(".")[0] for n in offers.record_types(tx, offer.id)})
        ),
        issuances=issued,
        created_at=offer.created_at,
        expires_at=offer.expires_at,
    )


def next_cursor(places: Sequence[Place], limit: int) -> str | None:
    """The cursor of what is behind ``limit`` rows at ``places``; None where nothing is."""
    if len(places) <= limit:
        return None
    last = places[limit - 1]
    return b64url_encode(last.moment.to_bytes(_MOMENT, "big") + last.id.encode())


def place_of(cursor: str | None) -> Place | None:
    """The place that ``cursor`` tells.

    Raises:
        ServiceError: ``api.cursor``.
    """
    if cursor is None:
        return None
    try:
        raw = b64url_decode(cursor) if len(cursor) <= MAX_CURSOR else b""
        place = Place(int.from_bytes(raw[:_MOMENT], "big"), raw[_MOMENT:].decode("ascii"))
    except (EncodingError, UnicodeDecodeError) as error:
        raise ServiceError("api.cursor") from error
    if len(raw) <= _MOMENT or place.moment > 2**53 or not place.id.isprintable():
        raise ServiceError("api.cursor")
    return place
