"""Which collections belong together: those of one line of grants, whichever device or token asks.

What is *not* here: making and ending grants (``grants``).
"""

from __future__ import annotations

from sqlalchemy import Connection

from issuer.store import Offer, grants, offers


def line_of(tx: Connection, offer: Offer) -> str | None:
    """The root of the line of grants that ``offer`` belongs to, None where it has none."""
    found = None if offer.grant is None else grants.find(tx, offer.grant)
    return None if found is None else found.root


def same_line(tx: Connection, offer: Offer, other: str) -> bool:
    """Whether the offer ``other`` is ``offer``, or one of the same line of grants."""
    if offer.id == other:
        return True
    line, found = line_of(tx, offer), offers.find(tx, other)
    return line is not None and found is not None and line_of(tx, found) == line
