"""Cards that were made lately, sealed until they are printed and read aloud.

Rules: a card is here for half an hour, in every process, and its text alone is kept. What is *not*
here: making one (``carding``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from healthpassport import cards
from healthpassport.errors import CardError, ServiceError
from issuer.service.context import IssuerContext
from issuer.service.paper_cards import PaperCard
from issuer.service.shelves import Kind, Shelf

HELD: Final = timedelta(minutes=30)  # to print it and to read it aloud
MAX_HELD: Final = 1_000


@dataclass(frozen=True, slots=True)
class KeptCard:
    """What is kept of a card."""

    text: str = field(repr=False)


CARDS: Final = Kind("card", TypeAdapter(KeptCard), MAX_HELD)


class KeptCards:
    """Those of one issuer, whichever process made them."""

    def __init__(self, issuer: IssuerContext) -> None:
        self._issuer = issuer
        self._cards = Shelf(issuer, CARDS)

    def add(self, card: PaperCard) -> None:
        """Hold ``card`` for half an hour; the oldest goes where there are too many."""
        ends_at = self._issuer.clock() + HELD
        self._cards.add(card.issuance, KeptCard(card.text), ends_at=ends_at)

    def find(self, issuance: str) -> PaperCard:
        """The card of ``issuance``.

        Raises:
            CardError: ``card.forgotten``.
        """
        try:
            text = self._cards.find(issuance).text
        except ServiceError as error:
            if error.code != "console.gone":
                raise
            raise CardError("card.forgotten") from error
        return PaperCard(issuance, text, cards.parse(text).claims)

    def drop(self, issuance: str) -> None:
        """Forget the card of ``issuance``."""
        self._cards.drop(issuance)
