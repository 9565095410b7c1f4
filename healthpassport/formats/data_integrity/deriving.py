"""Showing part of a document: from the issuer's base proof to the proof a verifier is shown.

vc-di-ecdsa 1.0 section 3.6.6, vc-di-bbs 1.0 section 3.4.6. Only the base proof that is derived
from goes along. What is *not* here: choosing what to show.
"""

from __future__ import annotations

from collections.abc import Sequence

from healthpassport.canonical import Contexts
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.cryptosuites import CRYPTOSUITES
from healthpassport.formats.data_integrity.cryptosuites.proof_value import MAX_CHOSEN
from healthpassport.formats.data_integrity.cryptosuites.values import (
    Deriving,
    Randomness,
    Selective,
)
from healthpassport.formats.data_integrity.proofs import Proof, read_proofs, unsecured


def derive(
    document: JsonObject,
    *,
    pointers: Sequence[str],
    contexts: Contexts,
    randomness: Randomness,
    presentation_header: bytes = b"",
    cryptosuite: str | None = None,
) -> dict[str, Json]:
    """What ``pointers`` (RFC 6901) and the issuer's mandatory pointers select, with its proof.

    Args:
        document: a credential as issued, with its base proof.
        pointers: what to show besides what is mandatory.
        contexts: the JSON-LD contexts that the document may name.
        randomness: octets from a secure source; ecdsa-sd-2023 takes none.
        presentation_header: what a bbs-2023 proof is bound to; ecdsa-sd-2023 takes none.
        cryptosuite: which base proof, where the document has several.

    Raises:
        CredentialError: ``PROOF_GENERATION_ERROR`` where there is not one such base proof or
            nothing is selected, ``di.pointer``, ``di.proof_value``.
    """
    if len(pointers) > MAX_CHOSEN:
        raise CredentialError("di.pointer", "there are too many of them")
    proof, selective = _base_proof(document, cryptosuite)
    derived = selective.derive(
        Deriving(
            document=unsecured(document),
            options=proof.options,
            value=proof.value,
            pointers=tuple(pointers),
            contexts=contexts,
            presentation_header=presentation_header,
            randomness=randomness,
        )
    )
    return {**derived.document, "proof": {**proof.options, "proofValue": derived.value}}


def mandatory_pointers(document: JsonObject) -> tuple[str, ...] | None:
    """What the issuer of ``document`` lets nobody withhold; None where nothing can be withheld.

    Raises:
        CredentialError: ``PROOF_GENERATION_ERROR`` for several base proofs, ``di.proof_value``.
    """
    if not any(_selective(proof) for proof in read_proofs(document)):
        return None
    proof, selective = _base_proof(document, None)
    return selective.always(proof.value)


def _selective(proof: Proof) -> Selective | None:
    suite = CRYPTOSUITES.get(proof.cryptosuite)
    return suite.selective if suite else None


def _base_proof(document: JsonObject, cryptosuite: str | None) -> tuple[Proof, Selective]:
    found = []
    for proof in read_proofs(document):
        selective = _selective(proof)
        if selective and cryptosuite in {None, proof.cryptosuite}:
            found.append((proof, selective))
    if len(found) != 1 or found[0][0].previous:
        raise CredentialError("PROOF_GENERATION_ERROR", "there is not one proof to derive from")
    return found[0]
