"""Base45 (RFC 9285): bytes in the characters that a QR code holds most of.

One value has one spelling: a group beyond what its bytes hold is refused (section 6). What is *not*
here: the prefix of a card.
"""

from __future__ import annotations

from typing import Final

from healthpassport.errors import CardError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # section 4.2
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_BASE: Final = 45
_PAIR, _SINGLE = 3, 2  # characters of two bytes, and of one


def encode(data: bytes) -> str:
    """``data`` in base45 (section 4.3)."""
    return "".join(_group(data[at : at + 2]) for at in range(0, len(data), 2))


def decode(text: str) -> bytes:
    """The bytes of ``text``.

    Raises:
        CardError: ``card.base45``.
    """
    out = bytearray()
    for at in range(0, len(text), _PAIR):
        values = [_VALUES.get(character, -1) for character in text[at : at + _PAIR]]
        if len(values) < _SINGLE or -1 in values:
            raise CardError("card.base45")
        octets = len(values) - 1
        number = sum(value * _BASE**place for place, value in enumerate(values))
        if number >= 1 << 8 * octets:
            raise CardError("card.base45", "a group holds more than its bytes")
        out += number.to_bytes(octets, "big")
    return bytes(out)


def _group(octets: bytes) -> str:
    number, digits = int.from_bytes(octets, "big"), []
    for _ in range(len(octets) + 1):
        number, digit = divmod(number, _BASE)
        digits.append(ALPHABET[digit])
    return "".join(digits)
