"""The code that a person types where there is no camera: whose it is, what it is, and a check.

``RXX01-7K3M-9QTA-5`` is the ODS code of who asks, eight letters for the question, and a check
letter over both. The organisation's part tells a wallet where to ask, by the trust list alone; the
check letter catches every single wrong letter and most swapped ones before anything is sent. What
is *not* here: addresses (``healthpassport.trust``) and the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from healthpassport.errors import RequestError

# Crockford's base 32: no letter is mistaken for a digit, and no word offends.
LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
QUESTION: Final = 8  # letters of the question's own part
ODS: Final = range(3, 13)  # characters of an ODS code
MAX_TYPED: Final = 64  # characters, however they are spaced

_BASE: Final = len(LETTERS)
_SPACING: Final = re.compile(r"[\s.\u2010-\u2015-]+")


@dataclass(frozen=True, slots=True)
class TypedCode:
    """A code whose check letter is right.

    ``organisation`` is the ODS code as it is compared (``folded``), ``question`` the eight letters
    in two groups, as a desk knows them.
    """

    organisation: str
    question: str


def spelled(ods: str, question: str) -> str:
    """The whole code for the question ``question`` (``7K3M-9QTA``) of the organisation ``ods``."""
    body = folded(ods) + folded(question)
    return f"{ods.upper()}-{question}-{_check_letter(body)}"


def read_code(text: str) -> TypedCode:
    """The code in ``text`` as a person typed it: any case, any spacing, O for 0, I or L for 1.

    Raises:
        RequestError: ``request.code``.
    """
    letters = folded(text) if len(text) <= MAX_TYPED else ""
    body, check = letters[:-1], letters[-1:]
    ods, question = body[:-QUESTION], body[-QUESTION:]
    if len(ods) not in ODS or not set(letters) <= set(LETTERS):
        raise RequestError("request.code")
    if _check_letter(body) != check:
        raise RequestError("request.code", "a letter is wrong")
    return TypedCode(ods, f"{question[:4]}-{question[4:]}")


def looks_like_code(text: str) -> bool:
    """Whether ``text`` was typed as a code rather than copied as a link."""
    letters = folded(text) if len(text) <= MAX_TYPED else ""
    return len(letters) - QUESTION - 1 in ODS and set(letters) <= set(LETTERS)


def folded(text: str) -> str:
    """``text`` as codes are compared: letters and digits that look alike are one."""
    return _SPACING.sub("", text.strip()).upper().translate(READ_AS)


def _check_letter(body: str) -> str:
    """ISO/IEC 7064, hybrid system, here over 32 letters (MOD 33,32)."""
    product = _BASE
    for letter in body:
        total = (product + LETTERS.index(letter)) % _BASE or _BASE
        product = total * 2 % (_BASE + 1)
    return LETTERS[(1 - product) % _BASE]
