"""Emergency cards for people without a wallet: staff make one with the person, and keep nothing.

Rules: the ticks are the person's; NHS number and address start unticked; nothing is dropped by
itself, least of all an allergy; a lost card is withdrawn before another is made. What was made
is held sealed for some minutes, to be printed and read aloud, and then the database holds neither
the card nor whose it is: a person's cards are found by the digest in the audit trail. What is *not*
here: who may and the holding (``issuer.service.console``), signing (``card_copies``), and pages.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from healthpassport import cards
from healthpassport.audit import Actor
from healthpassport.card_sheets.question import content_of
from healthpassport.cards import CardClaims
from healthpassport.encoding import parse_json_object
from healthpassport.errors import CardError, ServiceError
from healthpassport.status.entries import REPLACED, VALID, WITHDRAWN
from healthpassport.summary import PatientSummary, Record
from issuer.store import Issuance, Wanted, issuances
from issuer.store import audit as trail
from schemas.cards import CARD

from .cards import make_card
from .context import IssuerContext
from .people import nhs_number
from .statuses import Change, change_status
from .token_lists import list_uri

MAX_FOUND: Final = 50  # cards of one person
LOST: Final = "lost"
_MADE: Final = "patient.card_made"


@dataclass(frozen=True, slots=True)
class SummaryForCard:
    """What a card can be made of: the records of one person, as this issuer read them now."""

    iss: str
    issuer: str
    status_uri: str
    records: Sequence[Record] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PaperCard:
    """A card that was made, for as long as it is printed and read aloud."""

    issuance: str
    text: str = field(repr=False)
    claims: CardClaims = field(repr=False)


def source_of(issuer: IssuerContext, summary: PatientSummary) -> SummaryForCard:
    """What a card of ``summary`` can be made of."""
    return SummaryForCard(
        issuer.settings.iss, issuer.settings.name, list_uri(issuer, 1), summary.records
    )


def make_paper_card(
    issuer: IssuerContext,
    *,
    client: str,
    summary: PatientSummary,
    ticks: Collection[str],
    who: Actor,
    instead_of: Collection[str] = (),
) -> PaperCard:
    """The card of exactly ``ticks``; those ``instead_of`` which it is made are withdrawn first.

    Raises:
        CardError: ``card.not_made``, ``card.too_large``, ``card.no_allergies``, ``card.deceased``.
        ServiceError: ``issuer.issuance_unknown`` for a card that is not there.
    """
    content = content_of(source_of(issuer, summary), ticks)
    space = cards.room(content, iss=issuer.settings.iss, status_uri=list_uri(issuer, 1))
    if not space.fits:
        raise CardError("card.too_large", f"{space.over} bytes too many")
    for old in instead_of:
        withdraw_lost(issuer, old, who=who)
    made = make_card(
        issuer,
        client=client,
        summary=summary,
        choices=cards.choices(summary.records, ticks),
        who=who,
    )
    for old in instead_of:
        issuer.audit.write(
            "card.replaced", who=who, subject=old, reason=LOST, issuance=made.issuance.id
        )
    return PaperCard(made.issuance.id, made.text, cards.parse(made.text).claims)


def withdraw_lost(issuer: IssuerContext, issuance: str, *, who: Actor) -> Issuance:
    """Withdraw the card ``issuance`` for good; one that is withdrawn stays so.

    Raises:
        ServiceError: ``issuer.issuance_unknown``, also for what is no card.
    """
    with issuer.store.reading() as tx:
        found = issuances.find(tx, issuance)
    if found is None or found.record_type != CARD:
        raise ServiceError("issuer.issuance_unknown")
    if found.status == WITHDRAWN:
        return found
    return change_status(issuer, issuance=issuance, change=Change.WITHDRAW, who=who, reason=LOST)


def cards_in_use(issuer: IssuerContext, summary: PatientSummary) -> tuple[Issuance, ...]:
    """The cards that staff made for this person and that still count, the newest first.

    They are found by the person's NHS number alone; none where the record tells none.
    """
    number = nhs_number(summary.records)
    if not number:
        return ()
    issuer.audit.seal()
    wanted = Wanted(event=_MADE, about=issuer.audit.about(number))
    with issuer.store.reading() as tx:
        made = (_issuance(one.entry) for one in trail.find(tx, wanted, MAX_FOUND))
        found = [issuances.find(tx, name) for name in made if name]
    return tuple(one for one in found if one is not None and _counts(issuer, one))


def _counts(issuer: IssuerContext, card: Issuance) -> bool:
    ended = card.status in {WITHDRAWN, REPLACED}
    return not ended and card.status >= VALID and card.expires_at > issuer.now()


def _issuance(entry: str) -> str:
    facts = parse_json_object(entry)["facts"]
    return str(facts.get("issuance", "")) if isinstance(facts, dict) else ""
