"""Offers that opened or were ended, noted in the journal: a database that was set back forgets it.

Else a code that was used, burned or taken back in the moments that were lost could be used once
more. Rules: burning and taking back are noted with the transaction that does it, use by one of its
own afterwards, since what failed at its last moment must be possible again; brought in, the offer
is over and what it held is erased; a note counts until its offer would have expired. Names of
offers, their states and moments alone stand there. What is *not* here: what else was lost
(docs/status.md), and what ends with a noticed set-back (``issuer.service.nonces``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from healthpassport.encoding import JsonObject

from . import journal
from .tables import offers

SPENT: Final = frozenset({"redeemed", "burned", "cancelled"})  # states; what expired is over anyway


def note(connection: Connection, offer: str, state: str) -> None:
    """``offer`` is in ``state`` and opens nothing more."""
    if state not in SPENT or journal.of(connection) is None:
        return
    query = select(offers.c.expires_at).where(offers.c.id == offer)
    until = connection.execute(query).scalar()
    journal.note(connection, {"offer": offer, "state": state, "until": until})


def counts(said: JsonObject, now: int) -> bool:
    """Whether a note of a journal is still needed at ``now``; all others than these are."""
    match said:
        case {"offer": str(), "until": int(until)}:
            return until > now
        case _:
            return True
