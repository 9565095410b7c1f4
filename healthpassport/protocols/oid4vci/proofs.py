"""Key proofs (OpenID4VCI 1.0 appendix F): of type ``jwt`` one for each copy, or an attestation.

What is *not* here: whether a nonce is known and unused. The caller says that of the one nonce that
all proofs of a request must carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from healthpassport.protocols.oid4vci.attestations import (
    AttestationPolicy,
    KeyAttestation,
    verify_key_attestation,
)
from healthpassport.protocols.oid4vci.refusals import refuse

TYP: Final = "openid4vci-proof+jwt"  # appendix F.1
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7
MAX_AGE: Final = timedelta(minutes=5)  # of iat; the nonce is what makes a proof fresh
MAX_PROOF_LENGTH: Final = 90_000  # characters of one proof, a key attestation in its header


@dataclass(frozen=True, slots=True)
class KeyProof:
    """A checked proof: the holder's key, and the nonces that still have to be judged."""

    key: PublicKey
    nonce: str
    attestation_nonce: str | None = None


def make_key_proof(
    *,
    signer: Signer,
    issuer: str,
    nonce: str | None,
    now: datetime,
    client_id: str | None = None,
    key_attestation: str | None = None,
) -> str:
    """The key proof for one copy; ``client_id`` only where the token was not asked anonymously.

    ``nonce`` is None for an issuer without a nonce endpoint.
    With ``key_attestation`` it is for each of the keys attested there (appendix F.1).
    """
    header: dict[str, Json] = {"typ": TYP, "alg": signer.algorithm, "jwk": signer.public_key.jwk()}
    if key_attestation is not None:
        header["key_attestation"] = key_attestation
    claims: dict[str, Json] = {"aud": issuer, "iat": to_numeric_date(now)}
    if nonce is not None:
        claims["nonce"] = nonce
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
    attestations: AttestationPolicy | None = None,
) -> tuple[KeyProof, ...]:
    """Check every proof of a request after appendix F.4, all but whether a nonce is fresh.

    With ``attestations`` a proof may carry ``key_attestation``, and must where it is required: the
    proof's key is then one of those attested, and the others come behind, up to ``max_proofs``
    keys (appendix F.1: a copy for each). Without, the header member is not looked at.

    Raises:
        ProtocolError: ``oid4vci.invalid_proof``; also for none, for more than ``max_proofs``, for
            two proofs of one key (copies could be linked) and for unequal nonces.
    """
    if not proofs:
        raise refuse("invalid_proof", detail="proofs.jwt is missing")
    if len(proofs) > max_proofs:
        raise refuse("invalid_proof", detail="there are more proofs than batch_size")
    rule = _Rule(expected_issuer, expected_client_id, attestations, now)
    checked: list[KeyProof] = []
    also: list[KeyProof] = []
    for proof in proofs:
        try:
            one, others = rule.check(proof)
        except (JoseError, EncodingError, KeyMaterialError, CredentialError) as error:
            raise refuse("invalid_proof", detail=str(error)) from error
        checked.append(one)
        also += others
    if len({proof.key.raw for proof in checked}) != len(checked):
        raise refuse("invalid_proof", detail="each copy needs a key of its own")
    if len({proof.nonce for proof in checked}) != 1:
        raise refuse("invalid_proof", detail="all proofs of a request carry one nonce")
    by_key = {proof.key.raw: proof for proof in (*also, *checked)}
    ordered = dict.fromkeys(proof.key.raw for proof in (*checked, *also))
    return tuple(by_key[raw] for raw in ordered)[:max_proofs]


def verify_attestation_proof(
    proofs: Sequence[str], *, policy: AttestationPolicy | None, max_proofs: int, now: datetime
) -> tuple[KeyProof, ...]:
    """Check a proof of type ``attestation`` (appendix F.3): a copy for each key, at most so many.

    Raises:
        ProtocolError: ``oid4vci.invalid_proof``; also where this issuer takes none.
    """
    if policy is None:
        raise refuse("invalid_proof", detail="the metadata offers no proofs.attestation")
    if len(proofs) != 1:
        raise refuse("invalid_proof", detail="proofs.attestation holds exactly one")
    found = verify_key_attestation(proofs[0], policy=policy, expiry_required=False, now=now)
    return tuple(KeyProof(key, found.nonce) for key in found.keys)[:max_proofs]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What every proof of a request is checked against."""

    issuer: str
    client_id: str | None
    attestations: AttestationPolicy | None
    now: datetime

    def check(self, proof: str) -> tuple[KeyProof, list[KeyProof]]:
        """The proof's key, and the keys that its attestation vouches for besides."""
        parsed = jws.parse(proof, max_bytes=MAX_PROOF_LENGTH, embedded_key_allowed=True)
        attested = self._attestation(parsed.header)
        key = _key(parsed.header, attested)
        claims = jws.verify(
            parsed, key=key, expected_typ=TYP, expected_algorithms=ALGORITHMS
        ).claims
        nonce = self._nonce(claims)
        if attested is None:
            return KeyProof(key, nonce), []
        if key.raw not in {one.raw for one in attested.keys}:  # appendix D.1
            raise ProtocolError("oid4vci.invalid_proof", "the key is not one of those attested")
        others = [KeyProof(one, nonce, attested.nonce) for one in attested.keys]
        return KeyProof(key, nonce, attested.nonce), others

    def _attestation(self, header: Mapping[str, Json]) -> KeyAttestation | None:
        policy, token = self.attestations, header.get("key_attestation")
        if policy is None:
            return None
        if token is None and not policy.required:
            return None
        if not isinstance(token, str):
            raise ProtocolError("oid4vci.invalid_proof", "key_attestation is missing")
        return verify_key_attestation(token, policy=policy, expiry_required=True, now=self.now)

    def _nonce(self, claims: Mapping[str, Json]) -> str:
        """The nonce of ``claims`` after all other claims were checked (appendix F.1)."""
        now = self.now
        if claims.get("aud") != self.issuer:
            raise ProtocolError("oid4vci.invalid_proof", "aud is not this issuer")
        # The client, optional; left out where access is anonymous.
        if claims.get("iss", self.client_id) != self.client_id:
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
        return nonce


def _key(header: Mapping[str, Json], attested: KeyAttestation | None) -> PublicKey:
    """Appendix F.1: exactly one of kid, jwk and x5c; the metadata names jwk alone.

    With an attestation ``kid`` may name one of its keys, by their own ``kid`` or their place.
    """
    jwk, kid = header.get("jwk"), header.get("kid")
    others = {"kid", "x5c", "trust_chain"} & header.keys()
    if isinstance(jwk, dict) and not others:
        return public_key_from_jwk(jwk)
    if attested is not None and "jwk" not in header and others == {"kid"}:
        found = attested.names.get(kid) if isinstance(kid, str) else None
        if found is not None:
            return found
    raise ProtocolError("oid4vci.invalid_proof", "the header names its key by jwk alone")
