"""How it was made sure that records go to the person they are about: one word for each offer.

A collection that came later in the same line of grants rests on the check of the first.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection, insert, select

from .sign_in_tables import attested_grants, identity_checks
from .tables import grants, issuances, offers


class IdentityCheck(StrEnum):
    """The closed list of checks; none may be the only way."""

    NHS_LOGIN_P9 = "nhs_login_p9"
    PHOTO_IN_PERSON = "photo_in_person"
    VOUCHED_FOR = "vouched_for"


def record(connection: Connection, offer: str, check: IdentityCheck) -> None:
    """Keep the check that was made before ``offer`` was given."""
    connection.execute(insert(identity_checks).values(offer=offer, kind=check.value))


def of_offer(connection: Connection, offer: str) -> IdentityCheck | None:
    """The check that was made for ``offer`` itself."""
    found = select(identity_checks.c.kind).where(identity_checks.c.offer == offer)
    kind = connection.execute(found).scalar()
    return None if kind is None else IdentityCheck(kind)


def of_issuance(connection: Connection, issuance: str) -> IdentityCheck | None:
    """The check on which ``issuance`` rests: its own offer's, else the first of its grants'."""
    offer = select(issuances.c.offer).where(issuances.c.id == issuance)
    mine = select(identity_checks.c.kind).where(identity_checks.c.offer.in_(offer))
    kind = connection.execute(mine).scalar()
    if kind is None:
        root = (
            select(grants.c.root)
            .join(offers, offers.c.grant == grants.c.id)
            .where(offers.c.id.in_(offer))
        )
        line = select(grants.c.id).where(grants.c.root.in_(root))
        kind = connection.execute(
            select(identity_checks.c.kind)
            .join(offers, offers.c.id == identity_checks.c.offer)
            .where(offers.c.grant.in_(line))
            .order_by(offers.c.created_at)
        ).scalar()
    return None if kind is None else IdentityCheck(kind)


def note_attested(connection: Connection, root: str) -> None:
    """Remember that the wallet of a line of grants proved who it is."""
    connection.execute(insert(attested_grants).values(root=root))


def is_attested(connection: Connection, root: str) -> bool:
    """Whether the wallet of a line of grants proved who it is."""
    found = select(attested_grants.c.root).where(attested_grants.c.root == root)
    return connection.execute(found).scalar() is not None
