"""Proof values of ecdsa-sd-2023: base and derived (vc-di-ecdsa 1.0 sections 3.5.2 to 3.5.8).

What is *not* here: whether anything in them is genuine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport import multibase
from healthpassport.cbor import Cbor
from healthpassport.formats.data_integrity.cryptosuites import proof_value, statement_key
from healthpassport.formats.data_integrity.cryptosuites.statement_key import SIGNATURE_OCTETS

BASE: Final = b"\xd9\x5d\x00"  # section 3.5.2 step 1
DERIVED: Final = b"\xd9\x5d\x01"  # section 3.5.7 step 2
_MEMBERS: Final = 5
_LABEL_OCTETS: Final = 32  # section 3.5.8 step 4: HMAC-SHA-256


@dataclass(frozen=True, slots=True)
class BaseProof:
    """What an issuer gives to a holder, who keeps it."""

    base_signature: bytes
    public_key: bytes
    hmac_key: bytes
    signatures: tuple[bytes, ...]
    mandatory_pointers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DerivedProof:
    """What a holder shows; ``labels`` are the signed labels by canonical label."""

    base_signature: bytes
    public_key: bytes
    signatures: tuple[bytes, ...]
    labels: Mapping[str, str]
    mandatory_indexes: tuple[int, ...]


def write_base(proof: BaseProof) -> str:
    """Section 3.5.2."""
    return proof_value.write(
        BASE,
        [
            proof.base_signature,
            proof.public_key,
            proof.hmac_key,
            proof.signatures,
            proof.mandatory_pointers,
        ],
    )


def read_base(value: str) -> BaseProof:
    """Section 3.5.3.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    signature, key, hmac_key, signatures, pointers = proof_value.read(value, BASE, _MEMBERS)
    return BaseProof(
        proof_value.octets(signature, SIGNATURE_OCTETS),
        _public_key(key),
        proof_value.octets(hmac_key, proof_value.HMAC_KEY_OCTETS),
        proof_value.octets_of_each(signatures, SIGNATURE_OCTETS),
        proof_value.pointers(pointers),
    )


def write_derived(proof: DerivedProof) -> str:
    """Section 3.5.7; the label map is compressed as section 3.5.5 says, in the labels' order."""
    labels = {int(name.removeprefix("c14n")): label for name, label in proof.labels.items()}
    compressed: dict[Cbor, Cbor] = {
        number: multibase.decode(labels[number]) for number in sorted(labels)
    }
    return proof_value.write(
        DERIVED,
        [
            proof.base_signature,
            proof.public_key,
            proof.signatures,
            compressed,
            proof.mandatory_indexes,
        ],
    )


def read_derived(value: str) -> DerivedProof:
    """Section 3.5.8; the label map is decompressed as section 3.5.6 says.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    signature, key, signatures, labels, indexes = proof_value.read(value, DERIVED, _MEMBERS)
    numbered = proof_value.numbered(labels)
    octets = {n: proof_value.octets(label, _LABEL_OCTETS) for n, label in numbered.items()}
    if len(set(octets.values())) != len(octets):
        proof_value.refuse("two labels are the same")
    return DerivedProof(
        proof_value.octets(signature, SIGNATURE_OCTETS),
        _public_key(key),
        proof_value.octets_of_each(signatures, SIGNATURE_OCTETS),
        {f"c14n{n}": multibase.encode_base64url(label) for n, label in octets.items()},
        proof_value.indexes(indexes),
    )


def _public_key(value: Cbor) -> bytes:
    octets = proof_value.octets(value, statement_key.PUBLIC_OCTETS)
    if not octets.startswith(statement_key.HEADER):
        proof_value.refuse("its key is not of P-256")
    return octets
