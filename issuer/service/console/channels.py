"""How the link and the PIN get to a patient: two ways, and never a phone that others use.

Rules: staff first ask whether the phone is private and who else uses it; a PIN goes by text or
voice, and a link by text, to a private phone alone; of the two one at most goes by text, and both
go by letter only after a second look, with one of our reasons; nothing pretends that a text was
sent. What is *not* here: sending (``texting``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from healthpassport.errors import ServiceError
from healthpassport.languages import msg

PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")  # ITU-T E.164 section 6


class LinkBy(StrEnum):
    """How the link gets to the patient."""

    SCREEN = "screen"
    LETTER = "letter"
    TEXT = "text"


class PinBy(StrEnum):
    """How the PIN gets to the patient."""

    IN_PERSON = "in_person"
    VOICE = "voice"
    TEXT = "text"
    LETTER = "letter"


class Phone(StrEnum):
    """What the patient says of the phone."""

    PRIVATE = "private"
    SHARED = "shared"
    UNSURE = "unsure"


class LettersReason(StrEnum):
    """Why both go by letter, to one door: a closed list."""

    NO_PHONE = "no_phone"
    CANNOT_SPEAK = "cannot_speak"
    PATIENT_ASKS = "patient_asks"


@dataclass(frozen=True, slots=True)
class Ways:
    """How both get there; ``why`` is there where both go by letter."""

    link: LinkBy
    pin: PinBy
    phone: Phone
    why: LettersReason | None = None


LINK_WORDS: Final[Mapping[LinkBy, tuple[str, str]]] = MappingProxyType(
    {
        LinkBy.SCREEN: (
            msg("On this screen, now"),
            msg("The patient is here and scans a code with their wallet."),
        ),
        LinkBy.LETTER: (
            msg("By letter"),
            msg("A sheet with the code and the link, to take along or to post."),
        ),
        LinkBy.TEXT: (
            msg("By text"),
            msg("For one day, to the phone number below. The PIN then goes by another way."),
        ),
    }
)
PIN_WORDS: Final[Mapping[PinBy, tuple[str, str]]] = MappingProxyType(
    {
        PinBy.IN_PERSON: (msg("I tell it in person"), msg("Away from the screen with the code.")),
        PinBy.VOICE: (msg("I say it on the phone"), msg("To the number in the record.")),
        PinBy.TEXT: (msg("By text"), msg("To the phone number that you type below.")),
        PinBy.LETTER: (
            msg("By a letter of its own"),
            msg("A second sheet, in another envelope, on another day."),
        ),
    }
)
PHONE_WORDS: Final[Mapping[Phone, str]] = MappingProxyType(
    {
        Phone.PRIVATE: msg("It is private: nobody else uses it or reads its messages"),
        Phone.SHARED: msg("Somebody else uses it, or may look at it"),
        Phone.UNSURE: msg("They are not sure, or have no phone"),
    }
)
LETTERS_WORDS: Final[Mapping[LettersReason, str]] = MappingProxyType(
    {
        LettersReason.NO_PHONE: msg("They cannot be called, and cannot come in"),
        LettersReason.CANNOT_SPEAK: msg("They cannot hear or speak on the phone, or come in"),
        LettersReason.PATIENT_ASKS: msg("They ask for it, and know who opens their post"),
    }
)
# What staff are told before they choose one of them.
LETTERS_EFFECT: Final = (
    msg("Whoever opens both letters can read the record: nothing else is asked for."),
    msg("Does somebody else open their post? Then tell the PIN in person or on the phone."),
    msg("Post the PIN on another day than the link, in an envelope that does not say what it is."),
)
TO_PHONE: Final = frozenset({PinBy.VOICE, PinBy.TEXT})


def checked_ways(link_by: str, pin_by: str, phone: str, letters: str = "") -> Ways:
    """The two ways, where they may be gone; ``letters`` says why both go by letter.

    Raises:
        ServiceError: ``console.private``, ``console.channel``, ``console.not_private``,
            ``console.same_channel``, ``console.both_letters``.
    """
    if phone not in set(Phone):
        raise ServiceError("console.private")
    if link_by not in set(LinkBy) or pin_by not in set(PinBy):
        raise ServiceError("console.channel")
    link, way = LinkBy(link_by), PinBy(pin_by)
    if (way in TO_PHONE or link is LinkBy.TEXT) and phone != Phone.PRIVATE:
        raise ServiceError("console.not_private")
    if link is LinkBy.TEXT and way is PinBy.TEXT:
        raise ServiceError("console.same_channel")
    if not (link is LinkBy.LETTER and way is PinBy.LETTER):
        return Ways(link, way, Phone(phone))
    if letters not in set(LettersReason):
        raise ServiceError("console.both_letters")
    return Ways(link, way, Phone(phone), LettersReason(letters))


def checked_number(typed: str) -> str:
    """A phone number as those who send texts want it.

    Raises:
        ServiceError: ``console.phone``.
    """
    number = re.sub(r"[\s().-]", "", typed)
    if not PHONE.match(number):
        raise ServiceError("console.phone")
    return number
