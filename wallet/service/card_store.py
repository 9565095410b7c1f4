"""Emergency cards in the vault: what was made, the secret that ends each, and how each stands.

What is *not* here: making and ending them (``cards``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from healthpassport import cards
from healthpassport.cards import CardClaims
from healthpassport.encoding import Json, dump_json, parse_json_object
from wallet.vault import Vault, Writer

TABLE: Final = "cards"


class CardState(StrEnum):
    """How a card stands; ``ENDED`` is past its day, which nobody has to be told."""

    ACTIVE = "active"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class StoredCard:
    """A card as the vault holds it. ``told`` says whether its issuer knows of its state.

    ``person`` is the passport that it is of, empty where that was not noted yet.
    """

    row: int
    iss: str
    issuer: str
    text: str
    made_at: datetime
    state: CardState
    told: bool
    secret: str = field(repr=False)
    person: str = ""

    @property
    def id(self) -> str:
        """The card's name for its holder."""
        return f"{self.row:014x}"

    @property
    def claims(self) -> CardClaims:
        """What the card says; it was verified when it came."""
        return cards.parse(self.text).claims

    def may_be_in_use(self, moment: datetime) -> bool:
        """Whether its issuer does not know yet that it is over."""
        return self.claims.expires_at > moment and (self.state is CardState.ACTIVE or not self.told)

    def now(self, moment: datetime) -> CardState:
        """How the card stands at ``moment``."""
        over = self.state is CardState.ACTIVE and self.claims.expires_at <= moment
        return CardState.ENDED if over else self.state


def add_card(writer: Writer, card: StoredCard) -> int:
    """Store a new ``card`` (its row is given here), as part of a transaction."""
    return writer.add(TABLE, _bytes(card))


def change_card(writer: Writer, card: StoredCard, state: CardState, *, told: bool) -> StoredCard:
    """Store how ``card`` stands now, as part of a transaction."""
    changed = replace(card, state=state, told=told)
    writer.replace(TABLE, card.row, _bytes(changed))
    return changed


def read_cards(vault: Vault) -> tuple[StoredCard, ...]:
    """All cards, the newest first."""
    found = (_card(row, parse_json_object(vault.read(TABLE, row))) for row in vault.rows(TABLE))
    return tuple(sorted(found, key=lambda card: (-card.made_at.timestamp(), card.row)))


def _bytes(card: StoredCard) -> bytes:
    return dump_json(
        {
            "iss": card.iss,
            "issuer": card.issuer,
            "text": card.text,
            "madeAt": card.made_at.isoformat(),
            "state": card.state.value,
            "told": card.told,
            "secret": card.secret,
            "person": card.person,
        }
    )


def _card(row: int, stored: Mapping[str, Json]) -> StoredCard:
    return StoredCard(
        row=row,
        iss=str(stored["iss"]),
        issuer=str(stored["issuer"]),
        text=str(stored["text"]),
        made_at=datetime.fromisoformat(str(stored["madeAt"])).astimezone(UTC),
        state=CardState(str(stored["state"])),
        told=stored["told"] is True,
        secret=str(stored["secret"]),
        person=str(stored.get("person", "")),
    )
