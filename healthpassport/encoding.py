"""The only base64url, the only JSON, and the JSON Canonicalization Scheme.

Everything that arrives is decoded here once, strictly, at the border: base64url without padding or
stray bits (RFC 7515 section 2), JSON without duplicate members, NaN or lone surrogates, within a
size and a depth. What is *not* here: what the decoded values mean.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

from healthpassport.errors import EncodingError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = "Mapping[str, Json]"
_Scan: TypeAlias = Callable[[str, int], "tuple[Json, int]"]

MAX_BODY_BYTES: Final = 1_048_576  # security.md, limits: one request body
MAX_TOKEN_BYTES: Final = 262_144  # security.md, limits: one token
MAX_DEPTH: Final = 32  # security.md, limits: JSON nesting
MAX_SAFE_INTEGER: Final = 2**53 - 1  # RFC 8259 section 6, RFC 7493 section 2.2

# RFC 4648 section 5 to section 4; what base64url does not hold becomes what base64 does not hold.
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_PADDING: Final = (b"", b"", b"==", b"=")
# The characters whose unused low bits are zero (RFC 4648 section 3.5): 4 bits, then 2 bits.
_LAST: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
_CONTAINERS: Final = frozenset({dict, list})
_WHITESPACE: Final = " \t\n\r"  # RFC 8259 section 2
_GAP: Final = re.compile(r'"[ \t\n\r]+:')
# Runs of escaped surrogates; other escapes are stepped over whole, so that an escaped backslash
# neither begins a run nor joins two.
_ESCAPES: Final = re.compile(r"\\[^u]|((?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})+)")


def b64url_encode(data: bytes) -> str:
    """Base64url of ``data`` without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode()


def b64url_decode(text: str) -> bytes:
    """The bytes of strict base64url ``text``.

    Raises:
        EncodingError: ``b64.not_canonical`` for padding, a foreign character, an impossible
            length or non-zero trailing bits, so that one value has one spelling.
    """
    odd = len(text) % 4
    try:
        data = binascii.a2b_base64(
            text.encode("ascii").translate(_FROM_URL) + _PADDING[odd], strict_mode=True
        )
    except ValueError as error:
        raise EncodingError("b64.not_canonical") from error
    if odd and text[-1] not in _LAST[odd]:
        raise EncodingError("b64.not_canonical", "the last character carries stray bits")
    return data


