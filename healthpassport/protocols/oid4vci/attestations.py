"""Key attestations: who vouches for how a wallet keeps its keys (OpenID4VCI 1.0 appendix D).

Rules: signed by a certificate below an anchor that the issuer trusts (HAIP 1.0 section 4.5.1: the
chain comes in ``x5c``, without its anchor); fresh by a nonce of the issuer; of public P-256 keys,
each once. What is *not* here: whether the nonce is known and unused, and the attester's status
list, which is not read: an attestation is as short-lived as its nonce.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
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
from healthpassport.jose.times import CLOCK_SKEW, numeric_date
from healthpassport.keys import PublicKey, public_key_from_jwk
from healthpassport.keys.x509 import validate_chain
from healthpassport.protocols.oid4vci.refusals import refuse

TYP: Final = "key-attestation+jwt"  # appendix D.1
ALGORITHMS: Final = ("ES256",)  # HAIP 1.0 section 7
MAX_LENGTH: Final = 65_536  # characters: fifty keys and a chain of certificates
MAX_KEYS: Final = 100  # attested keys of one attestation
CODE: Final = "oid4vci.invalid_proof"


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """What an issuer asks of attestations.

    ``anchors`` are DER certificates; ``key_storage`` and ``user_authentication`` the levels of
    appendix D.2 that do, none of them: any; ``required`` whether proofs come with one.
    """

    anchors: tuple[bytes, ...]
    required: bool = False
    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()

    def wire(self) -> dict[str, Json]:
        """The value of ``key_attestations_required`` in the metadata (section 12.2.4)."""
        levels = {"key_storage": self.key_storage, "user_authentication": self.user_authentication}
        return {name: list(values) for name, values in levels.items() if values}


@dataclass(frozen=True, slots=True)
class KeyAttestation:
    """A checked attestation: its keys, by ``kid`` where they have one, and the nonce to judge."""

    keys: tuple[PublicKey, ...]
    names: Mapping[str, PublicKey]
    nonce: str


def verify_key_attestation(
    token: str, *, policy: AttestationPolicy, expiry_required: bool, now: datetime
) -> KeyAttestation:
    """Check ``token`` in the order of appendix D.1, all but whether its nonce is fresh.

    Args:
        token: the attestation in JWT form.
        policy: who is trusted, and for what levels.
        expiry_required: whether ``exp`` must be there, as within a ``jwt`` proof.
        now: the time of receipt.

    Raises:
        ProtocolError: ``oid4vci.invalid_proof``.
    """
    try:
        return _verified(token, policy, expiry_required=expiry_required, now=now)
    except (JoseError, EncodingError, KeyMaterialError, CredentialError) as error:
        raise refuse("invalid_proof", detail=f"key attestation: {error}") from error


def _verified(
    token: str, policy: AttestationPolicy, *, expiry_required: bool, now: datetime
) -> KeyAttestation:
    parsed = jws.parse(token, max_bytes=MAX_LENGTH)
    leaf = validate_chain(parsed.certificates(), anchors=policy.anchors, at=now, expected_host=None)
    claims = jws.verify(
        parsed, key=leaf.public_key, expected_typ=TYP, expected_algorithms=ALGORITHMS
    ).claims
    issued_at, expires_at = numeric_date(claims, "iat"), numeric_date(claims, "exp")
    if issued_at is None or issued_at > now + CLOCK_SKEW:
        raise ProtocolError(CODE, "key attestation: iat is missing or ahead")
    if expires_at is None and expiry_required:
        raise ProtocolError(CODE, "key attestation: exp is missing")
    if expires_at is not None and now >= expires_at + CLOCK_SKEW:
        raise ProtocolError(CODE, "key attestation: it has expired")
    _check_level(claims, "key_storage", policy.key_storage)
    _check_level(claims, "user_authentication", policy.user_authentication)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str):  # appendices F.1 and F.3: this issuer has a nonce endpoint
        raise ProtocolError(CODE, "key attestation: nonce is missing")
    named = _keys(claims.get("attested_keys"))
    return KeyAttestation(tuple(named.values()), named, nonce)


def _check_level(claims: Mapping[str, Json], name: str, accepted: Collection[str]) -> None:
    """Appendix D.2: one of the levels told is one that is accepted."""
    told = claims.get(name, [])
    if not isinstance(told, list):
        raise ProtocolError(CODE, f"key attestation: {name} is no list")
    if accepted and not any(level in accepted for level in told):
        raise ProtocolError(CODE, f"key attestation: {name} is not what the metadata asks for")


def _keys(value: Json) -> dict[str, PublicKey]:
    """Each attested key by its ``kid``, or by its place where it has none or one that is taken."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_KEYS:
        raise ProtocolError(CODE, "key attestation: attested_keys is no list of keys")
    found: dict[str, PublicKey] = {}
    for place, jwk in enumerate(value):
        if not isinstance(jwk, Mapping):
            raise ProtocolError(CODE, "key attestation: an attested key is no JWK")
        key = public_key_from_jwk(jwk)
        if key.algorithm not in ALGORITHMS:
            raise ProtocolError(CODE, "key attestation: an attested key is not of P-256")
        kid = jwk.get("kid")
        found[kid if isinstance(kid, str) and kid not in found else str(place)] = key
    if len({key.raw for key in found.values()}) != len(value):
        raise ProtocolError(CODE, "key attestation: a key stands twice")
    return found
