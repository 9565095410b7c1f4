"""Offers of a bulk run that are taken back: those whose PIN nobody has given yet.

Rules: what a patient has begun to collect is theirs, and is withdrawn, never taken back; some
hundred offers are one transaction, so that wallets do not wait, and what broke off goes on where it
was when it is asked again. What is *not* here: ending the run (``bulk``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.audit import Actor
from healthpassport.errors import ServiceError
from issuer.store import OfferState, offers
from issuer.store import bulk as rows
from issuer.store.again import tried_again

from .context import IssuerContext

AT_ONCE: Final = 100  # offers of one transaction


def take_back(issuer: IssuerContext, bulk: str, *, who: Actor | None = None) -> int:
    """Close every open offer of a run and erase what it held; how many.

    ``who`` wants it, where that is not the operator.

    Raises:
        ServiceError: ``bulk.unknown``; ``issuer.unavailable``, after which it can be asked again.
    """
    taken = 0
    while some := _some_taken_back(issuer, bulk, who or issuer.audit.operator):
        taken += some
    issuer.store.wipe()
    return taken


@tried_again
def _some_taken_back(issuer: IssuerContext, bulk: str, who: Actor) -> int:
    with issuer.store.writing() as tx:
        if rows.find(tx, bulk) is None:
            raise ServiceError("bulk.unknown")
        found = rows.open_offers(tx, bulk, limit=AT_ONCE)
        for offer in found.values():
            offers.close(tx, offer, OfferState.CANCELLED)
            issuer.audit.write("offer.cancelled", who=who, tx=tx, subject=offer)
        if found:
            rows.take_back(tx, bulk, tuple(found))
    return len(found)
