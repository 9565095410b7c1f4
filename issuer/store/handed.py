"""What the console handed to patients, and what became of it.

Rules: a patient stands here as a keyed digest alone, so that staff who type the number again find
what is theirs and a copy of the database names nobody. What is *not* here: the digest's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from .identity_checks import IdentityCheck
from .issuances import Issuance
from .offers import OfferState
from .sign_in_tables import identity_checks
from .staff_tables import handed
from .tables import grants, issuances, offer_records, offers


@dataclass(frozen=True, slots=True)
class HandedRow:
    """One offer that staff handed over."""

    offer: str
    person: str | None
    vouched_by: str | None
    prepared_by: str
    signed_by: str
    link_by: str
    pin_by: str
    at: int


@dataclass(frozen=True, slots=True)
class HandedOffer:
    """A handed offer with how it stands: its own state, its grant, and what was issued for it.

    ``checked`` says how the patient was identified.
    """

    row: HandedRow
    checked: IdentityCheck
    client: str
    state: OfferState
    expires_at: int
    grant: str | None
    records: int
    issued: tuple[Issuance, ...]


def add(connection: Connection, row: HandedRow) -> None:
    """Keep ``row``."""
    connection.execute(insert(handed).values(asdict(row)))


def of_person(connection: Connection, person: str, *, limit: int) -> tuple[HandedOffer, ...]:
    """What was handed to ``person``, the newest first."""
    return _offers(connection, handed.c.person == person, limit)


def since(connection: Connection, moment: int, *, limit: int) -> tuple[HandedOffer, ...]:
    """What was handed over from ``moment`` on, the newest first."""
    return _offers(connection, handed.c.at >= moment, limit)


def find(connection: Connection, offer: str) -> HandedOffer | None:
    """The handed offer of this id."""
    found = _offers(connection, handed.c.offer == offer, 1)
    return found[0] if found else None


def _offers(connection: Connection, where: Any, limit: int) -> tuple[HandedOffer, ...]:  # noqa: ANN401 - an expression
    count = (
        select(func.count())
        .select_from(offer_records)
        .where(offer_records.c.offer == handed.c.offer)
        .scalar_subquery()
    )
    columns = (
        offers.c.client,
        offers.c.state,
        offers.c.expires_at,
        offers.c.grant,
        identity_checks.c.kind,
    )
    query = (
        select(*handed.c, *columns, count.label("records"))
        .join(offers, offers.c.id == handed.c.offer)
        .join(identity_checks, identity_checks.c.offer == handed.c.offer)
        .where(where)
        .order_by(handed.c.at.desc(), handed.c.offer)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    lines = {row.offer: _issued(connection, row.offer, row.grant) for row in rows}
    return tuple(_handed(row, lines[row.offer]) for row in rows)


def _issued(connection: Connection, offer: str, grant: str | None) -> tuple[Issuance, ...]:
    """Everything issued for ``offer``, or later to the wallet that collected it, oldest first."""
    mine: Any = issuances.c.offer == offer
    if grant is not None:
        root = select(grants.c.root).where(grants.c.id == grant).scalar_subquery()
        line = select(grants.c.id).where(grants.c.root == root)
        mine |= issuances.c.offer.in_(select(offers.c.id).where(offers.c.grant.in_(line)))
    query = select(issuances).where(mine).order_by(issuances.c.issued_at, issuances.c.id)
    return tuple(Issuance(**row._mapping) for row in connection.execute(query))  # noqa: SLF001


def _handed(row: Any, issued: Sequence[Issuance]) -> HandedOffer:  # noqa: ANN401 - a row
    values = {name: getattr(row, name) for name in handed.c.keys()}  # noqa: SIM118 - columns
    return HandedOffer(
        HandedRow(**values),
        IdentityCheck(row.kind),
        row.client,
        OfferState(row.state),
        row.expires_at,
        row.grant,
        row.records,
        tuple(issued),
    )
