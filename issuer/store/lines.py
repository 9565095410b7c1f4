"""What stands of a line of grants: the issuances that a change may have to end.

Whatever was replaced or withdrawn before is not looked at again, so that a line costs the same
however often its wallet came back. ``digest`` tells whether two issuances of one type say the same
(``issuer.service.comparing``). What is *not* here: who decides (``issuer.service.refreshing``).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, or_, select, update

from healthpassport.status.entries import SUSPENDED, VALID

from .deferral_tables import deferrals
from .tables import grants, issuances, offer_records, offers, reports


@dataclass(frozen=True, slots=True)
class Standing:
    """One issuance that stands or is suspended; ``digest`` is None where nothing is known."""

    id: str
    offer: str
    record_type: str
    status: int
    issued_at: int
    digest: str | None


def standing(connection: Connection, root: str, *, since: int = 0) -> tuple[Standing, ...]:
    """What stands of the line that begins with ``root``, oldest first.

    ``since`` leaves out what expired at that time or before.
    """
    same = (offer_records.c.offer == issuances.c.offer) & (
        offer_records.c.record_type == issuances.c.record_type
    )
    query = (
        select(
            issuances.c.id,
            issuances.c.offer,
            issuances.c.record_type,
            issuances.c.status,
            issuances.c.issued_at,
            offer_records.c.digest,
        )
        .select_from(
            grants.join(offers, offers.c.grant == grants.c.id)
            .join(issuances, issuances.c.offer == offers.c.id)
            .outerjoin(offer_records, same)
        )
        .where(grants.c.root == root, issuances.c.status.in_((VALID, SUSPENDED)))
        .where(issuances.c.expires_at > since)
        .order_by(issuances.c.issued_at, issuances.c.id)
    )
    return tuple(Standing(*row) for row in connection.execute(query))


def digest_of(connection: Connection, offer: str, record_type: str) -> str | None:
    """What tells whether another record says the same as this one of ``offer``."""
    mine = (offer_records.c.offer == offer) & (offer_records.c.record_type == record_type)
    return connection.execute(select(offer_records.c.digest).where(mine)).scalar()


def forget_digest(connection: Connection, offer: str, record_type: str) -> None:
    """What was given for ``offer`` is not what its digest was made of: nothing is known of it."""
    mine = (offer_records.c.offer == offer) & (offer_records.c.record_type == record_type)
    connection.execute(update(offer_records).where(mine).values(digest=None))


def reported_since(connection: Connection, root: str, offer: str) -> bool:
    """Whether a report of the line was made or answered since ``offer`` was."""
    since = select(offers.c.created_at).where(offers.c.id == offer).scalar_subquery()
    changed = or_(reports.c.made_at >= since, reports.c.answered_at >= since)
    query = select(reports.c.id).where(reports.c.root == root, changed).limit(1)
    return connection.execute(query).first() is not None


def overtaken(
    connection: Connection, root: str, *, offer: str, record_type: str, since: int
) -> bool:
    """Whether the line holds what was read after ``since``, of this type and another offer.

    What staff looked at first was read when it was put off, and issued much later.
    """
    read_at = (
        select(deferrals.c.created_at)
        .where(deferrals.c.issuance == issuances.c.id)
        .scalar_subquery()
    )
    mine = exists().where(
        grants.c.root == root, offers.c.grant == grants.c.id, issuances.c.offer == offers.c.id
    )
    query = select(issuances.c.record_type).where(
        mine,
        issuances.c.offer != offer,
        issuances.c.status.in_((VALID, SUSPENDED)),
        func.coalesce(read_at, issuances.c.issued_at) > since,
    )
    return record_type in {one.partition(".")[0] for one in connection.execute(query).scalars()}
