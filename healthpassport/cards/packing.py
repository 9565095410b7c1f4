"""The values of a card as CBOR and back, by the type that a record's definition gives each field.

One value has one spelling: a word of the table is its number, a whole date is the number of days
since 1970, and neither may stand as text. Codes of code systems are left out: a card holds the
words that people read. What is *not* here: which members a card has (``content``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final, TypeAlias

from healthpassport.cbor import Cbor
from healthpassport.encoding import Json
from healthpassport.errors import CardError
from healthpassport.summary import FieldDefinition, Item, RecordDefinition, definition
from schemas.cards import SectionNumbers, table

_Pack: TypeAlias = "Callable[[Json], Cbor | None]"
_Unpack: TypeAlias = "Callable[[Cbor], Json]"

EPOCH: Final = date(1970, 1, 1)
_DATE_LENGTH: Final = 10  # of 2026-11-01
_CODES: Final = "codings"


def pack_item(item: Item, numbers: SectionNumbers) -> dict[Cbor, Cbor]:
    """``item`` with the members that a card has numbers for, ascending.

    Raises:
        CardError: ``card.content`` for a member without a number: what belongs together is never
            taken apart.
    """
    known = definition(numbers.record_type)
    bare = plain(item, known)
    if missing := bare.unit.keys() - numbers.unit.keys():
        raise CardError("card.content", f"a card has no number for {min(missing)}")
    packed: dict[Cbor, Cbor] = {}
    for values, keys, fields in (
        (bare.unit, numbers.unit, known.unit_fields),
        (bare.fields, numbers.fields, known.item_fields),
    ):
        for name, key in keys.items():
            if name in values:
                packed[key] = pack(values[name], fields[name])
    return packed


def unpack_item(value: Cbor, numbers: SectionNumbers) -> Item:
    """The entry in ``value``.

    Raises:
        CardError: ``card.content``.
    """
    known = definition(numbers.record_type)
    row = as_map(value)
    parts: list[dict[str, Json]] = []
    for keys, fields in ((numbers.unit, known.unit_fields), (numbers.fields, known.item_fields)):
        found = {n: unpack(row[key], fields[n]) for n, key in keys.items() if key in row}
        parts.append(found)
    if len(row) != sum(map(len, parts)):
        raise CardError("card.content", "an entry has a member without a name")
    return Item(*parts)


def plain(item: Item, known: RecordDefinition) -> Item:
    """``item`` as a card has it: without codes of code systems, and with its separable fields."""
    numbers = section_numbers(known.type)
    unit: dict[str, Json] = {}
    for name, value in item.unit.items():
        words = _words_alone(value, known.unit_fields[name])
        if words is not None:
            unit[name] = words
    fields = {n: v for n, v in item.fields.items() if n in numbers.fields}
    return Item(unit, fields)


def carried_fields(record_type: str) -> tuple[str, ...]:
    """The separable fields that go on a card with an entry of ``record_type``."""
    found = (one.fields for one in table().sections if one.record_type == record_type)
    return tuple(next(found, ()))


@cache
def section_numbers(record_type: str) -> SectionNumbers:
    """The numbers of ``record_type`` (``card.content`` where no card holds it)."""
    for one in table().sections:
        if one.record_type == record_type:
            return one
    raise CardError("card.content", f"no card holds {record_type}")


def pack(value: Json, field: FieldDefinition) -> Cbor:
    """``value`` of ``field``; one that does not fit its type is refused (``card.content``)."""
    packed = _PACK[field.type](value)
    if packed is None:
        raise CardError("card.content", f"the member {field.name} does not fit")
    return packed


def unpack(value: Cbor, field: FieldDefinition) -> Json:
    """The value of ``field`` in ``value`` (``card.content``)."""
    return _UNPACK[field.type](value)


def as_map(value: Cbor) -> Mapping[Cbor, Cbor]:
    """``value`` as a map (``card.content``)."""
    if not isinstance(value, Mapping):
        raise CardError("card.content", "a map is expected")
    return value


def as_list(value: Cbor) -> Sequence[Cbor]:
    """``value`` as a list (``card.content``)."""
    if not isinstance(value, list):
        raise CardError("card.content", "a list is expected")
    return value


def as_text(value: Cbor) -> str:
    """``value`` as text (``card.content``)."""
    if not isinstance(value, str):
        raise CardError("card.content", "text is expected")
    return value


def as_count(value: Cbor) -> int:
    """``value`` as a number from 0 (``card.content``)."""
    if not isinstance(value, int) or value < 0:
        raise CardError("card.content", "a number is expected")
    return value


def pack_day(value: date) -> int:
    """Days since 1970."""
    return (value - EPOCH).days


def unpack_day(value: Cbor) -> date:
    """The day of a number of days since 1970 (``card.content``)."""
    if not isinstance(value, int):
        raise CardError("card.content", "a day is a number")
    try:
        return EPOCH + timedelta(days=value)
    except OverflowError as error:
        raise CardError("card.content", "there is no such day") from error


def name_of(number: Cbor, numbers: Mapping[str, int]) -> str:
    """The name that ``numbers`` gives ``number`` (``card.content`` where there is none)."""
    for name, one in numbers.items():
        if one == number:
            return name
    raise CardError("card.content", "a number has no meaning")


def pack_warning(name: str) -> Cbor:
    """A warning of the table as its number, any other in its own words."""
    return table().warnings.get(name, name)


def unpack_warning(value: Cbor) -> str:
    """The name of a warning (``card.content``)."""
    if isinstance(value, str):
        if value in table().warnings or value == table().implied_warning:
            raise CardError("card.content", "a warning of the table stands as text")
        return value
    return name_of(value, table().warnings)


def _words_alone(value: Json, field: FieldDefinition) -> Json | None:
    """``value`` without codes; the display of a code where there are no other words."""
    if field.type == _CODES:
        return None
    if isinstance(value, Mapping):
        return _without_codes(value)
    if field.type == "reactions" and isinstance(value, Sequence):
        rows = [_without_codes(row) for row in value if isinstance(row, Mapping)]
        return [row for row in rows if row] or None
    return value


def _without_codes(value: Mapping[str, Json]) -> dict[str, Json] | None:
    found: dict[str, Json] = {name: one for name, one in value.items() if name != "coding"}
    codings = value.get("coding")
    if not found.keys() & {"text", "value"} and isinstance(codings, Sequence):
        told = (c.get("display") or c.get("code") for c in codings if isinstance(c, Mapping))
        words = next((one for one in told if one), None)
        found |= {"text": words} if words else {}
    return found or None


def _pack_text(value: Json) -> Cbor | None:
    return value if isinstance(value, str) else None


def _pack_word(value: Json) -> Cbor | None:
    return table().words.get(value, value) if isinstance(value, str) else None


def _unpack_word(value: Cbor) -> Json:
    if isinstance(value, str) and value not in table().words:
        return value
    if isinstance(value, str):
        raise CardError("card.content", "a word of the table stands as text")
    return name_of(value, table().words)


def _pack_date(value: Json) -> Cbor | None:
    """A whole date of the calendar is a number; anything else stands in its own words."""
    if not isinstance(value, str):
        return None
    day = _whole_date(value)
    return value if day is None else pack_day(day)


def _unpack_date(value: Cbor) -> Json:
    if isinstance(value, str):
        if _whole_date(value) is not None:
            raise CardError("card.content", "a whole date stands as text")
        return value
    return unpack_day(value).isoformat()


def _whole_date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if len(text) == _DATE_LENGTH and found.isoformat() == text else None


def _pack_yes(value: Json) -> Cbor | None:
    return int(value) if isinstance(value, bool) else None


def _unpack_yes(value: Cbor) -> Json:
    if value not in (0, 1):
        raise CardError("card.content", "yes is 1 and no is 0")
    return value == 1


def _pack_count(value: Json) -> Cbor | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _pack_list(one: _Pack) -> _Pack:
    def packed(value: Json) -> Cbor | None:
        rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
        found = [one(row) for row in rows]
        kept = [row for row in found if row is not None]
        return kept if rows and len(kept) == len(found) else None

    return packed


def _unpack_list(one: _Unpack) -> _Unpack:
    return lambda value: [one(row) for row in as_list(value)]


def _pack_object(numbers: Callable[[], Mapping[str, int]], words: tuple[str, ...] = ()) -> _Pack:
    """An object whose members are texts, those of ``words`` words of the table."""

    def packed(value: Json) -> Cbor | None:
        keys = numbers()
        if not isinstance(value, Mapping) or not value or value.keys() - keys.keys():
            return None
        found: dict[Cbor, Cbor] = {}
        for name, key in keys.items():
            if name in value:
                one = (_pack_word if name in words else _pack_text)(value[name])
                if one is None:
                    return None
                found[key] = one
        return found

    return packed


def _unpack_object(
    numbers: Callable[[], Mapping[str, int]], words: tuple[str, ...] = ()
) -> _Unpack:
    def unpacked(value: Cbor) -> Json:
        row, keys = as_map(value), numbers()
        found: dict[str, Json] = {
            name: _unpack_word(row[key]) if name in words else as_text(row[key])
            for name, key in keys.items()
            if key in row
        }
        if len(found) != len(row):
            raise CardError("card.content", "a member has no name")
        return found

    return unpacked


def _pack_concept(value: Json) -> Cbor | None:
    return _pack_text(value["text"]) if isinstance(value, Mapping) and "text" in value else None


_REACTION: Final = (lambda: table().reaction, ("severity",))
_MEASURED: Final = (lambda: table().measured,)
_NUMBER: Final = (lambda: table().nhs_number, ("verificationStatus",))

_PACK: Final[Mapping[str, _Pack]] = {
    "text": _pack_text,
    "texts": _pack_list(_pack_text),
    "code": _pack_word,
    "codes": _pack_list(_pack_word),
    "boolean": _pack_yes,
    "count": _pack_count,
    "date": _pack_date,
    "when": _pack_date,
    "reactions": _pack_list(_pack_object(*_REACTION)),
    "measured": _pack_object(*_MEASURED),
    "nhsNumber": _pack_object(*_NUMBER),
    "concept": _pack_concept,
}
_UNPACK: Final[Mapping[str, _Unpack]] = {
    "text": as_text,
    "texts": _unpack_list(as_text),
    "code": _unpack_word,
    "codes": _unpack_list(_unpack_word),
    "boolean": _unpack_yes,
    "count": as_count,
    "date": _unpack_date,
    "when": _unpack_date,
    "reactions": _unpack_list(_unpack_object(*_REACTION)),
    "measured": _unpack_object(*_MEASURED),
    "nhsNumber": _unpack_object(*_NUMBER),
    "concept": lambda value: {"text": as_text(value)},
}
