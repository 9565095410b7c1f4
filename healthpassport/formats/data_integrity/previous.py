"""Proof sets and chains: what each proof secures besides the document.

VC Data Integrity 1.0 sections 4.3 and 4.5: a proof with ``previousProof`` was made over the
document with those proofs in it. What is *not* here: whether they verify; all of them must.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from healthpassport.encoding import Json, JsonObject
from healthpassport.errors import CredentialError
from healthpassport.formats.data_integrity.proofs import Proof, unsecured


def check_order(proofs: Sequence[Proof]) -> None:
    """Refuse references that lead nowhere or in a circle (section 4.5 step 3.2).

    Raises:
        CredentialError: ``PROOF_VERIFICATION_ERROR``.
    """
    open_proofs = {proof.id: set(proof.previous) for proof in proofs if proof.id is not None}
    if any(name not in open_proofs for proof in proofs for name in proof.previous):
        _refuse("previousProof names a proof that is not there")
    # A proof is taken away once all that it refers to are; a circle is what remains.
    while ready := {name for name, previous in open_proofs.items() if not previous}:
        open_proofs = {
            name: previous - ready for name, previous in open_proofs.items() if name not in ready
        }
    if open_proofs:
        _refuse("previousProof leads in a circle")


def secured_by(document: JsonObject, proof: Proof, proofs: Sequence[Proof]) -> dict[str, Json]:
    """What ``proof`` was made over (section 4.5 steps 3.1 to 3.3).

    The proofs that it refers to stand in the order of the document; where there are none, there is
    no member ``proof`` either, as in the published proof sets.
    """
    return secured_with(document, [other.source for other in proofs if other.id in proof.previous])


def secured_with(document: JsonObject, matching: Sequence[JsonObject]) -> dict[str, Json]:
    """``document`` with the proofs ``matching`` in place of its own."""
    bare = unsecured(document)
    return {**bare, "proof": list(matching)} if matching else bare


def _refuse(detail: str) -> NoReturn:
    raise CredentialError("PROOF_VERIFICATION_ERROR", detail)
