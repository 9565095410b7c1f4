"""Proof values of bbs-2023: base and derived, without optional features.

vc-di-bbs 1.0 sections 3.3.1 to 3.3.7, feature option "baseline"; the headers of the others are
refused. What is *not* here: whether anything in them is genuine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from healthpassport.cbor import Cbor
from healthpassport.formats.data_integrity.cryptosuites import proof_value
from healthpassport.formats.data_integrity.cryptosuites.proof_value import MAX_STATEMENTS

BASE: Final = b"\xd9\x5d\x02"  # section 3.3.1 step 1.1
DERIVED: Final = b"\xd9\x5d\x03"  # section 3.3.6 step 2.1
SIGNATURE_OCTETS: Final = 80  # a point of G1 and a scalar
HEADER_OCTETS: Final = 64  # section 3.4.5 step 2: two SHA-256 hashes
PUBLIC_OCTETS: Final = 96  # a point of G2
MAX_PRESENTATION_HEADER: Final = 1_024  # octets; a challenge and a domain at most
_LEAST_PROOF: Final = 272  # three points and four scalars, where nothing is withheld
_SCALAR: Final = 32
_MEMBERS: Final = 5


@dataclass(frozen=True, slots=True)
class BaseProof:
    """What an issuer gives to a holder, who keeps it."""

    signature: bytes
    header: bytes
    public_key: bytes
    hmac_key: bytes
    mandatory_pointers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DerivedProof:
    """What a holder shows; ``labels`` are the signed labels by canonical label."""

    proof: bytes
    labels: Mapping[str, str]
    mandatory_indexes: tuple[int, ...]
    selective_indexes: tuple[int, ...]
    presentation_header: bytes


def write_base(proof: BaseProof) -> str:
    """Section 3.3.1."""
    return proof_value.write(
        BASE,
        [
            proof.signature,
            proof.header,
            proof.public_key,
            proof.hmac_key,
            proof.mandatory_pointers,
        ],
    )


def read_base(value: str) -> BaseProof:
    """Section 3.3.2.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    signature, header, key, hmac_key, pointers = proof_value.read(value, BASE, _MEMBERS)
    return BaseProof(
        proof_value.octets(signature, SIGNATURE_OCTETS),
        proof_value.octets(header, HEADER_OCTETS),
        proof_value.octets(key, PUBLIC_OCTETS),
        proof_value.octets(hmac_key, proof_value.HMAC_KEY_OCTETS),
        proof_value.pointers(pointers),
    )


def write_derived(proof: DerivedProof) -> str:
    """Section 3.3.6; the label map is compressed as section 3.3.4 says, in the labels' order."""
    labels = {int(name.removeprefix("c14n")): label for name, label in proof.labels.items()}
    compressed: dict[Cbor, Cbor] = {
        number: int(labels[number].removeprefix("b")) for number in sorted(labels)
    }
    return proof_value.write(
        DERIVED,
        [
            proof.proof,
            compressed,
            proof.mandatory_indexes,
            proof.selective_indexes,
            proof.presentation_header,
        ],
    )


def read_derived(value: str) -> DerivedProof:
    """Section 3.3.7; the label map is decompressed as section 3.3.5 says.

    Raises:
        CredentialError: ``di.proof_value``.
    """
    proof, labels, mandatory, selective, header = proof_value.read(value, DERIVED, _MEMBERS)
    numbered = proof_value.numbered(labels)
    numbers = [n for n in numbered.values() if type(n) is int and 0 <= n < MAX_STATEMENTS]
    if len(numbers) != len(numbered):
        proof_value.refuse("a label is not b and a number")
    if len(set(numbers)) != len(numbers):
        proof_value.refuse("two labels are the same")
    if not isinstance(proof, bytes) or len(proof) < _LEAST_PROOF:
        proof_value.refuse("the proof is too short")
    if (len(proof) - _LEAST_PROOF) % _SCALAR:
        proof_value.refuse("the proof is cut short")
    if not isinstance(header, bytes) or len(header) > MAX_PRESENTATION_HEADER:
        proof_value.refuse("the presentation header is missing or too long")
    return DerivedProof(
        proof,
        {f"c14n{n}": f"b{label}" for n, label in zip(numbered, numbers, strict=True)},
        proof_value.indexes(mandatory),
        proof_value.indexes(selective),
        header,
    )
