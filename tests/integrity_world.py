"""Made-up credentials and presentations, their signers, and their contexts, for Data Integrity."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from healthpassport import cbor, dids, multibase
from healthpassport.canonical import Contexts, bundled
from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity
from healthpassport.keys import SoftwareSigner, generate_signer
from healthpassport.keys.multikey import multikey

NOW: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MADE: Final = NOW - timedelta(hours=1)
CHALLENGE: Final = "a-challenge-of-128-bits-AAA"
DOMAIN: Final = "x509_hash:desk"
VOCABULARY: Final = "https://vocabulary.example/record#"
CONTEXT_URL: Final = "https://vocabulary.example/record/v1"
CONTEXT: Final[Mapping[str, Any]] = {
    "@context": {
        "@version": 1.1,
        "@protected": True,
        "RecordCredential": VOCABULARY + "RecordCredential",
        "Patient": VOCABULARY + "Patient",
        "Allergy": VOCABULARY + "Allergy",
        "familyName": VOCABULARY + "familyName",
        "givenName": VOCABULARY + "givenName",
        "birthDate": VOCABULARY + "birthDate",
        "state": VOCABULARY + "state",
        "a~c": VOCABULARY + "tilde",
        "allergies": {"@id": VOCABULARY + "allergies", "@container": "@set"},
        "unit": {"@id": VOCABULARY + "unit", "@type": "@json"},
        "onset": VOCABULARY + "onset",
        "note": VOCABULARY + "note",
    }
}
SHOWN: Final = (
    "/credentialSubject/id",
    "/credentialSubject/familyName",
    "/credentialSubject/allergies/1",
    "/credentialSubject/allergies/2/unit",
)
MANDATORY: Final = ("/issuer", "/validUntil", "/credentialSubject/state")
ALLOWED: Final = data_integrity.DEFAULT_ALLOWED
EVERY_SUITE: Final = frozenset(data_integrity.CRYPTOSUITES)

ISSUER: Final = generate_signer("ES256")
ISSUER_384: Final = generate_signer("ES384")
ISSUER_ED: Final = generate_signer("EdDSA")
HOLDER: Final = generate_signer("EdDSA")
STRANGER: Final = generate_signer("ES256")
SIGNERS: Final = {
    "ecdsa-sd-2023": ISSUER,
    "ecdsa-rdfc-2019": ISSUER,
    "ecdsa-jcs-2019": ISSUER,
    "eddsa-rdfc-2022": ISSUER_ED,
    "eddsa-jcs-2022": ISSUER_ED,
}


def contexts() -> Contexts:
    return bundled().extended({CONTEXT_URL: CONTEXT})


def did_of(signer: Any) -> str:
    return f"did:key:{multikey(signer.public_key)}"


def method_of(signer: Any) -> str:
    return f"{did_of(signer)}#{multikey(signer.public_key)}"


def numbered_octets() -> Callable[[int], bytes]:
    """Octets that differ at each call and are the same in each run."""
    counter = itertools.count(1)
    return lambda length: next(counter).to_bytes(length, "big")


def credential(issuer: Any = ISSUER, **changes: Any) -> dict[str, Any]:
    """An unsigned record; a change to None leaves a member out."""
    sound = {
        "@context": ["https://www.w3.org/ns/credentials/v2", CONTEXT_URL],
        "id": "urn:uuid:0b2f1d9e-0a51-4c6a-9d3a-6f0d6e0c0001",
        "type": ["VerifiableCredential", "RecordCredential"],
        "issuer": issuer if isinstance(issuer, str | dict) else did_of(issuer),
        "validFrom": "2026-11-01T00:00:00Z",
        "validUntil": "2027-11-01T00:00:00Z",
        "credentialSubject": {
            "id": did_of(HOLDER),
            "type": "Patient",
            "familyName": "Examplename",
            "givenName": ["Given", "Middle"],
            "birthDate": "1958-07-14",
            "state": "items",
            "a~c": "tilde-member",
            VOCABULARY + "slashed": "slashed-member",
            "allergies": [
                {"type": "Allergy", "unit": {"text": "Penicillin"}, "onset": "2001"},
                {"type": "Allergy", "unit": {"text": "Latex"}, "note": "gloves"},
                {"type": "Allergy", "unit": {"text": "Nuts"}, "onset": "1999", "note": "tree"},
            ],
        },
    }
    found = copy.deepcopy(sound) | changes
    return {name: value for name, value in found.items() if value is not None}


def issued(cryptosuite: str = "ecdsa-sd-2023", **changes: Any) -> dict[str, Any]:
    """A signed record; ``changes`` are arguments of ``add_proof``, or ``document``."""
    signer = changes.pop("signer", None) or SIGNERS[cryptosuite]
    document = changes.pop("document", None) or credential(signer)
    options: dict[str, Any] = {
        "cryptosuite": cryptosuite,
        "signer": signer,
        "verification_method": method_of(signer),
        "purpose": "assertionMethod",
        "created": MADE,
        "contexts": contexts(),
        "randomness": numbered_octets(),
    }
    if data_integrity.CRYPTOSUITES[cryptosuite].selective:
        options["mandatory_pointers"] = MANDATORY
    return data_integrity.add_proof(document, **(options | changes))


def derived(document: Mapping[str, Any], *pointers: str, **changes: Any) -> dict[str, Any]:
    options = {"contexts": contexts(), "randomness": numbered_octets()} | changes
    return data_integrity.derive(document, pointers=pointers, **options)


def presented(*credentials: Any, holder: SoftwareSigner = HOLDER, **changes: Any) -> dict[str, Any]:
    """A presentation signed by ``holder``; ``changes`` are arguments of ``add_proof``."""
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": did_of(holder),
        "verifiableCredential": list(credentials),
    } | changes.pop("document", {})
    document = {name: value for name, value in document.items() if value is not None}
    options: dict[str, Any] = {
        "cryptosuite": "eddsa-rdfc-2022",
        "signer": holder,
        "verification_method": method_of(holder),
        "purpose": "authentication",
        "created": MADE,
        "challenge": CHALLENGE,
        "domain": DOMAIN,
        "contexts": contexts(),
        "randomness": numbered_octets(),
    }
    return data_integrity.add_proof(document, **(options | changes))


def verify(document: Mapping[str, Any], **changes: Any) -> data_integrity.VerifiedDocument:
    options: dict[str, Any] = {
        "resolve": dids.resolve,
        "allowed": ALLOWED,
        "now": NOW,
        "contexts": contexts(),
    }
    return data_integrity.verify_credential(document, **(options | changes))


def verify_as_holder(document: Mapping[str, Any], **changes: Any) -> Any:
    options: dict[str, Any] = {
        "resolve": dids.resolve,
        "allowed": ALLOWED,
        "now": NOW,
        "contexts": contexts(),
    }
    return data_integrity.verify_issued(document, **(options | changes))


def verify_presented(document: Mapping[str, Any], **changes: Any) -> Any:
    options: dict[str, Any] = {
        "expected_challenge": CHALLENGE,
        "expected_domain": DOMAIN,
        "resolve": dids.resolve,
        "allowed": ALLOWED,
        "now": NOW,
        "contexts": contexts(),
    }
    return data_integrity.verify_presentation(document, **(options | changes))


def with_proof(document: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """``document`` with members of its one proof changed; None leaves one out."""
    proof = document["proof"] | members
    kept = {name: value for name, value in proof.items() if value is not None}
    return {**document, "proof": kept}


def refused(code: str, call: Any, *arguments: Any, **changes: Any) -> None:
    """That ``call`` refuses with ``code``."""
    with pytest.raises(PassportError) as refusal:
        call(*arguments, **changes)
    assert refusal.value.code == code


def repacked(document: Mapping[str, Any], change: Any, header: bytes | None = None) -> Any:
    """``document`` with the components of its CBOR proof value changed."""
    data = multibase.decode(document["proof"]["proofValue"])
    components = list(cbor.decode(data[3:]))
    components = change(components) or components
    value = multibase.encode_base64url((header or data[:3]) + cbor.encode(components))
    return with_proof(document, proofValue=value)
