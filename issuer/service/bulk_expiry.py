"""Links and PINs of a run that nobody fetched: let go of after a while, with what they open.

Rules: what stands here sealed for somebody who does not come is erased; an offer whose link and PIN
are gone can be opened by nobody, so it is taken back with what it holds; some hundred lines are one
transaction. What is *not* here: results that were fetched, which are gone from here already.
"""

from __future__ import annotations

from typing import Final

from issuer.store import OfferState, offers
from issuer.store import bulk as rows
from issuer.store.again import tried_again

from .context import IssuerContext

AT_ONCE: Final = 100  # lines of one transaction
_DAY: Final = 86_400  # seconds


def expire_results(issuer: IssuerContext) -> int:
    """Erase results that stood too long or open nothing any more; how many.

    Raises:
        ServiceError: ``issuer.unavailable``, after which it goes on where it was.
    """
    expired = 0
    while some := _some_expired(issuer):
        expired += some
    if expired:
        issuer.store.wipe()
    return expired


@tried_again
def _some_expired(issuer: IssuerContext) -> int:
    before = issuer.now() - issuer.settings.bulk_result_days * _DAY
    with issuer.store.writing() as tx:
        found = rows.stale_results(tx, before=before, limit=AT_ONCE)
        for one in found:
            if one.state is OfferState.OPEN:
                offers.close(tx, one.offer, OfferState.CANCELLED)
                who = issuer.audit.own
                issuer.audit.write("offer.cancelled", who=who, tx=tx, subject=one.offer)
        rows.expire_results(tx, found)
    return len(found)
