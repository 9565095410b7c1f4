"""The published Data Integrity examples: their files, contexts, keys and unchanged settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from shared_inputs import SHARED, shared

from healthpassport import dids, multibase
from healthpassport.canonical import Contexts, bundled
from healthpassport.formats import data_integrity
from healthpassport.keys import PublicKey
from healthpassport.keys.curves import BY_ALGORITHM
from healthpassport.keys.multikey import public_key_from_multikey

VECTORS: Final = SHARED / "vectors"
LATER: Final = datetime(2027, 1, 1, tzinfo=UTC)
EVERY_SUITE: Final = frozenset(data_integrity.CRYPTOSUITES)


def read(*parts: str) -> Any:
    """A published file: parsed if it is JSON, else its text."""
    path = shared("vectors", *parts)
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else text


@cache
def published_contexts() -> Contexts:
    """The contexts that the examples name, and that of the benchmark's records."""
    folder = shared("vectors", "contexts")
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    documents = {url: json.loads((folder / name).read_text()) for url, name in index.items()}
    record = shared("bench", "inputs", "context-health-summary-v1.json")
    documents["https://nhs-passport.example/contexts/health-summary/v1"] = json.loads(
        record.read_text(encoding="utf-8")
    )
    return bundled().extended(documents)


def verified(document: Any, **changes: Any) -> data_integrity.VerifiedDocument:
    """Check the proofs alone: the examples' issuers do not control the keys that sign them."""
    options: dict[str, Any] = {
        "expected_purpose": "assertionMethod",
        "expected_challenge": None,
        "expected_domain": None,
        "resolve": dids.resolve,
        "allowed": EVERY_SUITE,
        "now": LATER,
        "contexts": published_contexts(),
    }
    return data_integrity.verify_proofs(document, **(options | changes))


@dataclass(frozen=True)
class DeterministicSigner:
    """ECDSA with the nonce of RFC 6979, as the published signatures were made."""

    public_key: PublicKey
    private_key: ec.EllipticCurvePrivateKey

    @property
    def algorithm(self) -> str:
        return self.public_key.algorithm

    def sign(self, message: bytes) -> bytes:
        curve = BY_ALGORITHM[self.algorithm]
        chosen = {32: hashes.SHA256(), 48: hashes.SHA384()}[curve.octets]
        algorithm = ec.ECDSA(chosen, deterministic_signing=True)
        r, s = decode_dss_signature(self.private_key.sign(message, algorithm))
        return r.to_bytes(curve.octets, "big") + s.to_bytes(curve.octets, "big")


def deterministic_signer(pair: dict[str, str]) -> DeterministicSigner:
    public = public_key_from_multikey(pair["publicKeyMultibase"])
    number = int.from_bytes(multibase.decode(pair["secretKeyMultibase"])[2:], "big")
    curve = BY_ALGORITHM[public.algorithm].curve
    return DeterministicSigner(public, ec.derive_private_key(number, curve))


def never(_length: int) -> bytes:
    """The randomness of suites that take none."""
    raise AssertionError
