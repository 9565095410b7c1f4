"""A presentation that a hospital kept: read out of the FHIR document that it was saved in.

Rules: bounded, strict, exactly one presentation. What is *not* here: whether it still stands
(``again``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from healthpassport.credential import Challenge, Presentation
from healthpassport.encoding import Json, b64_decode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, ProtocolError, ServiceError
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import VpResponse, parse_payload

from .export import PRESENTATION, VERSION

MAX_DOCUMENT: Final = 4 * 1_048_576  # bytes of a document with its presentation
MAX_PRESENTATION: Final = 2 * 1_048_576  # bytes of the presentation itself
MAX_ENTRIES: Final = 5_000

_MEMBERS: Final = frozenset(
    {"type", "version", "verifiedAt", "nonce", "audience", "query", "vp_token"}
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What was kept: the presentation, the question that it answered, and when.

    ``document`` is the Bundle around it, or None where the presentation came by itself.
    """

    presentation: Presentation
    challenge: Challenge
    query: Query
    shown_at: datetime
    document: Mapping[str, Json] | None = None


def read_stored(data: bytes) -> Stored:
    """The stored presentation in ``data``: a document with one, or the presentation by itself.

    Raises:
        ServiceError: ``again.format`` or ``again.missing``.
    """
    try:
        found = parse_json_object(data, max_bytes=MAX_DOCUMENT)
        if found.get("type") == PRESENTATION:
            return _read(found)
        held = parse_json_object(_binary(found), max_bytes=MAX_PRESENTATION)
        return replace(_read(held), document=found)
    except (EncodingError, ProtocolError) as error:
        raise ServiceError("again.format", error.code) from error


def resources_of(document: Mapping[str, Json]) -> list[tuple[str, dict[str, Json]]]:
    """Each entry of ``document`` as its address and its resource.

    Raises:
        ServiceError: ``again.format``.
    """
    entries = document.get("entry")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_ENTRIES:
        raise ServiceError("again.format", "the document has no entries, or too many")
    found = []
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(resource, dict):
            raise ServiceError("again.format", "an entry holds no resource")
        found.append((str(entry.get("fullUrl", "")), resource))
    return found


def _binary(document: Mapping[str, Json]) -> bytes:
    """The one Binary of the document."""
    if document.get("resourceType") != "Bundle" or document.get("type") != "document":
        raise ServiceError("again.format", "this is no FHIR document")
    held = [one for _, one in resources_of(document) if one.get("resourceType") == "Binary"]
    if not held:
        raise ServiceError("again.missing")
    data = held[0].get("data")
    if len(held) > 1 or not isinstance(data, str):
        raise ServiceError("again.format", "the document holds more than one presentation")
    return b64_decode(data)


def _read(held: Mapping[str, Json]) -> Stored:
    if held.keys() != _MEMBERS or held["type"] != PRESENTATION or held["version"] != VERSION:
        raise ServiceError("again.format", "this is no stored presentation of ours")
    query = _answered(Query.parse(held["query"]), held["vp_token"])
    answer = parse_payload(dump_json({"vp_token": held["vp_token"]}), query=query)
    nonce, audience = held["nonce"], held["audience"]
    if not (
        isinstance(answer, VpResponse) and isinstance(nonce, str) and isinstance(audience, str)
    ):
        raise ServiceError("again.format", "the challenge or the answer is missing")
    return Stored(
        presentation=answer.presentation,
        challenge=Challenge(nonce, audience),
        query=query,
        shown_at=_moment(held["verifiedAt"]),
    )


def _answered(query: Query, token: Json) -> Query:
    """The part of the question that the stored answer is one to.

    What was shown and failed then was left out of the document, so that the sets of the question
    may not be satisfied any more; each record is still held against its own part.
    """
    kept = token.keys() if isinstance(token, dict) else frozenset()
    chosen = tuple(one for one in query.credentials if one.id in kept)
    if not chosen or len(chosen) != len(kept):
        raise ServiceError("again.format", "the answer is not one to this question")
    return Query(chosen)


def _moment(value: Json) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ServiceError("again.format", "the time of showing is missing")
    return found.astimezone(UTC)
