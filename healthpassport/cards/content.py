"""A card's claims as one CBOR map and back (RFC 8392, numbers of ``schemas/cards``).

Reading is strict: what was read must write itself again as the very same bytes, so that one card
has one spelling and nothing stands in it that nobody reads. What is *not* here: the signature and
what surrounds it (``envelope``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from healthpassport import cbor
from healthpassport.cards.packing import (
    as_count,
    as_list,
    as_map,
    as_text,
    name_of,
    pack,
    pack_day,
    pack_item,
    pack_warning,
    section_numbers,
    unpack,
    unpack_day,
    unpack_item,
    unpack_warning,
)
from healthpassport.cards.values import (
    DETAILS,
    IDENTITY,
    CardClaims,
    CardContent,
    CardSection,
    check_content,
)
from healthpassport.cbor import Cbor
from healthpassport.encoding import Json
from healthpassport.errors import CardError, EncodingError
from healthpassport.summary import SectionState, definition
from schemas.cards import SectionNumbers, table

MAX_URI: Final = 300  # characters of an issuer or of a status list
MAX_DEPTH: Final = 10  # of nesting; a reaction of an allergy stands nine deep
_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z
_STATUS: Final = "status_list"  # draft-ietf-oauth-status-list-20 section 6.3


def write_claims(claims: CardClaims) -> bytes:
    """The payload of a card (RFC 8392 section 3, deterministic by RFC 8949 section 4.2.1).

    Raises:
        CardError: ``card.content`` or ``card.no_allergies``.
    """
    check_content(claims.content)
    keys = table().claims
    return cbor.encode(
        {
            keys["iss"]: claims.iss,
            keys["exp"]: int(claims.expires_at.timestamp()),
            keys["iat"]: int(claims.issued_at.timestamp()),
            keys["status"]: {_STATUS: {"idx": claims.status_index, "uri": claims.status_uri}},
            keys["card"]: _write_content(claims.content),
        }
    )


def read_claims(payload: bytes) -> CardClaims:
    """The claims in ``payload``.

    Raises:
        CardError: ``card.cbor``, ``card.claims``, ``card.content`` or ``card.no_allergies``.
    """
    limit = table().limits["inflatedOctets"]
    try:
        row = as_map(cbor.decode(payload, max_bytes=limit, max_depth=MAX_DEPTH))
    except EncodingError as error:
        raise CardError("card.cbor", error.detail) from error
    keys = table().claims
    if row.keys() != set(keys.values()):
        raise CardError("card.claims", "it has other claims than a card has")
    uri, index = _status(row[keys["status"]])
    content = _read_content(as_map(row[keys["card"]]))
    check_content(content)
    claims = CardClaims(
        iss=_uri(row[keys["iss"]]),
        issued_at=_moment(row[keys["iat"]]),
        expires_at=_moment(row[keys["exp"]]),
        status_uri=uri,
        status_index=index,
        content=content,
    )
    if write_claims(claims) != payload:
        raise CardError("card.content", "it is not written in the one way that a card is")
    return claims


def _status(value: Cbor) -> tuple[str, int]:
    entry = value.get(_STATUS) if isinstance(value, Mapping) else None
    if not isinstance(entry, Mapping) or entry.keys() != {"idx", "uri"}:
        raise CardError("card.claims", "it does not say where its status stands")
    return _uri(entry["uri"]), as_count(entry["idx"])


def _uri(value: Cbor) -> str:
    if not isinstance(value, str) or not value.startswith("https://") or len(value) > MAX_URI:
        raise CardError("card.claims", "an address is not an https address")
    return value


def _moment(value: Cbor) -> datetime:
    """RFC 8392 section 2: a NumericDate, here whole seconds."""
    if not isinstance(value, int) or not 0 <= value <= _LAST_SECOND:
        raise CardError("card.claims", "a time is not in seconds")
    return datetime.fromtimestamp(value, UTC)


def _write_content(content: CardContent) -> dict[Cbor, Cbor]:
    keys, fields = table().card, definition(IDENTITY).subject_fields
    subject = content.subject
    as_of = content.allergies.as_of
    row: dict[Cbor, Cbor] = {
        keys[name]: pack(subject[name], fields[name]) for name in DETAILS if name in subject
    }
    row[keys["ods"]] = content.ods
    row[keys["organisation"]] = content.organisation
    row[keys["asOf"]] = pack_day(as_of)
    row[keys["sections"]] = {
        section_numbers(one.record_type).key: _write_section(one, as_of) for one in content.sections
    }
    return row


def _read_content(row: Mapping[Cbor, Cbor]) -> CardContent:
    keys, fields = table().card, definition(IDENTITY).subject_fields
    if row.keys() - set(keys.values()):
        raise CardError("card.content", "a member has no name")
    subject: dict[str, Json] = {
        name: unpack(row[keys[name]], fields[name]) for name in DETAILS if keys[name] in row
    }
    as_of = unpack_day(_member(row, keys["asOf"]))
    listed = as_map(_member(row, keys["sections"]))
    by_key = {one.key: one for one in table().sections}
    if listed.keys() - by_key.keys():
        raise CardError("card.content", "a section has no name")
    return CardContent(
        subject,
        as_text(_member(row, keys["ods"])),
        as_text(_member(row, keys["organisation"])),
        tuple(
            _read_section(as_map(listed[key]), one, as_of)
            for key, one in by_key.items()
            if key in listed
        ),
    )


def _write_section(section: CardSection, as_of: date) -> dict[Cbor, Cbor]:
    keys, numbers = table().section, section_numbers(section.record_type)
    row: dict[Cbor, Cbor] = {
        keys["state"]: table().states[section.state.value],
        keys["itemCount"]: section.item_count,
    }
    if section.as_of != as_of:
        row[keys["asOf"]] = pack_day(section.as_of)
    if section.items:
        row[keys["items"]] = [pack_item(item, numbers) for item in section.items]
    if section.warnings:
        row[keys["warnings"]] = [pack_warning(name) for name in section.warnings]
    return row


def _read_section(row: Mapping[Cbor, Cbor], numbers: SectionNumbers, as_of: date) -> CardSection:
    keys = table().section
    day = row.get(keys["asOf"])
    return CardSection(
        record_type=numbers.record_type,
        state=SectionState(name_of(_member(row, keys["state"]), table().states)),
        item_count=as_count(_member(row, keys["itemCount"])),
        as_of=as_of if day is None else unpack_day(day),
        items=tuple(unpack_item(v, numbers) for v in as_list(row.get(keys["items"], []))),
        warnings=tuple(unpack_warning(v) for v in as_list(row.get(keys["warnings"], []))),
    )


def _member(row: Mapping[Cbor, Cbor], key: int) -> Cbor:
    if key not in row:
        raise CardError("card.content", "a member is missing")
    return row[key]
