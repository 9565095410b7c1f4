"""One question to one patient: its states, its secrets, and what staff see of it.

What is *not* here: storage (``store``), what is held (``holding``) and the steps (``desk``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from healthpassport.credential import VerifiedSummary
from healthpassport.encoding import b64url_encode
from healthpassport.protocols.oid4vp.codes import LETTERS, folded, looks_like_code, read_code

from .seen import Cut
from .templates import DeskTemplate

Random: TypeAlias = Callable[[int], bytes]
Clock: TypeAlias = Callable[[], datetime]

SECRET_BYTES: Final = 16  # 128 bits: identifiers, nonce and state
CODE_BYTES: Final = 5  # 40 bits: eight letters of codes.LETTERS
CONFIRM_DIGITS: Final = 4
MAX_TRIES: Final = 3


class Progress(StrEnum):
    """How far a transaction is."""

    WAITING = "waiting"
    FETCHED = "fetched"
    ANSWERING = "answering"
    CONFIRMING = "confirming"
    ANSWERED = "answered"
    DECLINED = "declined"
    FAILED = "failed"
    EXPIRED = "expired"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        """Whether a wallet may still answer."""
        return self in {Progress.WAITING, Progress.FETCHED}

    @property
    def may_change(self) -> bool:
        """Whether the screen should look again."""
        return self.is_open or self in {Progress.ANSWERING, Progress.CONFIRMING}


@dataclass(frozen=True, slots=True)
class TransactionView:
    """What staff see of a transaction. ``summary`` is there once it may be shown.

    ``short_code`` is what a patient types: organisation, question, check letter.

    ``differences`` names what differs from the person expected; None where nobody was expected.
    ``acting`` is the wallet's own word that its owner acts for the person. ``cut`` says what is
    closed to whoever looks; ``summary`` is then without it.
    """

    id: str
    template: DeskTemplate
    progress: Progress
    short_code: str
    link: str
    created_at: datetime
    expires_at: datetime
    code: str | None = None
    summary: VerifiedSummary | None = None
    forget_at: datetime | None = None
    differences: tuple[str, ...] | None = None
    acting: bool = False
    cut: Cut | None = None


def secret(random: Random) -> str:
    """128 random bits in base64url."""
    return b64url_encode(random(SECRET_BYTES))


def short_code(random: Random) -> str:
    """Eight letters and digits in two groups, easily read aloud."""
    number = int.from_bytes(random(CODE_BYTES), "big")
    letters = [LETTERS[number >> shift & 31] for shift in range(0, CODE_BYTES * 8, 5)]
    text = "".join(letters)
    return f"{text[:4]}-{text[4:]}"


def read_short_code(text: str) -> str:
    """``text`` as a person typed it, whole or without the organisation, as ``short_code`` gives it.

    Raises:
        RequestError: ``request.code`` for a whole code with a wrong letter.
    """
    if looks_like_code(text):
        return read_code(text).question
    letters = folded(text)
    return f"{letters[:4]}-{letters[4:8]}"


def confirm_code(random: Random) -> str:
    """Four digits for the patient's screen."""
    number = int.from_bytes(random(SECRET_BYTES), "big") % 10**CONFIRM_DIGITS
    return f"{number:0{CONFIRM_DIGITS}d}"
