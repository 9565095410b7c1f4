"""Forgetting a person who asks for it: everything of theirs is withdrawn, then deleted.

No row names a person: the audit trail knows, by a keyed digest of the NHS number, which offers and
cards were theirs. Rules: nothing is deleted that still counts, since nobody could withdraw it
afterwards; what stays says why (docs/keeping.md); a backup that is restored forgets again, by the
journal. What is *not* here: what ends by itself (``keeping``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from healthpassport.audit import Actor
from healthpassport.encoding import parse_json_object
from healthpassport.errors import ServiceError, SourceError
from healthpassport.nhs_numbers import is_nhs_number
from healthpassport.status.entries import SUSPENDED, VALID, WITHDRAWN
from issuer.store import GrantState, Wanted, grants, issuances, journal, offers
from issuer.store import audit as trail
from issuer.store import forgetting as rows
from issuer.store.again import tried_again
from issuer.store.forgetting import Held

from .context import IssuerContext
from .grants import close_grant, tell_ended
from .statuses import set_status, tell_change

MOST: Final = 10_000  # entries of the trail about one person
REASON: Final = "forgotten"
_NAMED: Final = {"patient.offered": "offer", "patient.card_made": "issuance"}


def held_about(issuer: IssuerContext, *, nhs_number: str = "", named: Collection[str] = ()) -> Held:
    """What is held about the person with this number, and with the offers ``named``.

    Raises:
        SourceError: ``source.number``. ServiceError: ``offer.unknown`` for one that is not there.
    """
    number = nhs_number.replace(" ", "").replace("-", "")
    if number and not is_nhs_number(number):
        raise SourceError("source.number")
    issuer.audit.seal()
    with issuer.store.reading() as tx:
        for offer in named:
            if offers.find(tx, offer) is None:
                raise ServiceError("offer.unknown")
        told = _told(issuer, tx, number) if number else {}
        cards = rows.offers_of(tx, told.get("issuance", ()))
        return rows.held(tx, {*named, *told.get("offer", ()), *cards})


@tried_again
def forget_person(
    issuer: IssuerContext, mine: Held, *, who: Actor, nhs_number: str = "", reason: str = ""
) -> None:
    """Withdraw what still counts of ``mine``, as ``held_about`` found it, and delete all of it.

    ``reason`` is a word of ours for the audit trail, where somebody gave one.

    Raises:
        ServiceError: ``issuer.unavailable``, ``issuer.journal``; nothing was done then.
    """
    with issuer.store.writing() as tx:
        # Once more: the wallet may have collected something meanwhile.
        for name in mine.grants:
            found = grants.find(tx, name)
            if found is not None and found.state is GrantState.ACTIVE:
                close_grant(tx, found, GrantState.ENDED, status=None)
                tell_ended(issuer, tx, found, GrantState.ENDED, who=who)
        for name in mine.offers:
            offers.find(tx, name)  # held: no wallet redeems one between the look and the deletion
        now = rows.held(tx, mine.offers)
        _withdraw(issuer, tx, now, who)
        journal.note(tx, {"forget": list(mine.offers)})
        rows.drop(tx, now)
        issuer.audit.write(
            "patient.forgotten",
            who=who,
            tx=tx,
            subject=nhs_number.replace(" ", "").replace("-", ""),
            offers=len(now.offers),
            records=len(now.issuances),
            **({"reason": reason} if reason else {}),
        )
    issuer.store.wipe()
    issuer.store.vacuum()


def _withdraw(issuer: IssuerContext, tx: Connection, mine: Held, who: Actor) -> None:
    for name in mine.issuances:
        found = issuances.find(tx, name)
        if found is not None and found.status in {VALID, SUSPENDED}:
            set_status(tx, issuance=name, status=WITHDRAWN)
            tell_change(issuer, tx, found, WITHDRAWN, who=who, reason=REASON)


def _told(issuer: IssuerContext, tx: Connection, number: str) -> dict[str, set[str]]:
    """What the trail says of the person: ids of offers and of cards."""
    about, told = issuer.audit.about(number), dict[str, set[str]]()
    for event, fact in _NAMED.items():
        for one in trail.find(tx, Wanted(event=event, about=about), MOST):
            facts = parse_json_object(one.entry)["facts"]
            if isinstance(facts, dict):
                told.setdefault(fact, set()).add(str(facts.get(fact, "")))
    return told
