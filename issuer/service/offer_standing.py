"""How an offer stands, in the one word that its maker is told.

Rules: every state of the store has its word, and one that is over is told as over whether or not it
was swept; a record that is given later is never told as not collected. What is *not* here: the
words of the console (``console.standing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from issuer.client.api.models import OfferStanding
from issuer.store import Offer, OfferState, deferrals
from issuer.store.deferrals import DeferralState

_WORDS: Final[Mapping[OfferState, OfferStanding]] = MappingProxyType(
    {
        OfferState.OPEN: OfferStanding.OPEN,
        OfferState.AUTHORIZED: OfferStanding.SIGNED_IN,
        OfferState.REDEEMED: OfferStanding.COLLECTING,
        OfferState.BURNED: OfferStanding.BURNED,
        OfferState.EXPIRED: OfferStanding.EXPIRED,
        OfferState.CANCELLED: OfferStanding.CANCELLED,
    }
)


def standing_of(tx: Connection, offer: Offer, *, has_issued: bool, now: int) -> OfferStanding:
    """How ``offer`` stands at ``now`` (seconds since 1970)."""
    match offer.state:
        case OfferState.OPEN | OfferState.AUTHORIZED if offer.expires_at <= now:
            return OfferStanding.EXPIRED
        case OfferState.REDEEMED if (offer.token_expires_at or 0) <= now:
            return _ended(tx, offer, has_issued=has_issued, now=now)
        case OfferState.DONE:
            return _ended(tx, offer, has_issued=has_issued, now=now)
        case _:
            return _WORDS[offer.state]


def _ended(tx: Connection, offer: Offer, *, has_issued: bool, now: int) -> OfferStanding:
    """Once the wallet's time is over: something was collected, is yet to come, or neither.

    What was put off is collected with a later token, and stands with another offer then.
    """
    later = deferrals.standings(tx, offer.id, now=now)
    if has_issued or DeferralState.ISSUED in later:
        return OfferStanding.COLLECTED
    if later & {DeferralState.WAITING, DeferralState.RELEASED}:
        return OfferStanding.PUT_OFF
    return OfferStanding.NOT_COLLECTED
