"""A record as a W3C credential (VC Data Model 2.0), and back again.

The record's wire object becomes the one subject, member by member: ``vct`` is told by context and
type, everything else keeps its name. What is *not* here: proofs, and what the data model asks of
every credential (``healthpassport.formats.vcdm``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final

import schemas
from healthpassport.canonical import Contexts, bundled
from healthpassport.encoding import Json
from healthpassport.errors import CredentialError, RecordError
from healthpassport.formats.values import ClaimPath, Place
from healthpassport.summary import RecordDefinition, definition, definition_for_vct, record_types

SUBJECT: Final = "credentialSubject"
UNIT: Final = "unit"
LISTS: Final = ("items", "negations")
# What of the credential itself is never withheld (architecture.md).
ALWAYS: Final = ("/issuer", "/type", "/validFrom", "/validUntil", "/credentialStatus")


@cache
def record_contexts() -> Contexts:
    """The contexts that a record may name: the product's own, and nothing from anywhere else."""
    own = {
        definition(name).context: schemas.load(f"generated/json-ld/{name}.json")
        for name in record_types()
    }
    return bundled().extended(own)


def to_document(
    payload: Mapping[str, Json],
    *,
    issuer: str,
    holder: str | None,
    issued_at: datetime,
    expires_at: datetime,
    status: Mapping[str, Json] | None,
) -> dict[str, Json]:
    """The credential, not signed yet, that holds the record ``payload``.

    Args:
        payload: the record's wire object with its ``vct``.
        issuer: the issuer's DID.
        holder: the DID of the wallet's key, or None to bind it to nobody.
        issued_at: goes out in whole seconds.
        expires_at: goes out in whole seconds.
        status: what is added for the record's status: ``{"credentialStatus": [...]}``.

    Raises:
        RecordError: ``record.type_unknown``.
    """
    known = definition_for_vct(str(payload.get("vct")))
    subject = {name: value for name, value in payload.items() if name != "vct"}
    named = {} if holder is None else {"id": holder}
    return {
        **known.w3c_definition,
        "issuer": issuer,
        "validFrom": _written(issued_at),
        "validUntil": _written(expires_at),
        **(status or {}),
        SUBJECT: {**named, "type": known.type, **subject},
    }


def record_definition(document: Mapping[str, Json]) -> RecordDefinition | None:
    """The record type that the contexts and types of ``document`` name, or None."""
    named = {"@context": document.get("@context"), "type": document.get("type")}
    return next(
        (known for known in map(definition, record_types()) if known.w3c_definition == named), None
    )


def record(claims: Mapping[str, Json]) -> Mapping[str, Json]:
    """The record in the credential ``claims``, as ``healthpassport.summary`` reads it.

    Raises:
        CredentialError: ``ldp.type`` for a credential that is no record of ours, or not one.
    """
    known = record_definition(claims)
    if known is None:
        raise CredentialError("ldp.type")
    subject = claims.get(SUBJECT)
    if not isinstance(subject, Mapping) or subject.get("type") != known.type:
        raise CredentialError("ldp.type", "a record has one subject of the record's own type")
    parts = {name: value for name, value in subject.items() if name not in {"id", "type"}}
    if "vct" in parts:  # it would stand in the place of what the signed types say
        raise RecordError("record.member_unknown", "vct is no member of a subject")
    return {"vct": known.vct, **parts}


def always_shown(document: Mapping[str, Json], separable: Iterable[ClaimPath]) -> tuple[str, ...]:
    """What a holder cannot withhold: everything but what ``separable`` names."""
    paths = frozenset(separable)
    subject = document.get(SUBJECT)
    if not isinstance(subject, Mapping):
        raise CredentialError("ldp.type")
    plain = [pointer for pointer in ALWAYS if pointer[1:] in document]
    names = [name for name in subject if name != "id" and (name,) not in paths]
    lists = [name for name in names if name in LISTS and (name, None) in paths]
    return (*plain, *(pointer((SUBJECT, name)) for name in names if name not in lists))


def separable_places(
    payload: Mapping[str, Json], separable: Iterable[ClaimPath]
) -> tuple[Place, ...]:
    """The places of the record ``payload`` that ``separable`` names, outer before inner."""
    return tuple(place for path in separable for place in _places(payload, path, ()))


def pointers_to(places: Iterable[Place]) -> tuple[str, ...]:
    """The JSON pointers into a credential that show ``places`` of its record.

    An item goes out as its unit; its other fields go out where they are named.
    """
    return tuple(
        pointer((SUBJECT, *place, UNIT) if _is_entry(place) else (SUBJECT, *place))
        for place in places
    )


def shown_places(places: Iterable[Place]) -> frozenset[Place]:
    """The places of a credential whose statements may be withheld, as a query names them.

    The unit of an item stands for the item.
    """
    return frozenset(
        place[:-1] if place[-1] == UNIT and _is_entry(place[1:-1]) else place for place in places
    )


def pointer(place: Place) -> str:
    """``place`` as a JSON pointer (RFC 6901 sections 3 and 4)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)


def _is_entry(place: Place) -> bool:
    return len(place) == len(("items", 0)) and place[0] in LISTS


def _places(value: Json, path: ClaimPath, here: Place) -> Iterator[Place]:
    if not path:
        yield here
    elif path[0] is None:
        if isinstance(value, Sequence) and not isinstance(value, str):
            for index, entry in enumerate(value):
                yield from _places(entry, path[1:], (*here, index))
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _places(value[path[0]], path[1:], (*here, path[0]))


def _written(moment: datetime) -> str:
    """``moment`` as dateTimeStamp in UTC (VC Data Model 2.0 section 4.9)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
