"""What of the records goes to their issuer to make a card: the records on it, and what was ticked.

What is *not* here: sending it (``wallet.client.card_making``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from healthpassport import cards
from healthpassport.cards import CardChoices, CardContent
from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.formats import Place, format_named
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import definition
from wallet.vault import Randomness

from .card_records import FORMAT, IDENTITY, CardRecords, HeldForCard


def presentation(
    request: VerifiedRequest,
    records: Collection[HeldForCard],
    content: CardContent,
    chosen: CardChoices,
    *,
    now: datetime,
    random: Randomness,
) -> Presentation:
    """The answer to the issuer's ``request``: of each record just what stands on the card."""
    challenge = Challenge(request.nonce, request.client_id)
    ids: Mapping[str, str] = {
        wanted.types[0]: wanted.id for wanted in request.query.credentials if wanted.types
    }
    return Presentation(
        {
            ids[definition(one.record.type).vct]: (
                Credential(
                    FORMAT,
                    format_named(FORMAT).present(
                        one.held,
                        disclose=_places(one, content, chosen),
                        challenge=challenge,
                        holder_signer=one.copy.signer,
                        now=now,
                        random=random,
                    ),
                ),
            )
            for one in records
        }
    )


def shown(found: CardRecords, content: CardContent) -> tuple[HeldForCard, ...]:
    """The records that make this card, and no others: each goes to its own issuer.

    Without a list of allergies the summary speaks for them; the person's own record goes along
    where it alone holds a detail that was ticked.
    """
    named = {section.record_type for section in content.sections}
    sections = tuple(one for one in found.held if one.record.type in named)
    others = tuple(one for one in found.held if one.record.type not in named)
    told = {name for one in sections for name in one.record.subject}
    needed = tuple(
        one
        for one in others
        if (one.record.type == IDENTITY and content.subject.keys() - told)
        or (one.record.type != IDENTITY and len(sections) < len(named))
    )
    return (*sections, *needed)


def _places(one: HeldForCard, content: CardContent, chosen: CardChoices) -> frozenset[Place]:
    """The person's details that are on the card, and the entries that were ticked."""
    record_type = one.record.type
    items = (chosen.items or {}).get(record_type, frozenset())
    carried = cards.carried_fields(record_type)
    wanted: set[Place] = {(name,) for name in content.subject}
    wanted |= {("items", at) for at in items}
    wanted |= {("items", at, name) for at in items for name in carried}
    return frozenset(place for place in one.held.places if place in wanted)
