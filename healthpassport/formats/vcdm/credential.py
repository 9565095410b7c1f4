"""What the VC Data Model 2.0 (W3C Recommendation 2025-05-15) demands of a credential's JSON.

Each check names its section. URLs are looked at and never followed, so terms of use, evidence or a
schema cannot make anything fetch. What is *not* here: the proof (``formats.data_integrity``), what
the terms mean (``healthpassport.canonical``) and what the status says (``healthpassport.status``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.vcdm.contexts import CURRENT, Model, model
from healthpassport.formats.vcdm.resources import check_related
from healthpassport.formats.vcdm.syntax import (
    malformed,
    moment,
    objects,
    optional_id,
    texts,
    types,
    url,
)
from healthpassport.jose.times import CLOCK_SKEW

CREDENTIAL: Final = "VerifiableCredential"
# Sections 5.4 to 5.6, and 5.10 for the reserved ones: each object says its type.
_TYPED: Final = ("termsOfUse", "evidence", "refreshService", "confidenceMethod", "renderMethod")


@dataclass(frozen=True, slots=True)
class CheckedCredential:
    """A credential that is well-formed; *not* one whose proof was verified.

    ``issuer`` is the URL, whether it stood alone or in an object. ``proofs`` are the embedded ones,
    none where it is secured otherwise. ``unchecked_resources`` are the related resources that were
    not at hand: whoever uses one of them must compare its digest first (section 5.3).
    """

    version: str
    id: str | None
    types: tuple[str, ...]
    issuer: str
    subjects: tuple[JsonObject, ...]
    valid_from: datetime | None
    valid_until: datetime | None
    statuses: tuple[JsonObject, ...]
    schemas: tuple[JsonObject, ...]
    proofs: tuple[JsonObject, ...]
    unchecked_resources: tuple[str, ...]


def check_credential(
    document: Json,
    *,
    now: datetime | None,
    expired_accepted: bool = False,
    models: Collection[Model] = CURRENT,
    resources: Mapping[str, bytes] = {},
    place: str = "",
) -> CheckedCredential:
    """Check that ``document`` is a conforming credential, apart from its securing.

    Args:
        document: the credential as parsed from strict JSON.
        now: the time of the check; None for an issuer, who may date ahead or back.
        expired_accepted: whether the caller judges ``valid_until`` itself.
        models: the versions of the data model that are accepted.
        resources: bytes of the related resources that are made use of, by URL.
        place: where it stands in a presentation, for the words of a refusal.

    Raises:
        CredentialError: ``vcdm.parsing``, ``vcdm.malformed_value``, ``vcdm.range``,
            ``vcdm.digest``, ``cred.expired``, ``cred.not_yet_valid``, ``limit.size``.
    """
    if not isinstance(document, Mapping):
        raise CredentialError("vcdm.parsing", f"{place or 'the credential'} is no JSON object")
    found_model = model(document, place, accepted=models)
    names = types(document, place)
    if CREDENTIAL not in names:  # section 4.5
        raise malformed(_at(place, "type"), f"it must hold {CREDENTIAL}")
    _check_words(document, place)
    _check_typed(document, place)
    valid_from, valid_until = _validity(document, place, found_model)
    found = CheckedCredential(
        version=found_model.version,
        id=optional_id(document, place),
        types=names,
        issuer=_issuer(document, place),
        subjects=_subjects(document, place),
        valid_from=valid_from,
        valid_until=valid_until,
        statuses=_statuses(document, place),
        schemas=_schemas(document, place),
        proofs=proofs(document, place),
        unchecked_resources=check_related(document, place, resources=resources),
    )
    if now is not None:
        _check_clock(found, now, expired_accepted=expired_accepted)
    return found


def party(value: Json, place: str) -> str:
    """The URL of an issuer (section 4.7) or holder (section 4.13): alone, or as an object's id."""
    if isinstance(value, Mapping):
        for name in ("name", "description"):  # section 4.6
            if name in value:
                texts(value[name], f"{place}.{name}")
        return url(value.get("id"), f"{place}.id")
    return url(value, place)


def proofs(document: JsonObject, place: str) -> tuple[JsonObject, ...]:
    """The embedded proofs: objects that say their type (VC Data Integrity 1.0 section 2.1)."""
    if "proof" not in document:
        return ()
    found = objects(document["proof"], _at(place, "proof"))
    for proof in found:
        if not isinstance(proof.get("type"), str) or not proof["type"]:
            raise malformed(_at(place, "proof.type"), "it must be a string")
    return found


def typed(document: JsonObject, name: str, place: str) -> tuple[JsonObject, ...]:
    """The objects of a property that each say their type and may have an id (section 4.5)."""
    if name not in document:
        return ()
    where = _at(place, name)
    found = objects(document[name], where)
    for entry in found:
        types(entry, where)
        optional_id(entry, where)
    return found


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _check_words(document: JsonObject, place: str) -> None:
    for name in ("name", "description"):  # section 4.6
        if name in document:
            texts(document[name], _at(place, name))


def _check_typed(document: JsonObject, place: str) -> None:
    for name in _TYPED:
        typed(document, name, place)


def _issuer(document: JsonObject, place: str) -> str:
    if "issuer" not in document:  # section 4.7
        raise malformed(_at(place, "issuer"), "it is missing")
    return party(document["issuer"], _at(place, "issuer"))


def _subjects(document: JsonObject, place: str) -> tuple[JsonObject, ...]:
    where = _at(place, "credentialSubject")
    if "credentialSubject" not in document:  # section 4.8
        raise malformed(where, "it is missing")
    found = objects(document["credentialSubject"], where)
    for subject in found:
        if not subject:  # each object is the subject of one or more claims
            raise malformed(where, "a subject without any claim stands in it")
        optional_id(subject, where)
    return found


def _validity(
    document: JsonObject, place: str, of: Model
) -> tuple[datetime | None, datetime | None]:
    """Section 4.9: two moments with a time zone, the first not after the second."""
    start, end = (
        moment(document[name], _at(place, name)) if name in document else None
        for name in (of.valid_from, of.valid_until)
    )
    if start is None and of.valid_from_required:
        raise malformed(_at(place, of.valid_from), "it is missing")
    if start is not None and end is not None and start > end:
        raise CredentialError("vcdm.range", f"{_at(place, of.valid_until)} is before its beginning")
    return start, end


def _statuses(document: JsonObject, place: str) -> tuple[JsonObject, ...]:
    """Section 4.10, and Bitstring Status List 1.0 section 2.1 for the id of its entries."""
    found = typed(document, "credentialStatus", place)
    for entry in found:
        if "id" in entry and entry["id"] == entry.get("statusListCredential"):
            raise malformed(_at(place, "credentialStatus.id"), "it must not be that of the list")
    return found


def _schemas(document: JsonObject, place: str) -> tuple[JsonObject, ...]:
    found = typed(document, "credentialSchema", place)
    for entry in found:
        url(entry.get("id"), _at(place, "credentialSchema.id"))  # section 4.11: required here
    return found


def _check_clock(checked: CheckedCredential, now: datetime, *, expired_accepted: bool) -> None:
    """Appendix A.5 and A.7: the period, with the project's clock skew."""
    if checked.valid_from is not None and checked.valid_from - CLOCK_SKEW > now:
        raise CredentialError("cred.not_yet_valid")
    ended = checked.valid_until is not None and checked.valid_until + CLOCK_SKEW <= now
    if ended and not expired_accepted:
        raise CredentialError("cred.expired")
