"""What staff do with records that wait for them: see which there are, release or deny each.

Nothing of a record is told here: it is sealed for the wallet. Staff look at the notes in their own
system, by the offer that the wallet's line began with. What is *not* here: when a record waits
(``deferring``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.errors import ServiceError
from issuer.store import Deferral, DeferralReason, DeferralState, deferrals
from issuer.store.again import tried_again

from .context import IssuerContext


class Decision(StrEnum):
    """What staff say to a record that waits."""

    RELEASE = "release"
    DENY = "deny"


_EVENTS: Final = {Decision.RELEASE: "record.released", Decision.DENY: "record.denied"}


@dataclass(frozen=True, slots=True)
class WaitingRecord:
    """A record that waits for staff; ``offer`` is the one that the practice made and noted."""

    id: str
    configuration: str
    offer: str
    copies: int
    asked_at: int
    expires_at: int


def waiting_records(
    issuer: IssuerContext, *, limit: int = 100, client: str | None = None
) -> tuple[WaitingRecord, ...]:
    """What waits for staff, oldest first, of one API client or of all."""
    with issuer.store.reading() as tx:
        found = deferrals.for_staff(tx, limit=limit, client=client)
        return tuple(_told(tx, one) for one in found)


@tried_again
def decide(
    issuer: IssuerContext,
    *,
    deferral: str,
    decision: Decision,
    client: str | None = None,
    who: Actor | None = None,
) -> WaitingRecord:
    """Release a record to its wallet, or deny it and forget it.

    ``who`` decides, where that is not the API client itself.

    Raises:
        ServiceError: ``deferred.unknown``, ``deferred.decided``, ``forbidden`` for another
            client's.
    """
    with issuer.store.writing() as tx:
        found = deferrals.find(tx, deferral)
        if found is None or found.reason is not DeferralReason.STAFF:
            raise ServiceError("deferred.unknown")
        if client is not None and found.client != client:
            raise ServiceError("forbidden")
        if found.state is not DeferralState.WAITING or found.expires_at <= issuer.now():
            raise ServiceError("deferred.decided")
        if decision is Decision.RELEASE:
            deferrals.change(tx, found.id, state=DeferralState.RELEASED.value)
        else:
            deferrals.deny(tx, found)
        told = _told(tx, found)
        issuer.audit.write(
            _EVENTS[decision],
            who=who or issuer.audit.by(client),
            tx=tx,
            subject=told.offer,
            type=told.configuration,
        )
    issuer.store.wipe()
    return told


def _told(tx: Connection, found: Deferral) -> WaitingRecord:
    first = None if found.root is None else deferrals.first_offer(tx, found.root)
    return WaitingRecord(
        id=found.id,
        configuration=found.configuration,
        offer=first or found.offer,
        copies=found.copies,
        asked_at=found.created_at,
        expires_at=found.expires_at,
    )