def b64_decode(text: str, *, code: str = "b64.not_canonical") -> bytes:
    """The bytes of standard base64 with padding, as x5c holds it (RFC 7515 section 4.1.6).

    As with base64url, one value has one spelling: stray bits in the last character are refused.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise EncodingError(code) from error
    if b64_encode(data) != text:
        raise EncodingError(code, "the last character carries stray bits")
    return data


def b64_encode(data: bytes) -> str:
    """Standard base64 of ``data`` with padding, as x5c and FHIR attachments want it."""
    return base64.b64encode(data).decode("ascii")


def parse_json(
    data: bytes | str, *, max_bytes: int = MAX_BODY_BYTES, max_depth: int = MAX_DEPTH
) -> Json:
    """The value of strict JSON ``data``.

    Raises:
        EncodingError: ``limit.size``, ``limit.depth``, ``json.invalid``, ``json.duplicate_key``,
            ``json.number_invalid`` (NaN, Infinity, -0, beyond 2^53) or ``json.text`` (half a pair).
    """
    if len(data) > max_bytes:
        raise EncodingError("limit.size")
    text = _text(data)
    value = _scanned(text, _SCAN)
    if text.count("[") + text.count("{") > max_depth:
        _refuse_depth(value, max_depth)
    return value


def parse_source_json(
    data: bytes, *, max_bytes: int = MAX_BODY_BYTES, max_depth: int = MAX_DEPTH
) -> tuple[Json, int]:
    """The value of JSON as record systems write it, and how many objects name a member twice.

    Of a member that is named twice the last stands, as every common reader has it. A number that
    is no plain integer is the text of its digits: FHIR's decimals mean their precision (FHIR R4
    section 2.24.0.1). For data that nobody signed, and whose doubled members its reader reports.

    Raises:
        EncodingError: ``limit.size``, ``limit.depth``, ``json.invalid``, ``json.number_invalid``
            (NaN, Infinity) or ``json.text``.
    """
    if len(data) > max_bytes:
        raise EncodingError("limit.size")
    text = _text(data)
    value = _scanned(text, _LAST_STANDS)
    # A colon behind a quote ends a member's name, or stands in a string: where there are no more
    # of them than members in the tree, no name was lost. Else every object is looked at.
    if _members(value, max_depth) == text.count('":') and not _GAP.search(text):
        return value, 0
    doubled = 0

    def pairs(members: list[tuple[str, Json]]) -> dict[str, Json]:
        nonlocal doubled
        found = dict(members)
        doubled += len(found) != len(members)
        return found

    _scanned(text, _source_scanner(pairs))
    return value, doubled


def _text(data: bytes | str) -> str:
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError("json.invalid", "the bytes are not UTF-8") from error
    if isinstance(data, str) or "\\u" in text:
        _refuse_surrogates(text)
    return text.strip(_WHITESPACE)


def _scanned(text: str, scan: _Scan) -> Json:
    try:
        value, end = scan(text, 0)
    except RecursionError as error:
        raise EncodingError("limit.depth") from error
    except (ValueError, StopIteration) as error:
        raise EncodingError("json.invalid") from error
    if end != len(text):
        raise EncodingError("json.invalid", "something follows the value")
    return value


def parse_json_object(
    data: bytes | str, *, max_bytes: int = MAX_BODY_BYTES, max_depth: int = MAX_DEPTH
) -> dict[str, Json]:
    """Like ``parse_json``, for data that must be one object (else ``json.invalid``)."""
    value = parse_json(data, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise EncodingError("json.invalid", "a JSON object is expected here")
    return value


def parse_b64url_json(text: str) -> tuple[Json, str]:
    """The value of strict base64url over strict JSON, and the JSON text itself.

    The same as ``parse_json`` of ``b64url_decode`` in half the time for what is short and plain;
    everything else takes that way, so that there is one set of rules.

    Raises:
        EncodingError: see ``b64url_decode`` and ``parse_json``.
    """
    odd = len(text) % 4
    try:
        octets = text.encode("ascii").translate(_FROM_URL) + _PADDING[odd]
        body = binascii.a2b_base64(octets, strict_mode=True).decode()
        plain = "\\" not in body and body.count("[") + body.count("{") <= MAX_DEPTH
        if plain and len(body) <= MAX_TOKEN_BYTES and (not odd or text[-1] in _LAST[odd]):
            value, end = _SCAN(body, 0)
            if end == len(body):
                return value, body
    except (ValueError, StopIteration):
        pass  # the way below says what is wrong with it
    data = b64url_decode(text)
    return parse_json(data), data.decode()


def dump_json(value: Json, *, indent: int | None = None) -> bytes:
    """``value`` as UTF-8 JSON: compact, or indented for people; NaN is refused."""
    if indent is None:
        return dump_text(value).encode("utf-8")
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent).encode("utf-8")


def dump_text(value: Json) -> str:
    """``value`` as compact JSON text; NaN is refused with ``ValueError``."""
    return _ENCODE(value)


def jcs(value: Json) -> bytes:
    """``value`` in the JSON Canonicalization Scheme (RFC 8785).

    Raises:
        EncodingError: ``json.number_invalid`` for a float that is not finite or an integer beyond
            2^53, ``json.text`` for a lone surrogate.
    """
    parts: list[str] = []
    _canonical(value, parts)
    try:
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError("json.text") from error


def _canonical(value: Json, parts: list[str]) -> None:
    if value is None or isinstance(value, bool | str):
        parts.append(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, int | float):
        parts.append(_number(value))
    elif isinstance(value, Mapping):
        # RFC 8785 section 3.2.3: members are sorted by their UTF-16 code units.
        for position, name in enumerate(sorted(value, key=_utf16)):
            parts.append(",{"[position == 0] + json.dumps(name, ensure_ascii=False) + ":")
            _canonical(value[name], parts)
        parts.append("}" if value else "{}")
    else:
        for position, entry in enumerate(value):
            parts.append(",["[position == 0])
            _canonical(entry, parts)
        parts.append("]" if value else "[]")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """ECMAScript's Number.prototype.toString, as RFC 8785 section 3.2.2.3 asks."""
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise EncodingError("json.number_invalid")
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        raise EncodingError("json.number_invalid")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = int(exponent or 0) + len(whole) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    """Digits with the decimal point after ``point`` of them (ECMA-262, Number::toString)."""
    count = len(digits)
    if count <= point <= 21:  # noqa: PLR2004 - ECMA-262
        return digits + "0" * (point - count)
    if 0 < point <= 21:  # noqa: PLR2004
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:  # noqa: PLR2004
        return "0." + "0" * -point + digits
    power = point - 1
    head = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{head}e{'+' if power >= 0 else '-'}{abs(power)}"


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EncodingError("json.duplicate_key")
    return found


