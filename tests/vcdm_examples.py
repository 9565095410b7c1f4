"""A credential and a presentation of the VC Data Model 2.0 in our own words, to be altered."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from healthpassport.encoding import b64url_encode, dump_json
from healthpassport.formats.vcdm import CheckedCredential, check_credential

BASE = "https://www.w3.org/ns/credentials/v2"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOLDER = "did:key:zHolder"
PROOF = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}

GOOD: dict[str, Any] = {
    "@context": [BASE, {"LibraryCard": "https://library.example/terms#LibraryCard"}],
    "id": "urn:uuid:5d0ef0c1-8e50-4f0e-8a3f-6c1c39bb3a01",
    "type": ["VerifiableCredential", "LibraryCard"],
    "issuer": {"id": "https://library.example/issuer", "name": "A library"},
    "validFrom": "2026-01-01T00:00:00Z",
    "validUntil": "2027-01-01T00:00:00+01:00",
    "credentialSubject": {"id": "did:example:reader", "name": "A reader"},
    "proof": PROOF,
}


def credential(**changes: Any) -> dict[str, Any]:
    """The good credential with members set, or taken away where the value is ``...``."""
    changed = {name.replace("at_", "@"): value for name, value in changes.items()}
    made = copy.deepcopy(GOOD) | changed
    return {name: value for name, value in made.items() if value is not ...}


def presentation(*credentials: Any, **changes: Any) -> dict[str, Any]:
    """A presentation of ``credentials`` (the good one, if none is given)."""
    made = {
        "@context": [BASE],
        "type": ["VerifiablePresentation"],
        "holder": HOLDER,
        "verifiableCredential": list(credentials or (credential(),)),
        "proof": PROOF,
    }
    changed = {name.replace("at_", "@"): value for name, value in changes.items()}
    return {name: value for name, value in (made | changed).items() if value is not ...}


def token(typ: str | None, *, disclosures: bool = False) -> str:
    """A text in the shape of a signed token; its signature is none."""
    header = {"alg": "ES256"} | ({"typ": typ} if typ else {})
    signed = ".".join(b64url_encode(dump_json(part)) for part in (header, {"vc": {}}, "sig"))
    return f"{signed}~" if disclosures else signed


def envelope(media_type: str, content: str, **changes: Any) -> dict[str, Any]:
    """An enveloped credential, as a presentation holds it."""
    made = {
        "@context": BASE,
        "id": f"data:{media_type},{content}",
        "type": "EnvelopedVerifiableCredential",
    }
    changed = {name.replace("at_", "@"): value for name, value in changes.items()}
    return {name: value for name, value in (made | changed).items() if value is not ...}


def checked(document: Any, **arguments: Any) -> CheckedCredential:
    """The outcome of the check at the examples' time."""
    return check_credential(document, **({"now": NOW} | arguments))
