"""What the pages of an emergency card say, prepared so that templates only lay it out.

Rules: the sections are those of every result (``pages``), the words around them ``card_words``; the
person is named where the card proved one, also where it shows no list. What is *not* here: HTML.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import definition
from healthpassport.uk_time import uk_clock, uk_day
from schemas.queries import purposes
from verifier.service.card_readings import HeldReading
from verifier.service.card_words import REASONS, CardWords, card_words
from verifier.service.identity import DeskIdentity
from verifier.service.receipts import EMERGENCY
from verifier.service.words import day

from .pages import ResultPage, banner, moment, result_page
from .receipt_words import RECEIPT_WORDS, ReceiptWords


@dataclass(frozen=True, slots=True)
class CardPage:
    """A card on a screen or on paper."""

    page: ResultPage
    words: CardWords
    reliable: bool
    read_by: tuple[tuple[str, str], ...]
    made_on: str
    valid_until: str
    clears_at: str
    has_receipt: bool
    audited: bool


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    """A receipt in one language."""

    words: ReceiptWords
    facts: tuple[tuple[str, str], ...]


def card_page(held: HeldReading, say: Words = ENGLISH) -> CardPage:
    """``held`` ready to be laid out."""
    card, reader = held.reading.card, held.reading.reader
    page = result_page(card.summary, say)
    if card.subject is not None:
        person = banner(card.subject, card.summary.verified_at, say=say)
        page = replace(page, banner=person)
    return CardPage(
        page=page,
        words=card_words(card, say),
        reliable=not card.summary.codes,
        read_by=(
            (say(msg("Read by")), reader.who),
            (say(msg("Role")), reader.role or ""),
            (say(msg("Reason")), f"{reader.reason}. {say(REASONS[reader.reason])}"),
            (say(msg("Note")), reader.note),
        ),
        made_on=_day(card.issued_at, say),
        valid_until=_day(card.valid_until, say),
        clears_at=moment(held.forget_at, say),
        has_receipt=held.reading.receipt is not None,
        audited=held.reading.audited,
    )


def receipt_parts(held: HeldReading, identity: DeskIdentity) -> tuple[ReceiptPart, ...]:
    """The receipt of ``held``, which has one, in each language."""
    registered = identity.registered(EMERGENCY)
    place = f"{registered.name} ({registered.ods})" if registered else ""
    kept = registered.retention if registered else ""
    return tuple(
        ReceiptPart(words, _facts(held, words, place=place, kept=_kept(kept, words.language)))
        for words in RECEIPT_WORDS
    )


def _kept(registered: str, language: str) -> str:
    """How long it is kept, as registered; in the patient's language where that has the words."""
    known = purposes()[EMERGENCY].retention
    return known[language] if registered == known["en"] else registered


def _facts(
    held: HeldReading, words: ReceiptWords, *, place: str, kept: str
) -> tuple[tuple[str, str], ...]:
    reading = held.reading
    shown = [s.record_type for s in reading.card.summary.sections if s.record_state is not None]
    names = [definition(name).labels[words.language].patient for name in shown]
    number = reading.reader.reason
    return (
        (words.who, place),
        (words.role, reading.reader.role or ""),
        (words.when, f"{uk_day(held.read_at):%d/%m/%Y} {uk_clock(held.read_at)}"),
        (words.why, f"{words.reasons[number]} ({number})"),
        (words.what, ", ".join(names)),
        (words.retention, kept),
    )


def _day(when: datetime | None, say: Words) -> str:
    return day(when.date(), say) if when else ""
