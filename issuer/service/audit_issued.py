"""Into the audit trail: that a record was issued, in how many copies, and for whom.

What is *not* here: writing (``audit``).
"""

from __future__ import annotations

from sqlalchemy import Connection

from healthpassport.audit import Actor
from issuer.store import Issuance

from .context import IssuerContext


def tell_issued(issuer: IssuerContext, tx: Connection, issuance: Issuance, *, who: Actor) -> None:
    """One entry about the offer of ``issuance``, in the transaction that keeps it."""
    issuer.audit.write(
        "record.issued",
        who=who,
        tx=tx,
        subject=issuance.offer,
        type=issuance.record_type,
        issuance=issuance.id,
        copies=issuance.copies,
    )
