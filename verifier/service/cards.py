"""Reading an emergency card at a desk, without any network.

Rules: reading asks for a reason (1 to 6) and for who reads, a rule for staff and no lock; the audit
entry is written before anything is shown, and where it cannot be, the reading says so and goes on;
a card that failed a check shows nothing; where something is shown the patient gets a receipt, if
one can be made. What is *not* here: pages, and the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from healthpassport import cards
from healthpassport.cards import typed
from healthpassport.credential import VerifiedCard, VerifiedSection
from healthpassport.encoding import Json
from healthpassport.errors import CardError, ServiceError
from healthpassport.receipts import ReceivedRecord, text_hash
from healthpassport.verification import FreshnessPolicy
from healthpassport.verification.card import verify_card

from .card_words import REASONS, CardWords, card_words
from .lists import Lists
from .receipts import DeskReceipts
from .report import summary_json

MAX_TEXT: Final = 8_192  # characters; a typed card has some 2,000
MAX_NAME: Final = 200
UNIT: Final = "items.unit"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a card and why: a staff identity, a role, a reason of ``REASONS``, a note."""

    who: str
    reason: int
    role: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CardEvent:
    """What an audit trail is told: who, why, when, and how it ended; nothing of the content.

    ``card`` is the hash of the code's text, of which a trail keeps a keyed digest.
    """

    reader: Reader
    read_at: datetime
    accepted: bool
    codes: tuple[str, ...]
    card: str


@dataclass(frozen=True, slots=True)
class CardReading:
    """A card as read: what it proved, what is said of it, and the receipt for the patient.

    ``audited`` is False where the audit trail could not be written: the page must say so.
    ``digest`` is what the trail names the card by.
    """

    card: VerifiedCard
    words: CardWords
    reader: Reader
    receipt: str | None
    audited: bool = True
    digest: str = field(default="", repr=False)


Audit: TypeAlias = Callable[[CardEvent], bool]  # whether it was written


def read_card(
    text: str,
    *,
    reader: Reader,
    lists: Lists,
    policy: FreshnessPolicy,
    now: datetime,
    audit: Audit | None = None,
    receipts: DeskReceipts | None = None,
) -> CardReading:
    """Read the card ``text``: a QR code's, or the letters of a card as they were typed.

    Args:
        text: what the code holds, or lines of typed letters.
        reader: who reads, and why.
        lists: trust list and status lists at hand.
        policy: greatest ages.
        now: aware.
        audit: is told before anything is returned, and says whether it wrote that down; what it
            raises goes on.
        receipts: makes the receipt, where the desk has what that takes.

    Raises:
        CardError: ``card.typed_line``, ``card.typed`` or ``card.size`` where the letters are no
            whole card.
        ServiceError: ``card.reader`` without a reason or a name.
    """
    _check_reader(reader)
    code = _code(text)
    card = verify_card(code, trust=lists.trust, status=lists.status, policy=policy, now=now)
    codes = card.summary.codes
    event = CardEvent(reader, now, not codes, codes, text_hash(code))
    audited = audit is not None and audit(event)
    receipt = None
    if receipts is not None and card.subject is not None:
        receipt = receipts.give_for_card(
            cards.parse(code).message,
            records=_received(card),
            reason=reader.reason,
            now=now,
            role=reader.role,
        )
    return CardReading(card, card_words(card), reader, receipt, audited, event.card)


def reading_json(reading: CardReading) -> dict[str, Json]:
    """``reading`` for a program; the shape of ``result`` is that of every verified result."""
    card, words = reading.card, reading.words
    return {
        "version": 1,
        "result": summary_json(card.summary),
        "verdict": words.verdict,
        "next": words.next_step,
        "allergies": {
            "heading": words.allergies.heading,
            "incomplete": words.allergies.incomplete,
            "reasons": list(words.allergies.reasons),
        },
        "subject": None if card.subject is None else dict(card.subject),
        "sections": [{"type": name, "words": said} for name, said in words.sections],
        "limits": list(words.limits),
        "notes": list(words.notes),
        "madeOn": None if card.issued_at is None else card.issued_at.date().isoformat(),
        "reader": _reader_json(reading.reader),
        "receipt": reading.receipt,
        "audited": reading.audited,
    }


def _reader_json(reader: Reader) -> Mapping[str, Json]:
    return {
        "who": reader.who,
        "role": reader.role,
        "reason": reader.reason,
        "words": REASONS[reader.reason],
        "note": reader.note,
    }


def _check_reader(reader: Reader) -> None:
    if reader.reason not in REASONS or not reader.who.strip() or len(reader.who) > MAX_NAME:
        raise ServiceError("card.reader")
    if reader.reason == max(REASONS) and not reader.note.strip():
        raise ServiceError("card.reader", "the reason Other needs a note")


def _code(text: str) -> str:
    """The text of the code: as it came, or of the letters that were typed."""
    if len(text) > MAX_TEXT:
        raise CardError("card.size")
    bare = text.strip("\r\n\t\ufeff")
    return typed.untyped(bare) if typed.is_typed(bare) else bare


def _received(card: VerifiedCard) -> tuple[ReceivedRecord, ...]:
    """What stood on the card, by name alone."""
    details = tuple(card.subject or ())
    shown = [s for s in card.summary.sections if s.record_state is not None]
    return tuple(
        ReceivedRecord(type=s.record_type, format=cards.FORMAT, paths=_paths(s, details))
        for s in shown
    )


def _paths(section: VerifiedSection, details: tuple[str, ...]) -> tuple[str, ...]:
    fields = {f"items.{name}" for item in section.items for name in item.fields}
    return tuple(sorted({*details, *fields, *((UNIT,) if section.items else ())}))
