"""Adding a proof to a document (VC Data Integrity 1.0 sections 4.2 and 4.3).

A document that has proofs keeps them; a proof with ``previous_proof`` is made over those that it
names. What is *not* here: what a credential must hold, and which key may sign it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NoReturn

from healthpassport.canonical import Contexts
from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.cryptosuites import suite_named
from healthpassport.formats.data_integrity.cryptosuites.proof_value import MAX_POINTERS
from healthpassport.formats.data_integrity.cryptosuites.values import (
    Cryptosuite,
    Making,
    ProofSigner,
    Randomness,
)
from healthpassport.formats.data_integrity.previous import secured_with
from healthpassport.formats.data_integrity.proofs import (
    DATA_INTEGRITY_PROOF,
    MAX_PROOFS,
    Proof,
    read_proofs,
    unsecured,
)
from healthpassport.formats.data_integrity.times import write_time

_NONE: Final[tuple[str, ...]] = ()


def add_proof(
    document: JsonObject,
    *,
    cryptosuite: str,
    signer: ProofSigner,
    verification_method: str,
    purpose: str,
    created: datetime | None,
    contexts: Contexts,
    randomness: Randomness,
    mandatory_pointers: Sequence[str] = _NONE,
    expires: datetime | None = None,
    domain: str | Sequence[str] | None = None,
    challenge: str | None = None,
    nonce: str | None = None,
    proof_id: str | None = None,
    previous_proof: str | Sequence[str] | None = None,
) -> dict[str, Json]:
    """``document`` with one more proof by ``signer``.

    Args:
        document: a JSON object; a JSON-LD document unless the suite is one of -jcs-.
        cryptosuite: a name of CRYPTOSUITES.
        signer: holds the key; for bbs-2023 a ``MessagesSigner``.
        verification_method: the URL under which the key is found.
        purpose: for example ``assertionMethod``.
        created: when the proof is made, written to the second; None leaves it out.
        contexts: the JSON-LD contexts that the document may name.
        randomness: octets from a secure source, of which suites with selective disclosure take.
        mandatory_pointers: what cannot be withheld; only for suites with selective disclosure.
        expires: when the proof ends.
        domain: for whom the proof is made.
        challenge: what the proof answers.
        nonce: any text, to be signed.
        proof_id: the URL by which a later proof refers to this one.
        previous_proof: the ids of proofs of ``document`` that this one is made over.

    Raises:
        CredentialError: ``PROOF_GENERATION_ERROR``, ``di.cryptosuite``, ``di.pointer``; and what
            the canonical form refuses, above all a term that is not defined.
    """
    suite = suite_named(cryptosuite, key_algorithm=signer.public_key.algorithm)
    _check_selection(suite, mandatory_pointers, previous_proof)
    earlier = read_proofs(document) if "proof" in document else ()
    if len(earlier) >= MAX_PROOFS or (proof_id and proof_id in {p.id for p in earlier}):
        _refuse("there are too many proofs, or one has that id")
    options: dict[str, Json] = {"type": DATA_INTEGRITY_PROOF}
    if proof_id is not None:
        options["id"] = proof_id
    members: dict[str, Json] = {
        "cryptosuite": cryptosuite,
        "created": None if created is None else write_time(created),
        "expires": None if expires is None else write_time(expires),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
        "domain": domain if isinstance(domain, str) or domain is None else list(domain),
        "challenge": challenge,
        "nonce": nonce,
        "previousProof": previous_proof
        if isinstance(previous_proof, str) or previous_proof is None
        else list(previous_proof),
    }
    options |= {name: value for name, value in members.items() if value is not None}
    if suite.context_in_proof and "@context" in document:
        options["@context"] = document["@context"]
    making = Making(
        document=secured_with(document, _matching(earlier, previous_proof)),
        options=options,
        signer=signer,
        contexts=contexts,
        mandatory_pointers=tuple(mandatory_pointers),
        randomness=randomness,
    )
    proof = {**options, "proofValue": suite.make(making)}
    proofs: list[Json] = [*(p.source for p in earlier), proof]
    return {**unsecured(document), "proof": proofs if earlier else proof}


def _check_selection(
    suite: Cryptosuite, pointers: Sequence[str], previous: str | Sequence[str] | None
) -> None:
    if pointers and suite.selective is None:
        _refuse("this suite cannot withhold anything: it takes no mandatory pointers")
    if previous is not None and suite.selective is not None:
        _refuse("a proof with selective disclosure is made over no other proof")
    if len(pointers) > MAX_POINTERS:
        raise CredentialError("di.pointer", "there are too many of them")


def _matching(earlier: Collection[Proof], previous: str | Sequence[str] | None) -> list[JsonObject]:
    """The proofs that the new one is made over (section 4.3 steps 3 to 5)."""
    if previous is None:
        return []
    wanted = {previous} if isinstance(previous, str) else set(previous)
    found = [proof for proof in earlier if proof.id in wanted]
    if not wanted or len(found) != len(wanted):
        _refuse("previousProof names a proof that is not there")
    return [proof.source for proof in found]


def _refuse(detail: str) -> NoReturn:
    raise CredentialError("PROOF_GENERATION_ERROR", detail)
