"""``wallet.cards``: an emergency card of what its holder ticks, made, printed and withdrawn.

The ticked content goes to the issuer of the records and to nobody else, and what comes back is kept
only if it says the very same and the trust list names the key that signed it. A newer card replaces
the older ones of the same person. What is *not* here: layout and terminals.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport import cards
from healthpassport.card_sheets.question import (
    CardPreview,
    CardQuestion,
    content_of,
    preview,
    question,
)
from healthpassport.card_sheets.sheet import CardSheet, name_of, sheet
from healthpassport.card_sheets.words import Words, allergy_words, title_of, word
from healthpassport.cards import CardContent
from healthpassport.errors import CardError, PassportError, ServiceError
from healthpassport.requests import VerifiedRequest
from healthpassport.verification.card import card_key
from schemas.queries import card_template
from wallet.client.card_making import MadeCard, answer_issuer, ask_issuer, collect_card, end_card
from wallet.vault import Vault

from .attested import attested_for
from .card_records import (
    CardRecords,
    HeldForCard,
    card_records,
    find,
    newer_than,
    one_person,
)
from .card_showing import presentation, shown
from .card_store import CardState, StoredCard, add_card, change_card, read_cards
from .passports import of_person, read_passports, settled
from .past import HistoryEntry, HistoryKind, add_entry
from .review import check_again
from .shelf import mark_shown
from .surroundings import Surroundings

NAMES: Final = ("familyName", "givenNames", "birthDate")  # on every card
SHORTEST_ID: Final = 4


@dataclass(frozen=True, slots=True)
class CardView:
    """A card on the list. ``newer`` says that a newer record is held than the card shows."""

    id: str
    name: str
    issuer: str
    made_at: datetime
    expires_at: datetime
    state: CardState
    state_words: Words
    told: bool
    allergies: Words
    newer: bool


class Cards:
    """The emergency cards of one wallet.

    Args:
        opened: the vault.
        around: files, network, trust and clock.
    """

    def __init__(self, opened: Callable[[], Vault], around: Surroundings) -> None:
        self._opened = opened
        self._around = around

    def choices(self, about: str | None = None) -> CardQuestion:
        """What can be on a card of the person and issuer of the record ``about`` (its id).

        Raises:
            CardError: ``card.no_allergies``, ``card.whose``, ``card.copy_format``.
            ServiceError: ``helper.not_yours``, ``people.check_again``.
        """
        return question(self._records(about))

    def preview(self, ticks: Collection[str], about: str | None = None) -> CardPreview:
        """What a card of exactly ``ticks`` would say of allergies, and whether it fits."""
        return preview(self._records(about), ticks)

    def make(self, ticks: Collection[str], about: str | None = None) -> CardView:
        """Have the issuer sign a card of ``ticks``; older cards of the person are replaced.

        Raises:
            CardError: ``card.too_large``, ``card.other`` where something else came back, and what
                the issuer refuses.
            PassportError: of trust, network and vault.
        """
        vault, found = self._opened(), self._records(about)
        content = content_of(found, ticks)
        if not (space := found.room(content)).fits:
            raise CardError("card.too_large", f"{space.over} bytes too many")
        made = self._signed(vault, found, content, ticks)
        try:
            self._check(made, content, found)
        except PassportError:
            made.tell(kept=False)
            raise
        card = self._keep(vault, made, found)
        made.tell(kept=True)
        self.settle()
        return self._view(self._find(card.id))

    def list(self) -> builtins.tuple[CardView, ...]:
        """All cards, the newest first."""
        return tuple(self._view(card) for card in read_cards(self._opened()))

    def withdraw(self, card_id: str) -> CardView:
        """Have the card marked as withdrawn; it is so here even where the issuer cannot be told.

        Raises:
            ServiceError: ``wallet.card_unknown``.
            CardError, FetchError: where the issuer could not be told; ``settle`` tries again.
        """
        vault, card = self._opened(), self._find(card_id)
        if card.state is not CardState.WITHDRAWN:
            with vault.transaction() as writer:
                card = change_card(writer, card, CardState.WITHDRAWN, told=False)
                add_entry(
                    writer,
                    HistoryEntry(
                        self._around.clock(),
                        HistoryKind.REMOVED,
                        who=card.issuer,
                        what=(word("labels", "title")[self._around.language],),
                    ),
                )
        if not card.told:
            self._tell(card)
        return self._view(self._find(card.id))

    def settle(self) -> int:
        """Tell issuers what they could not be told before; how many cards are still left."""
        left = 0
        for card in read_cards(self._opened()):
            if not card.told and card.claims.expires_at > self._around.clock():
                try:
                    self._tell(card)
                except PassportError:  # told again another time; the holder's own list says so
                    left += 1
        return left

    def print_data(self, card_id: str) -> CardSheet:
        """The card ready to print. Anyone who holds what is printed can read it."""
        card = self._find(card_id)
        return sheet(card.text, card.claims, name=card.id)

    def _records(self, about: str | None) -> CardRecords:
        vault, around = self._opened(), self._around
        found = card_records(vault, about=None if about is None else find(vault, about))
        passport = next(one for one in read_passports(vault) if one.id == found.person)
        again = check_again(
            passport,
            of_person(settled(vault), found.person),
            today=around.clock().date(),
            first_review=around.review_age,
        )
        if again.intersection(one.stored.row for one in found.held):
            raise ServiceError("people.check_again")
        return found

    def _signed(
        self, vault: Vault, found: CardRecords, content: CardContent, ticks: Collection[str]
    ) -> MadeCard:
        """Show the issuer what is ticked, and fetch the card that it offers, unchecked."""
        around = self._around
        request = ask_issuer(
            found.iss,
            fetcher=around.fetcher,
            trust=around.fresh_trust(),
            now=around.clock(),
            random=around.random,
        )
        showing = shown(found, content)
        answer = presentation(
            request,
            showing,
            content,
            cards.choices(found.records, ticks),
            now=around.clock(),
            random=around.random,
        )
        self._note_sharing(vault, request, showing)
        offer = answer_issuer(answer, iss=found.iss, request=request, fetcher=around.fetcher)
        return collect_card(
            offer,
            fetcher=around.fetcher,
            now=around.clock(),
            random=around.random,
            attest=lambda server, line: attested_for(server, vault=vault, around=around, line=line),
        )

    def _note_sharing(
        self, vault: Vault, request: VerifiedRequest, records: Collection[HeldForCard]
    ) -> None:
        """Written before anything leaves, so that history never tells too little."""
        language = self._around.language
        purpose = card_template().purpose
        entry = HistoryEntry(
            self._around.clock(),
            HistoryKind.SHARED,
            who=request.name,
            ods=request.ods,
            purpose=purpose.labels[language].patient,
            retention=purpose.retention[language],
            what=tuple(title_of(one.record.type)[language] for one in records),
        )
        with vault.transaction() as writer:
            for one in records:
                mark_shown(writer, one.copy)
            add_entry(writer, entry)

    def _check(self, made: MadeCard, content: CardContent, found: CardRecords) -> None:
        """What came is a card of this issuer, signed as the list says, of just what was ticked."""
        parsed = cards.parse(made.text)
        now = self._around.clock()
        _, key = card_key(parsed, trust_list=self._around.trust().trust_list, now=now)
        claims = cards.verify(parsed, issuer_key=key.public_key)
        if claims.iss != found.iss or claims.content != content or claims.expires_at <= now:
            raise CardError("card.other")

    def _keep(self, vault: Vault, made: MadeCard, found: CardRecords) -> StoredCard:
        """Store the card; older ones of the same person and issuer are replaced by it."""
        now = self._around.clock()
        card = StoredCard(
            0,
            found.iss,
            found.issuer,
            made.text,
            now,
            CardState.ACTIVE,
            told=True,
            secret=made.secret,
            person=found.person,
        )
        older = [
            one
            for one in read_cards(vault)
            if one.state is CardState.ACTIVE and one.iss == found.iss and _same(one, card)
        ]
        with vault.transaction() as writer:
            row = add_card(writer, card)
            for one in older:
                change_card(writer, one, CardState.REPLACED, told=False)
            add_entry(
                writer,
                HistoryEntry(
                    now,
                    HistoryKind.ADDED,
                    who=found.issuer,
                    ods=found.ods,
                    what=(word("labels", "title")[self._around.language],),
                ),
            )
        return next(one for one in read_cards(vault) if one.row == row)

    def _tell(self, card: StoredCard) -> None:
        end_card(card.iss, card.secret, card.state.value, fetcher=self._around.fetcher)
        with self._opened().transaction() as writer:
            change_card(writer, card, card.state, told=True)

    def _find(self, card_id: str) -> StoredCard:
        """A card by its number on the list, its id, or the beginning of it."""
        held, wanted = read_cards(self._opened()), card_id.strip().lower()
        if wanted.isdecimal() and 1 <= int(wanted) <= len(held):
            return held[int(wanted) - 1]
        found = [card for card in held if card.id.startswith(wanted)]
        if len(wanted) < SHORTEST_ID or len(found) != 1:
            raise ServiceError("wallet.card_unknown")
        return found[0]

    def _view(self, card: StoredCard) -> CardView:
        claims, state = card.claims, card.now(self._around.clock())
        return CardView(
            id=card.id,
            name=name_of(claims),
            issuer=card.issuer,
            made_at=card.made_at,
            expires_at=claims.expires_at,
            state=state,
            state_words=word("states", state.value),
            told=card.told,
            allergies=allergy_words(claims.content.allergies),
            newer=state is CardState.ACTIVE
            and newer_than(self._opened(), claims, person=card.person),
        )


def _same(one: StoredCard, other: StoredCard) -> bool:
    """Whether two cards are of one person, by passport or by what stands on them."""
    noted = bool(one.person) and one.person == other.person
    return noted or one_person(one.claims.content.subject, other.claims.content.subject)
