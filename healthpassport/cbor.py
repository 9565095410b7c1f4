"""The part of CBOR (RFC 8949) that tokens and proof values are made of, read strictly.

Integers, byte and text strings, arrays, maps and tags; definite lengths and shortest forms only
(section 4.2.1), no map key twice, nothing behind the item. Bytes, depth and items are bounded, and
a count that the bytes cannot hold is refused before anything is read for it. What is *not* here:
floats and simple values, which nothing that is read here holds; what the items mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from healthpassport.errors import EncodingError

Cbor: TypeAlias = "int | bytes | str | Sequence[Cbor] | Mapping[Cbor, Cbor] | Tagged"

MAX_BYTES: Final = 1_048_576  # of one message; the largest is a status list of 2^20 entries
MAX_DEPTH: Final = 8  # of nesting; a status list token has four levels, a proof value three
MAX_ITEMS: Final = 65_536  # of all kinds; a proof value holds some for each statement
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)  # section 3.1, major types
_SHORT: Final = 24  # section 3: an argument below stands in the first byte
_WIDTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}  # section 3: octets of a longer argument


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tagged item (section 3.4)."""

    tag: int
    value: Cbor


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Cbor:
    """The one item in ``data``.

    Raises:
        EncodingError: ``cbor.invalid``.
    """
    if len(data) > max_bytes:
        raise EncodingError("cbor.invalid", "it is larger than the limit")
    reader = _Reader(data)
    value = reader.item(max_depth)
    if reader.at != len(data):
        raise EncodingError("cbor.invalid", "something follows the item")
    return value


def encode(value: Cbor) -> bytes:
    """``value`` with shortest forms, in the order given."""
    if isinstance(value, int):
        return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, Tagged):
        return _head(_TAG, value.tag) + encode(value.value)
    if isinstance(value, Mapping):
        pairs = b"".join([encode(k) + encode(v) for k, v in value.items()])
        return _head(_MAP, len(value)) + pairs
    return _head(_ARRAY, len(value)) + b"".join([encode(entry) for entry in value])


def _head(major: int, argument: int) -> bytes:
    if argument < _SHORT:
        return bytes([major << 5 | argument])
    code, width = next((c, w) for c, w in _WIDTHS.items() if argument < 1 << 8 * w)
    return bytes([major << 5 | code]) + argument.to_bytes(width, "big")


class _Reader:
    """One pass over ``data``; ``at`` is the place of the next byte, ``left`` the items allowed."""

    __slots__ = ("at", "data", "left")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.left = MAX_ITEMS

    def item(self, depth: int) -> Cbor:
        if depth == 0:
            raise EncodingError("cbor.invalid", "it is nested too deeply")
        self.left -= 1
        if self.left < 0:
            raise EncodingError("cbor.invalid", "it holds too many items")
        major, argument = self.head()
        if major in {_UNSIGNED, _NEGATIVE}:
            return -1 - argument if major else argument
        if major in {_BYTES, _TEXT}:
            return self.text(argument) if major == _TEXT else self.octets(argument)
        if major == _ARRAY:
            return self.array(argument, depth - 1)
        if major == _MAP:
            return self.map(argument, depth - 1)
        if major == _TAG:
            return Tagged(argument, self.item(depth - 1))
        raise EncodingError("cbor.invalid", "floats and simple values are not read")

    def head(self) -> tuple[int, int]:
        """Major type and argument (section 3)."""
        if self.at >= len(self.data):
            raise EncodingError("cbor.invalid", "it is cut short")
        first = self.data[self.at]
        major, argument = first >> 5, first & 31
        self.at += 1
        if argument < _SHORT:
            return major, argument
        width = _WIDTHS.get(argument)
        if width is None:  # 28 to 30 are not assigned, 31 is an indefinite length
            raise EncodingError("cbor.invalid", "a length is indefinite")
        value = int.from_bytes(self.octets(width), "big")
        least = _SHORT if width == 1 else 1 << 4 * width
        if value < least:
            raise EncodingError("cbor.invalid", "a number is longer than it must be")
        return major, value

    def octets(self, length: int) -> bytes:
        end = self.at + length
        if end > len(self.data):
            raise EncodingError("cbor.invalid", "it is cut short")
        found = self.data[self.at : end]
        self.at = end
        return found

    def text(self, length: int) -> str:
        try:
            return self.octets(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise EncodingError("cbor.invalid", "a text is not UTF-8") from error

    def array(self, count: int, depth: int) -> list[Cbor]:
        self.require(count)
        return [self.item(depth) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[Cbor, Cbor]:
        self.require(2 * count)
        pairs: dict[Cbor, Cbor] = {}
        for _ in range(count):
            key = self.item(depth)
            if not isinstance(key, int | str) or key in pairs:
                raise EncodingError(
                    "cbor.invalid", "a map key stands twice or is no number or text"
                )
            pairs[key] = self.item(depth)
        return pairs

    def require(self, items: int) -> None:
        """Refuse at once a count that what is left cannot hold: an item takes a byte at least."""
        if items > len(self.data) - self.at:
            raise EncodingError("cbor.invalid", "a count is beyond what follows")
