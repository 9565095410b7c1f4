"""DPoP proofs at the issuer's own addresses: checked, and good once (RFC 9449 section 11.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from healthpassport.errors import ProtocolError
from healthpassport.protocols.oid4vci import DpopProof, verify_dpop_proof, verify_new_key_proof
from healthpassport.protocols.oid4vci.dpop import REPLAY_WINDOW
from issuer.store import spent

from . import nonces
from .context import IssuerContext, digest

USED_BEFORE: Final = "oid4vci.invalid_dpop_proof"


@dataclass(slots=True)
class Unspent:
    """A checked proof that is to be used up; ``kept`` says that a transaction with it is done."""

    proof: DpopProof
    kept: bool = False


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
    checked = checked_proof(
        issuer,
        proof,
        path=path,
        method=method,
        expected_access_token=expected_access_token,
        expected_thumbprint=expected_thumbprint,
    )
    spend_now(issuer, Unspent(checked))
    return checked


def checked_proof(
    issuer: IssuerContext,
    proof: str | None,
    *,
    path: str,
    method: str = "POST",
    expected_access_token: str | None = None,
    expected_thumbprint: str | None = None,
) -> DpopProof:
    """As ``accepted_proof``, for a caller who uses it up with what the request writes.

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof``, ``oid4vci.use_dpop_nonce``.
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
    _check_nonce(issuer, checked)
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
    _check_nonce(issuer, checked)
    spend_now(issuer, Unspent(checked))
    return checked


def spend(tx: Connection, unspent: Unspent) -> None:
    """Use the proof up in ``tx``, unless it is ``kept``; whoever began ``tx`` notes when it is.

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof`` where it was used before.
    """
    if unspent.kept:
        return
    proof = unspent.proof
    expires_at = int((proof.issued_at + REPLAY_WINDOW).timestamp())
    if not spent.spend(tx, digest(f"{proof.thumbprint} {proof.jti}"), expires_at):
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the proof was used before")


def spend_now(issuer: IssuerContext, unspent: Unspent) -> None:
    """Use the proof up in a transaction of its own, unless it is ``kept`` already.

    Raises:
        ProtocolError: ``oid4vci.invalid_dpop_proof`` where it was used before.
    """
    if not unspent.kept:
        with issuer.store.writing() as tx:
            spend(tx, unspent)
        unspent.kept = True


def _check_nonce(issuer: IssuerContext, proof: DpopProof) -> None:
    if issuer.settings.dpop_nonce:  # RFC 9449 section 8, section 4.3 step 10
        try:
            nonces.check(issuer, proof.nonce or "")
        except ProtocolError as error:
            raise ProtocolError("oid4vci.use_dpop_nonce") from error
