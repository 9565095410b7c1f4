"""Multibase (Controlled Identifiers 1.0 section 2.4): base58btc as ``z``, base64url as ``u``.

One value has one spelling in each base. Base58 costs the square of its length, so it is read only
up to a length that keys and signatures need; long values come as base64url. What is *not* here:
other bases, and what the octets mean (``healthpassport.keys.multikey``).
"""

from __future__ import annotations

from typing import Final

from healthpassport.encoding import MAX_TOKEN_BYTES, b64url_decode, b64url_encode
from healthpassport.errors import EncodingError

BASE58: Final = "z"
BASE64URL: Final = "u"
MAX_CHARS: Final = MAX_TOKEN_BYTES  # of a value in any base
MAX_BASE58_CHARS: Final = 4_096  # an ML-DSA-44 signature has 3,305; reading 4,096 costs some 3 ms
_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE: Final = len(_ALPHABET)
_FOREIGN: Final = 255
_DIGITS: Final = bytes(
    _ALPHABET.index(chr(code)) if chr(code) in _ALPHABET else _FOREIGN for code in range(256)
)


def decode(text: str, *, max_chars: int = MAX_CHARS) -> bytes:
    """The octets of ``text``.

    Raises:
        EncodingError: ``multibase.invalid`` for another base, a foreign character, padding, stray
            bits, an empty value or one longer than ``max_chars`` (of base58: 4,096).
    """
    base, value = text[:1], text[1:]
    if not value or len(text) > max_chars:
        raise EncodingError("multibase.invalid", "it is empty or longer than the limit")
    if base == BASE58:
        return _decode_base58(value)
    if base != BASE64URL:
        raise EncodingError("multibase.invalid", "it is neither base58btc nor base64url")
    try:
        return b64url_decode(value)
    except EncodingError as error:
        raise EncodingError("multibase.invalid", "it is not strict base64url") from error


def encode_base64url(data: bytes) -> str:
    """``data`` as multibase base64url, ``u`` in front."""
    return BASE64URL + b64url_encode(data)


def encode_base58(data: bytes) -> str:
    """``data`` as multibase base58btc, ``z`` in front (section 3.1).

    Raises:
        EncodingError: ``multibase.invalid`` for more than can be read again.
    """
    if len(data) > MAX_BASE58_CHARS:
        raise EncodingError("multibase.invalid", "it is longer than the limit")
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, _BASE)
        digits.append(_ALPHABET[digit])
    zeroes = len(data) - len(data.lstrip(b"\0"))
    text = BASE58 + _ALPHABET[0] * zeroes + "".join(reversed(digits))
    if len(text) > MAX_BASE58_CHARS:
        raise EncodingError("multibase.invalid", "it is longer than the limit")
    return text


def _decode_base58(text: str) -> bytes:
    """Section 3.2: leading ones are zero octets, the rest is one number."""
    if len(text) >= MAX_BASE58_CHARS or not text.isascii():
        raise EncodingError("multibase.invalid", "base58 is longer than the limit or not ASCII")
    digits = text.encode("ascii").translate(_DIGITS)
    if _FOREIGN in digits:
        raise EncodingError("multibase.invalid", "a character is not of base58btc")
    number = 0
    for digit in digits:
        number = number * _BASE + digit
    zeroes = len(digits) - len(digits.lstrip(b"\0"))
    return bytes(zeroes) + number.to_bytes((number.bit_length() + 7) // 8, "big")
