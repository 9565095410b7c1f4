"""The audit trail for a record system that may read it: its signed end, and pages up to there.

The trail is the issuer's organisation's; an entry tells who did what, by ids and keyed digests, and
nothing clinical. Rules: pages hold every entry, since a chain with gaps proves nothing; that it is
read stands in it. What is *not* here: the form and the check (docs/audit.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from healthpassport.audit import Place, Sealed
from issuer.store import audit as rows

from .audit_keeping import StoredTrail, signed_end
from .context import IssuerContext

MAX_ENTRIES = 1_000  # of one page
USUAL_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class TrailEnd:
    """Where the trail ends now, the signed head over it, and the base where old entries went."""

    end: Place
    head: str
    base: str | None


def trail_end(issuer: IssuerContext, *, client: str) -> TrailEnd:
    """The end of the trail, signed now.

    Raises:
        ServiceError: ``issuer.unavailable``. KeyMaterialError: where the key cannot sign.
    """
    end, head = signed_end(issuer, who=issuer.audit.by(client))
    bases = [one.token for one in StoredTrail(issuer.store).heads() if one.base]
    return TrailEnd(end, head, bases[-1] if bases else None)


def trail_page(issuer: IssuerContext, *, client: str, after: int, limit: int) -> tuple[Sealed, ...]:
    """The entries behind number ``after``, in order; at most ``limit``.

    Raises:
        ServiceError: ``issuer.unavailable``.
    """
    with issuer.store.reading() as tx:
        found = rows.page(tx, after, limit=limit)
    issuer.audit.write("trail.read", who=issuer.audit.by(client))
    return found
