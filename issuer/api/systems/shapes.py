"""What the document says of requests beyond their models: closed lists, and what goes together.

The models are the client's too, and an older client must be able to name what a newer issuer has;
so the lists stand in the server's document alone. What is *not* here: any check.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

from healthpassport.cards.choosing import OPTIONAL_DETAILS
from healthpassport.summary import issued_types
from issuer.service.sources import KINDS as SOURCES
from issuer.store.outbox import KINDS as EVENTS

Schema = dict[str, Any]
_COORDINATE: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}
# RFC 7518 section 6.2.1; whoever sends the private half is refused.
_RECIPIENT: Final[Schema] = {
    "type": "object",
    "description": "A public JWK of P-256.",
    "required": ["kty", "crv", "x", "y"],
    "properties": {
        "kty": {"const": "EC"},
        "crv": {"const": "P-256"},
        "x": _COORDINATE,
        "y": _COORDINATE,
    },
    "not": {"required": ["d"]},
}
# Said by ``not`` alone: generators of clients make of ``oneOf`` beside members what nobody can use.
_GIVEN: Final[dict[str, Schema]] = {
    name: {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
    for name in ("bundle", "source", "person")
}
_EXACTLY_ONE: Final[Schema] = {
    "anyOf": [
        *({"allOf": [dict(one), dict(two)]} for one, two in combinations(_GIVEN.values(), 2)),
        {"allOf": [{"not": dict(one)} for one in _GIVEN.values()]},
    ]
}
_PERSON: Final = (("nhsNumber",), ("familyName", "birthDate"))
_LINE: Final = (("nhsNumber",), ("source",))


def shape(schemas: Mapping[str, Schema]) -> None:
    """Narrow the ``schemas`` of requests to what is taken."""
    for name in ("OfferAsked", "CardAsked"):
        schemas[name]["not"] = dict(_EXACTLY_ONE)
    for name in ("OfferAsked", "CardAsked", "BulkAsked", "BulkPlanAsked"):
        known = schemas[name]["properties"]
        known["recordTypes"] |= _some_of(issued_types())
        known["sourceKind"] = {"enum": [*SOURCES, None]}
    for name, least in (("PersonAsked", _PERSON), ("BulkLineAsked", _LINE)):
        schemas[name]["not"] = {"allOf": [{"not": {"required": list(one)}} for one in least]}
        for member in {member for one in least for member in one}:
            schemas[name]["properties"][member]["minLength"] = 1
    schemas["CardAsked"]["properties"]["details"] |= _some_of(OPTIONAL_DETAILS)
    schemas["ReceiverAsked"]["properties"]["events"] |= _some_of(sorted(EVENTS))
    schemas["BulkAsked"]["properties"]["recipient"] = dict(_RECIPIENT)
    for name, schema in schemas.items():
        if name.endswith(("Asked", "Taken")):
            # What may be left out: generators take what has a default for what must be sent.
            for member in schema.get("properties", {}).values():
                member.pop("default", None)


def _some_of(names: tuple[str, ...] | list[str]) -> Schema:
    return {"items": {"type": "string", "enum": list(names)}, "uniqueItems": True}
