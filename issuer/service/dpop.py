"""DPoP proofs at the issuer's own addresses: checked, and good once (RFC 9449 section 11.1)."""

from __future__ import annotations

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import DpopProof, verify_dpop_proof, verify_new_key_proof
from healthpassport.protocols.oid4vci.dpop import REPLAY_WINDOW
from issuer.store import spent

from . import nonces
from .context import IssuerContext, digest


def accepted_proof(
    issuer: IssuerContext,
    proof: str | None,
    *,
    path: str,
    method: str = "POST",
    expected_access_token: str | None = None,
    expected_thumbprint: str | None = None,
) -> DpopProof:
    """The checked proof of a request to ``path``; from now on it is used up.

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof``.
    """
    if proof is None:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the DPoP header is missing")
    checked = verify_dpop_proof(
        proof,
        expected_method=method,
        expected_uri=issuer.url(path),
        now=issuer.clock(),
        expected_access_token=expected_access_token,
        expected_thumbprint=expected_thumbprint,
    )
    _spend(issuer, checked)
    return checked


def accepted_new_key(issuer: IssuerContext, proof: str, *, path: str, token: str) -> DpopProof:
    """The checked proof of the key that ``token`` is to be bound to from now on.

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof``.
    """
    checked = verify_new_key_proof(
        proof,
        expected_method="POST",
        expected_uri=issuer.url(path),
        expected_token=token,
        now=issuer.clock(),
    )
    _spend(issuer, checked)
    return checked


def _spend(issuer: IssuerContext, proof: DpopProof) -> None:
    if issuer.settings.dpop_nonce:  # RFC 9449 section 8, section 4.3 step 10
        try:
            nonces.check(issuer, proof.nonce or "")
        except ProtocolError as error:
            raise ProtocolError("oid4vci.use_dpop_nonce") from error
    expires_at = int((proof.issued_at + REPLAY_WINDOW).timestamp())
    with issuer.store.writing() as tx:
        if not spent.spend(tx, digest(f"{proof.thumbprint} {proof.jti}"), expires_at):
            raise ProtocolError("oid4vci.invalid_dpop_proof", "the proof was used before")
