"""The proofs of a document, read strictly (VC Data Integrity 1.0 sections 2.1 to 2.3).

A member that is there has the type that the section gives it; no two proofs have one id. What is
*not* here: whether a proof verifies, and which one is enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.times import read_time

DATA_INTEGRITY_PROOF: Final = "DataIntegrityProof"  # section 3.1
MAX_PROOFS: Final = 16  # of one document; each costs a canonicalisation
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_TEXTS: Final = ("id", "challenge", "nonce")
_REQUIRED: Final = ("type", "verificationMethod", "proofPurpose")


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof; ``options`` is all of it but proofValue, ``source`` the whole as received."""

    cryptosuite: str
    verification_method: str
    purpose: str
    value: str
    options: JsonObject
    source: JsonObject
    id: str | None
    created: datetime | None
    expires: datetime | None
    domain: frozenset[str]
    challenge: str | None
    previous: tuple[str, ...]


def unsecured(document: JsonObject) -> dict[str, Json]:
    """``document`` without its proofs."""
    return {name: value for name, value in document.items() if name != "proof"}


def read_proofs(document: JsonObject) -> tuple[Proof, ...]:
    """Every proof of ``document``, in its order.

    Raises:
        CredentialError: ``PROOF_VERIFICATION_ERROR`` where there is none, where a member is missing
            or malformed, ``di.cryptosuite`` where a proof is of another type.
    """
    found = document.get("proof")
    sources = found if isinstance(found, list) else [found]
    if not sources or len(sources) > MAX_PROOFS:
        _refuse("there is no proof, or there are too many")
    proofs = tuple([_read(source) for source in sources])
    ids = [proof.id for proof in proofs if proof.id is not None]
    if len(set(ids)) != len(ids):
        _refuse("two proofs have the same id")
    return proofs


def _read(source: Json) -> Proof:
    if not isinstance(source, Mapping):
        _refuse("there is no proof, or it is not an object")
    # Section 4.4 step 4.
    required = [source.get(name) for name in _REQUIRED]
    if not all(isinstance(value, str) and value for value in required):
        _refuse("type, verificationMethod or proofPurpose is missing or no text")
    kind, method, purpose = map(str, required)
    suite, value = source.get("cryptosuite"), source.get("proofValue")
    if kind != DATA_INTEGRITY_PROOF or not isinstance(suite, str):
        raise CredentialError(
            "di.cryptosuite", "only DataIntegrityProof with a cryptosuite is read"
        )
    if not isinstance(value, str):
        _refuse("proofValue is missing or no text")
    for name in _TEXTS:
        if name in source and not isinstance(source[name], str):
            _refuse(f"{name} is not a text")
    identifier = _text(source, "id")
    if identifier is not None and not _URL.fullmatch(identifier):
        _refuse("the id is not a URL")
    return Proof(
        cryptosuite=suite,
        verification_method=method,
        purpose=purpose,
        value=value,
        options={name: member for name, member in source.items() if name != "proofValue"},
        source=source,
        id=identifier,
        created=_time(source, "created"),
        expires=_time(source, "expires"),
        domain=frozenset(_texts(source, "domain")),
        challenge=_text(source, "challenge"),
        previous=_texts(source, "previousProof"),
    )


def _text(source: JsonObject, name: str) -> str | None:
    value = source.get(name)
    return value if isinstance(value, str) else None


def _time(source: JsonObject, name: str) -> datetime | None:
    return read_time(source[name], name) if name in source else None


def _texts(source: JsonObject, name: str) -> tuple[str, ...]:
    """A member that is a text or a set of texts, each once."""
    if name not in source:
        return ()
    value = source[name]
    entries = value if isinstance(value, list) else [value]
    texts = tuple([entry for entry in entries if isinstance(entry, str)])
    if not texts or len(set(texts)) != len(entries):
        _refuse(f"{name} is neither a text nor a set of texts")
    return texts


def _refuse(detail: str) -> NoReturn:
    raise CredentialError("PROOF_VERIFICATION_ERROR", detail)
