"""The part of CBOR (RFC 8949) that CBOR Web Tokens are made of, read strictly.

Integers, byte and text strings, arrays, maps and tags; definite lengths and shortest forms only
(section 4.2.1), no map key twice, nothing behind the item. What is *not* here: floats and simple
values, which no status list holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from healthpassport.errors import StatusError

Cbor: TypeAlias = "int | bytes | str | Sequence[Cbor] | Mapping[Cbor, Cbor] | Tagged"

MAX_DEPTH: Final = 8  # of nesting; a status list token has four levels
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)  # section 3.1, major types
_SHORT: Final = 24  # section 3: an argument below stands in the first byte
_WIDTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}  # section 3: octets of a longer argument


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tagged item (section 3.4)."""

    tag: int
    value: Cbor


def decode(data: bytes) -> Cbor:
    """The one item in ``data``.

    Raises:
        StatusError: ``status.cbor``.
    """
    value, end = _item(data, 0, MAX_DEPTH)
    if end != len(data):
        raise StatusError("status.cbor", "something follows the item")
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
        pairs = b"".join(encode(k) + encode(v) for k, v in value.items())
        return _head(_MAP, len(value)) + pairs
    return _head(_ARRAY, len(value)) + b"".join(encode(entry) for entry in value)


def _head(major: int, argument: int) -> bytes:
    if argument < _SHORT:
        return bytes([major << 5 | argument])
    code, width = next((c, w) for c, w in _WIDTHS.items() if argument < 1 << 8 * w)
    return bytes([major << 5 | code]) + argument.to_bytes(width, "big")


def _item(data: bytes, at: int, depth: int) -> tuple[Cbor, int]:
    if depth == 0:
        raise StatusError("status.cbor", "it is nested too deeply")
    major, argument, at = _read_head(data, at)
    if major == _UNSIGNED:
        return argument, at
    if major == _NEGATIVE:
        return -1 - argument, at
    if major in {_BYTES, _TEXT}:
        return _string(data, at, argument, text=major == _TEXT)
    if major == _ARRAY:
        return _array(data, at, argument, depth - 1)
    if major == _MAP:
        return _map(data, at, argument, depth - 1)
    if major == _TAG:
        value, at = _item(data, at, depth - 1)
        return Tagged(argument, value), at
    raise StatusError("status.cbor", "floats and simple values are not read")


def _read_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument and the place behind them (section 3)."""
    if at >= len(data):
        raise StatusError("status.cbor", "it is cut short")
    major, argument = data[at] >> 5, data[at] & 31
    at += 1
    if argument < _SHORT:
        return major, argument, at
    width = _WIDTHS.get(argument)
    if width is None or at + width > len(data):  # 31 is an indefinite length
        raise StatusError("status.cbor", "a length is missing or indefinite")
    value = int.from_bytes(data[at : at + width], "big")
    least = _SHORT if width == 1 else 1 << 4 * width
    if value < least:
        raise StatusError("status.cbor", "a number is longer than it must be")
    return major, value, at + width


def _string(data: bytes, at: int, length: int, *, text: bool) -> tuple[Cbor, int]:
    raw = data[at : at + length]
    if len(raw) != length:
        raise StatusError("status.cbor", "it is cut short")
    if not text:
        return raw, at + length
    try:
        return raw.decode("utf-8"), at + length
    except UnicodeDecodeError as error:
        raise StatusError("status.cbor", "a text is not UTF-8") from error


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[Cbor, int]:
    entries: list[Cbor] = []
    for _ in range(count):  # each entry takes a byte at least, so a vast count fails early
        entry, at = _item(data, at, depth)
        entries.append(entry)
    return entries, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[Cbor, int]:
    pairs: dict[Cbor, Cbor] = {}
    for _ in range(count):
        key, at = _item(data, at, depth)
        if not isinstance(key, int | str) or key in pairs:
            raise StatusError("status.cbor", "a map key stands twice or is no number or text")
        pairs[key], at = _item(data, at, depth)
    return pairs, at
