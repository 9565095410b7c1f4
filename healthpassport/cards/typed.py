"""A card as letters that can be read from paper and typed, line by line, where no camera is.

The bytes between deflate and base45 in Crockford's base32 (no I, L, O or U), 25 letters a line in
groups of five, and a sixth group of three check letters over the line's number and letters: a slip
of the finger is told with the line it is in. What is *not* here: what the card says.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

from healthpassport.cards import base45
from healthpassport.errors import CardError
from schemas.cards import table

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP: Final = 5
LINE: Final = 25  # letters of a line before its check letters
CHECK: Final = 3
MAX_LINES: Final = 64
# Read as they look: nobody tells these apart on paper.
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_PREFIXED: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9]*:")
_BITS: Final = 5
_BYTE: Final = 8


def lines(text: str) -> tuple[str, ...]:
    """The card ``text`` (a QR code's) as lines of groups to print."""
    letters = _letters(base45.decode(text.removeprefix(table().prefix)))
    rows = [letters[at : at + LINE] for at in range(0, len(letters), LINE)]
    return tuple(_line(number, row) for number, row in enumerate(rows, start=1))


def untyped(typed: str) -> str:
    """The card that the lines ``typed`` say, as the text of its QR code.

    Spaces, hyphens, line numbers with a full stop or bracket, and lower case do not matter.

    Raises:
        CardError: ``card.typed_line`` with the number of the line, ``card.typed``.
    """
    rows = [row for row in map(_clean, typed.splitlines()) if row]
    if not rows or len(rows) > MAX_LINES:
        raise CardError("card.typed")
    letters = "".join(
        _checked(number, row, last=number == len(rows)) for number, row in enumerate(rows, start=1)
    )
    return table().prefix + base45.encode(_octets(letters))


def is_typed(text: str) -> bool:
    """Whether ``text`` looks like typed lines rather than the text of a QR code, of any kind."""
    return not _PREFIXED.match(text)


def _line(number: int, row: str) -> str:
    groups = [row[at : at + GROUP] for at in range(0, len(row), GROUP)]
    return " ".join([*groups, _check(number, row)])


def _clean(row: str) -> str:
    start, mark, rest = row.strip().partition(" ")
    if mark and start[-1:] in ".):" and start[:-1].isdecimal():
        row = rest
    return "".join(c for c in row.upper() if c not in " -\t").translate(_ALIKE)


def _checked(number: int, row: str, *, last: bool) -> str:
    body, check = row[:-CHECK], row[-CHECK:]
    whole = len(body) == LINE or (last and 0 < len(body) < LINE)
    if not whole or any(c not in ALPHABET for c in row) or check != _check(number, body):
        raise CardError("card.typed_line", f"line {number}")
    return body


def _check(number: int, row: str) -> str:
    """Fifteen bits of the CRC-32 of the line's number and letters."""
    value = zlib.crc32(f"{number} {row}".encode()) >> 17
    return "".join(ALPHABET[value >> shift & 31] for shift in (10, 5, 0))


def _letters(data: bytes) -> str:
    """Five bits a letter, the last filled up with zero bits."""
    bits = len(data) * _BYTE
    count = -(-bits // _BITS)
    number = int.from_bytes(data, "big") << count * _BITS - bits
    return "".join(ALPHABET[number >> (count - at - 1) * _BITS & 31] for at in range(count))


def _octets(letters: str) -> bytes:
    number = 0
    for letter in letters:
        number = number << _BITS | ALPHABET.index(letter)
    count, spare = divmod(len(letters) * _BITS, _BYTE)
    if spare >= _BITS or number & (1 << spare) - 1:
        raise CardError("card.typed", "a letter too many")
    return (number >> spare).to_bytes(count, "big")
