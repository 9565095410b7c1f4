"""DID documents: a verification method found in one, and one made for publication.

Controlled Identifiers 1.0 sections 2 and 3.3. Methods are of type Multikey or JsonWebKey, with the
one member that holds their key and no secret. Of a document only what leads to the method is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from healthpassport.dids.url import DidUrl, parse_did
from healthpassport.dids.verification_method import (
    ASSERTION_METHOD,
    RELATIONSHIPS,
    VerificationMethod,
)
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import DidError, KeyMaterialError
from healthpassport.keys import PublicKey, public_key_from_jwk
from healthpassport.keys.ml_dsa import ML_DSA_44
from healthpassport.keys.multikey import multikey, public_key_from_multikey

# Data Integrity 1.0, "Contexts and Vocabularies": what declares JsonWebKey.
JWK_CONTEXT: Final = "https://w3id.org/security/jwk/v1"
CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
MAX_ENTRIES: Final = 1_000  # methods and references to them in one document
_KEY_MEMBERS: Final = {"Multikey": "publicKeyMultibase", "JsonWebKey": "publicKeyJwk"}
_SECRET_MEMBERS: Final = frozenset({"secretKeyMultibase", "secretKeyJwk", "privateKeyMultibase"})
# XML Schema 1.1 dateTimeStamp: a date-time whose time zone is there.
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def did_document(did: str, keys: Sequence[PublicKey]) -> dict[str, Json]:
    """The document that publishes ``keys`` as the assertion methods of ``did``.

    Each key is a Multikey whose fragment is its thumbprint, as ``kid`` is in a JWK Set. A
    post-quantum key is a JsonWebKey: RFC 9964 registers its JWK, while no version of Controlled
    Identifiers has a Multikey for it yet.

    Raises:
        DidError: ``did.invalid``.
    """
    parse_did(did)
    methods: list[Json] = [
        {"id": method_url(did, key), "controller": did, **_published(key)} for key in keys
    ]
    beside = (JWK_CONTEXT,) if any(key.algorithm == ML_DSA_44 for key in keys) else ()
    return {
        "@context": [*CONTEXTS, *beside],
        "id": did,
        "verificationMethod": methods,
        ASSERTION_METHOD: [method_url(did, key) for key in keys],
    }


def _published(key: PublicKey) -> dict[str, Json]:
    if key.algorithm == ML_DSA_44:
        return {"type": "JsonWebKey", "publicKeyJwk": {**key.jwk(), "kid": key.thumbprint()}}
    return {"type": "Multikey", "publicKeyMultibase": multikey(key)}


def method_url(did: str, key: PublicKey) -> str:
    """The DID URL under which ``did_document`` publishes ``key``."""
    return f"{did}#{key.thumbprint()}"


def read_method(document: Json, url: DidUrl, *, now: datetime | None) -> VerificationMethod:
    """The method that ``url`` names in ``document`` (section 3.3 steps 5 to 10).

    Raises:
        DidError: ``did.document``, ``did.document_id``, ``did.url`` where the document holds no
            such method, ``did.verification_method``, ``did.expired``.
    """
    if not isinstance(document, Mapping):
        raise DidError("did.document", "it is no object")
    if document.get("id") != url.did:  # step 6
        raise DidError("did.document_id")
    listed = _objects(document)
    found = [method for method in listed if _absolute(method.get("id"), url.did) == str(url)]
    if not found:
        raise DidError("did.url", "the document holds no such method")
    if any(method != found[0] for method in found):
        raise DidError("did.document", "two methods have the same id")
    method = found[0]
    if method.get("controller") != url.did:  # step 10
        raise DidError("did.verification_method", "another one controls this key")
    _refuse_ended(method, now)
    relationships = frozenset(
        name for name in RELATIONSHIPS if str(url) in _references(document, name, url.did)
    )
    return VerificationMethod(str(url), url.did, _public_key(method), relationships)


def _objects(document: JsonObject) -> list[JsonObject]:
    """Every method of the document, listed or embedded in a relationship (section 2.2.4)."""
    members = ("verificationMethod", *RELATIONSHIPS)
    entries = [entry for name in members for entry in _entries(document, name)]
    if len(entries) > MAX_ENTRIES:
        raise DidError("did.document", "it holds too many methods")
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _entries(document: JsonObject, name: str) -> Sequence[Json]:
    """The set ``name``; entries are objects or, in a relationship, URLs as well."""
    entries = document.get(name, ())
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise DidError("did.document", f"{name} is no list")
    kinds = Mapping if name == "verificationMethod" else Mapping | str
    if not all(isinstance(entry, kinds) for entry in entries):
        raise DidError("did.document", f"{name} holds something that is no method")
    return entries


def _references(document: JsonObject, name: str, did: str) -> Iterable[str | None]:
    for entry in _entries(document, name):
        yield _absolute(entry.get("id") if isinstance(entry, Mapping) else entry, did)


def _absolute(value: Json, did: str) -> str | None:
    """``value`` as an absolute URL; a bare fragment is of the document's own DID."""
    if not isinstance(value, str):
        return None
    return did + value if value.startswith("#") else value


def _refuse_ended(method: JsonObject, now: datetime | None) -> None:
    """Section 2.2: a method is not relied on from ``expires`` or ``revoked`` onwards."""
    for name in ("expires", "revoked"):
        if name not in method:
            continue
        text = method[name]
        if not isinstance(text, str) or not _TIME.fullmatch(text):
            raise DidError("did.verification_method", f"{name} is no time with a time zone")
        try:
            end = datetime.fromisoformat(text)
        except ValueError as error:
            raise DidError("did.verification_method", f"{name} is no time") from error
        if now is None or now >= end:
            raise DidError("did.expired")


def _public_key(method: JsonObject) -> PublicKey:
    """Sections 2.2.1 to 2.2.3: one member holds the key, and it is that of the type."""
    kind = method.get("type")
    member = _KEY_MEMBERS.get(kind) if isinstance(kind, str) else None
    if member is None:
        raise DidError("did.verification_method", "its type is neither Multikey nor JsonWebKey")
    if not _SECRET_MEMBERS.isdisjoint(method):
        raise DidError("did.verification_method", "it publishes a secret key")
    if any(name in method for name in _KEY_MEMBERS.values() if name != member):
        raise DidError("did.verification_method", "it holds its key twice")
    value = method.get(member)
    try:
        if isinstance(value, str) and kind == "Multikey":
            return public_key_from_multikey(value)
        if isinstance(value, Mapping) and kind == "JsonWebKey":
            return public_key_from_jwk(value)
    except KeyMaterialError as error:
        raise DidError("did.verification_method", str(error)) from error
    raise DidError("did.verification_method", f"{member} is missing or of another kind")
