"""Withdrawing, suspending, reinstating and replacing what was issued.

One rule stands over all: a withdrawal is never reversed. Each change makes a new version of the
lists it touches, of either kind, which the next look at them shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.errors import ServiceError
from healthpassport.status.entries import REPLACED, SUSPENDED, VALID, WITHDRAWN
from issuer.store import Issuance, grants, issuances, journal, lines, statuses
from issuer.store.again import tried_again

from .bitstrings import change_entries
from .comparing import says_the_same
from .context import IssuerContext


class Change(StrEnum):
    """What can be done to an issuance."""

    WITHDRAW = "withdraw"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REPLACE = "replace"


_TO: Final[Mapping[Change, int]] = {
    Change.WITHDRAW: WITHDRAWN,
    Change.SUSPEND: SUSPENDED,
    Change.REINSTATE: VALID,
    Change.REPLACE: REPLACED,
}

_FROM: Final[Mapping[Change, frozenset[int]]] = {
    Change.WITHDRAW: frozenset({VALID, SUSPENDED}),
    Change.SUSPEND: frozenset({VALID}),
    Change.REINSTATE: frozenset({SUSPENDED}),
    Change.REPLACE: frozenset({VALID, SUSPENDED}),
}

_EVENTS: Final[Mapping[int, str]] = {
    WITHDRAWN: "record.withdrawn",
    SUSPENDED: "record.suspended",
    VALID: "record.reinstated",
    REPLACED: "record.replaced",
}


@tried_again
def change_status(
    issuer: IssuerContext,
    *,
    issuance: str,
    change: Change,
    client: str | None = None,
    who: Actor | None = None,
    reason: str = "",
) -> Issuance:
    """Do ``change`` to every copy of ``issuance``; doing it twice is doing it once.

    Older copies were left to stand only because they say the same (docs/adr/0082): what is done to
    the newer one is done to them.

    Args:
        issuer: the issuer.
        issuance: its id.
        change: what to do.
        client: the API client that asks, or None at the operator's own command line.
        who: who wants it, where that is not the client.
        reason: one word for the audit trail.

    Raises:
        ServiceError: ``issuer.issuance_unknown``, ``forbidden`` for another client's issuance,
            ``issuer.withdrawn``, ``issuer.replaced``, ``issuer.not_suspended``.
    """
    with issuer.store.writing() as tx:
        found = issuances.find(tx, issuance)
        if found is None:
            raise ServiceError("issuer.issuance_unknown")
        if client is not None and found.client != client:
            raise ServiceError("forbidden")
        target = _TO[change]
        if found.status != target:
            _refuse_impossible(found.status, change)
            set_status(tx, issuance=issuance, status=target)
            told = who or issuer.audit.by(client)
            tell_change(issuer, tx, found, target, who=told, reason=reason)
            for older in _saying_the_same(tx, found, change):
                set_status(tx, issuance=older.id, status=target)
                tell_change(issuer, tx, older, target, who=told, reason=reason)
        changed = issuances.find(tx, issuance)
    return changed or found


def _saying_the_same(tx: Connection, changed: Issuance, change: Change) -> Iterator[Issuance]:
    """Older issuances of one line and format that say what ``changed`` says, and stand so far."""
    root = grants.root_of_issuance(tx, changed.id)
    told = lines.digest_of(tx, changed.offer, changed.record_type)
    for older in () if root is None or told is None else lines.standing(tx, root):
        mine = older.record_type == changed.record_type and older.offer != changed.offer
        before = older.issued_at <= changed.issued_at and older.status in _FROM[change]
        found = issuances.find(tx, older.id) if mine and before else None
        if found is not None and says_the_same(older.digest, told):
            yield found


def set_status(tx: Connection, *, issuance: str, status: int) -> None:
    """Bring ``issuance`` and its copies to ``status``; a copy that was withdrawn stays so."""
    issuances.set_status(tx, issuance, status)
    journal.note_issuance(tx, issuance, status=status)
    statuses.change(tx, issuance=issuance, status=status)
    change_entries(tx, issuance=issuance, status=status)


def tell_change(
    issuer: IssuerContext,
    tx: Connection,
    issuance: Issuance,
    status: int,
    *,
    who: Actor,
    reason: str = "",
) -> None:
    """Into the audit trail: who brought ``issuance`` to ``status``, and why, in one word."""
    facts = {"type": issuance.record_type} | ({"reason": reason} if reason else {})
    issuer.audit.write(_EVENTS[status], who=who, tx=tx, subject=issuance.id, **facts)


def issued(
    issuer: IssuerContext,
    *,
    limit: int = 100,
    offer: str | None = None,
    client: str | None = None,
) -> tuple[Issuance, ...]:
    """The newest issuances, of one offer or API client or of all; none names a person."""
    with issuer.store.reading() as tx:
        return issuances.newest(tx, limit=limit, offer=offer, client=client)


def _refuse_impossible(status: int, change: Change) -> None:
    if status == WITHDRAWN:
        raise ServiceError("issuer.withdrawn")
    if change is Change.REINSTATE and status != SUSPENDED:
        raise ServiceError("issuer.not_suspended")
    if status == REPLACED and change is not Change.WITHDRAW:
        raise ServiceError("issuer.replaced")
