"""Key proofs of type ``jwt`` (OpenID4VCI 1.0 appendix F.1): one for each copy of a credential.

What is *not* here: whether a nonce is known and unused. The caller says that of the one nonce that
all proofs of a request must carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import (
    CredentialError,
    EncodingError,
    JoseError,
    KeyMaterialError,
    ProtocolError,
)
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date, to_numeric_date
from healthpassport.keys import PublicKey, Signer, public_key_from_jwk
from healthpassport.protocols.oid4vci.refusals import refuse

TYP: Final = "openid4vci-proof+jwt"  # appendix F.1
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7
MAX_AGE: Final = timedelta(minutes=5)  # of iat; the nonce is what makes a proof fresh
MAX_PROOF_LENGTH: Final = 8_192  # characters of one proof


@dataclass(frozen=True, slots=True)
class KeyProof:
    """A checked proof: the holder's key, and the nonce that still has to be judged."""

    key: PublicKey
    nonce: str


def make_key_proof(
    *, signer: Signer, issuer: str, nonce: str, now: datetime, client_id: str | None = None
) -> str:
    """The key proof for one copy; ``client_id`` only where the token was not asked anonymously."""
    header: dict[str, Json] = {"typ": TYP, "alg": signer.algorithm, "jwk": signer.public_key.jwk()}
    claims: dict[str, Json] = {"aud": issuer, "iat": to_numeric_date(now), "nonce": nonce}
    if client_id is not None:
        claims["iss"] = client_id
    return jws.sign(header=header, payload=claims, signer=signer)


def verify_key_proofs(
    proofs: Sequence[str],
    *,
    expected_issuer: str,
    expected_client_id: str | None,
    max_proofs: int,
    now: datetime,
) -> tuple[KeyProof, ...]:
    """Check every proof of a request after appendix F.4, all but whether the nonce is fresh.

    Raises:
        ProtocolError: ``oid4vci.invalid_proof``; also for none, for more than ``max_proofs``, for
            two proofs of one key (copies could be linked) and for unequal nonces.
    """
    if not proofs:
        raise refuse("invalid_proof", detail="proofs.jwt is missing")
    if len(proofs) > max_proofs:
        raise refuse("invalid_proof", detail="there are more proofs than batch_size")
    checked: list[KeyProof] = []
    for proof in proofs:
        try:
            checked.append(_check(proof, expected_issuer, expected_client_id, now))
        except (JoseError, EncodingError, KeyMaterialError, CredentialError) as error:
            raise refuse("invalid_proof", detail=str(error)) from error
    if len({proof.key.raw for proof in checked}) != len(checked):
        raise refuse("invalid_proof", detail="each copy needs a key of its own")
    if len({proof.nonce for proof in checked}) != 1:
        raise refuse("invalid_proof", detail="all proofs of a request carry one nonce")
    return tuple(checked)


def _check(proof: str, issuer: str, client_id: str | None, now: datetime) -> KeyProof:
    parsed = jws.parse(proof, max_bytes=MAX_PROOF_LENGTH, embedded_key_allowed=True)
    jwk = parsed.header.get("jwk")
    # Appendix F.1: exactly one of kid, jwk and x5c; the metadata names jwk alone.
    if not isinstance(jwk, dict) or not {"kid", "x5c", "trust_chain"}.isdisjoint(parsed.header):
        raise ProtocolError("oid4vci.invalid_proof", "the header names its key by jwk alone")
    key = public_key_from_jwk(jwk)
    claims = jws.verify(parsed, key=key, expected_typ=TYP, expected_algorithms=ALGORITHMS).claims
    if claims.get("aud") != issuer:
        raise ProtocolError("oid4vci.invalid_proof", "aud is not this issuer")
    # Appendix F.1: the client, optional; left out where access is anonymous.
    if claims.get("iss", client_id) != client_id:
        raise ProtocolError("oid4vci.invalid_proof", "iss is not the client of the token")
    issued_at, expires_at = numeric_date(claims, "iat"), numeric_date(claims, "exp")
    if issued_at is None or not now - MAX_AGE - CLOCK_SKEW <= issued_at <= now + CLOCK_SKEW:
        raise ProtocolError("oid4vci.invalid_proof", "iat is too long ago or ahead")
    if expires_at is not None and now >= expires_at + CLOCK_SKEW:
        raise ProtocolError("oid4vci.invalid_proof", "the proof has expired")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str):
        # Section 8.3.1: a missing nonce is an invalid_proof; invalid_nonce is for a bad one.
        raise ProtocolError("oid4vci.invalid_proof", "nonce is missing")
    return KeyProof(key, nonce)
