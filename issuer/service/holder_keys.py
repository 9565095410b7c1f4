"""The holder's keys of a credential request: proven, attested where that is asked, and fresh.

What is *not* here: what a proof or an attestation must hold (``healthpassport.protocols.oid4vci``).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from healthpassport.protocols.oid4vci import (
    ATTESTATION,
    CredentialRequest,
    KeyProof,
    verify_attestation_proof,
    verify_key_proofs,
)

from . import nonces
from .attesters import attestation_policy
from .context import IssuerContext
from .tokens import Access


def proven_keys(
    issuer: IssuerContext, access: Access, request: CredentialRequest
) -> tuple[KeyProof, ...]:
    """The keys that ``request`` proves, one for each copy; whether they are fresh is for ``spend``.

    Raises:
        ProtocolError: ``oid4vci.invalid_proof``.
    """
    settings = issuer.settings
    policy = attestation_policy(settings)
    if request.proof_type == ATTESTATION:
        return verify_attestation_proof(
            request.proofs, policy=policy, max_proofs=settings.batch_size, now=issuer.clock()
        )
    return verify_key_proofs(
        request.proofs,
        expected_issuer=settings.iss,
        expected_client_id=access.offer.client_id,
        max_proofs=settings.batch_size,
        now=issuer.clock(),
        attestations=policy,
    )


def spend(issuer: IssuerContext, tx: Connection, proofs: Sequence[KeyProof]) -> None:
    """Use up every nonce of ``proofs``.

    Raises:
        ProtocolError: ``oid4vci.invalid_nonce``.
    """
    told = (one for proof in proofs for one in (proof.nonce, proof.attestation_nonce))
    for nonce in dict.fromkeys(one for one in told if one is not None):
        nonces.spend(issuer, tx, nonce)