def _constant(_name: str) -> NoReturn:
    raise EncodingError("json.number_invalid")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(value := int(text)) > MAX_SAFE_INTEGER:  # noqa: PLR2004 - 2^53 has 16 digits
        raise EncodingError("json.number_invalid")
    if text == "-0":
        raise EncodingError("json.number_invalid", "negative zero has two spellings")
    return value


def _digits(text: str) -> int | str:
    """An integer that every reader holds exactly, else its digits."""
    if len(text) > 17 or text == "-0" or abs(int(text)) > MAX_SAFE_INTEGER:  # noqa: PLR2004 - as above
        return text
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")) or (value == 0 and text[0] == "-"):
        raise EncodingError("json.number_invalid")
    return value


def _foreign(value: object) -> NoReturn:
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_float
)


def _source_scanner(pairs: Callable[[list[tuple[str, Json]]], dict[str, Json]] | None) -> _Scan:
    decoder = json.JSONDecoder(
        object_pairs_hook=pairs, parse_constant=_constant, parse_int=_digits, parse_float=str
    )
    return decoder.scan_once  # type: ignore[attr-defined, no-any-return]


_LAST_STANDS: Final = _source_scanner(None)


def _compact_encoder() -> Callable[[Json], str]:
    """The encoder that json.dumps would set up anew for every call, set up once.

    An issuer writes hundreds of small values for one record. The C encoder is no public interface:
    where an interpreter has none, or another one, the public encoder writes the same in more time.
    """
    public = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        # In order: no check for cycles (a tree has none), no conversion of other types, no
        # indentation, separators, members unsorted, none skipped, no NaN.
        encode = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
            None, _foreign, json.encoder.encode_basestring, None, ":", ",", False, False, False
        )
    except (AttributeError, TypeError):
        return public.encode
    return lambda value: "".join(encode(value, 0))


_ENCODE: Final = _compact_encoder()
# The decoder's own scanner: a presentation holds hundreds of small values, and the wrapper around
# it costs more than they do.
_SCAN: Final[_Scan] = _DECODER.scan_once  # type: ignore[attr-defined]


def _refuse_surrogates(text: str) -> None:
    """Lone surrogates, written out or escaped, have no UTF-8 and so no signature."""
    try:
        for run in _ESCAPES.findall(text):
            bytes.fromhex(run.replace("\\u", "")).decode("utf-16-be")
        text.encode("utf-8")
    except UnicodeError as error:
        raise EncodingError("json.text") from error


def _refuse_depth(value: Json, max_depth: int) -> None:
    """Level by level, so that hostile nesting costs no recursion of ours."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(max_depth):
        level = _below(level)
        if not level:
            return
    if level:
        raise EncodingError("limit.depth")


def _members(value: Json, max_depth: int) -> int:
    """How many members all objects of ``value`` have, refused like ``_refuse_depth``."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    members = 0
    for _ in range(max_depth):
        members += sum([len(node) for node in level if type(node) is dict])
        level = _below(level)
        if not level:
            return members
    raise EncodingError("limit.depth")


def _below(level: list[Any]) -> list[Any]:
    return [
        child
        for node in level
        for child in (node.values() if type(node) is dict else node)
        if type(child) in _CONTAINERS
    ]
