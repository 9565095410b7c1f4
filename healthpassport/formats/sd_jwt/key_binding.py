"""The Key Binding JWT: made by a holder, checked by a verifier (RFC 9901 sections 4.3 and 7.3).

What is *not* here: whether a binding is required. The verifier's policy says so before anything of
the presentation is looked at (section 7.3 step 1).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from healthpassport.credential import Challenge
from healthpassport.encoding import Json
from healthpassport.errors import CredentialError, JoseError
from healthpassport.formats.sd_jwt.disclosure import DEFAULT_HASH, digest
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date, to_numeric_date
from healthpassport.keys.public import PRIVATE_MEMBERS, PublicKey, public_key_from_jwk
from healthpassport.keys.signer import Signer

TYP: Final = "kb+jwt"  # section 4.3
MAX_AGE: Final = timedelta(minutes=5)  # security.md, limits
_OWN_CODES: Final = {"jws.typ": "kb.typ", "jws.signature": "kb.signature"}


def bind(
    sd_part: str,
    *,
    challenge: Challenge,
    holder_signer: Signer,
    now: datetime,
    hash_name: str = DEFAULT_HASH,
) -> str:
    """``sd_part`` with a KB-JWT behind it (section 7.2, presentation steps 5.a and 5.b)."""
    claims: dict[str, Json] = {
        "iat": to_numeric_date(now),
        "aud": challenge.audience,
        "nonce": challenge.nonce,
        "sd_hash": digest(sd_part, hash_name),
    }
    return sd_part + jws.sign(header={"typ": TYP}, payload=claims, signer=holder_signer)


def holder_key(payload: Mapping[str, Json]) -> PublicKey:
    """The holder's key that the issuer signed (section 7.3 step 5.a, RFC 7800 section 3.2).

    Raises:
        CredentialError: ``kb.cnf_missing``, ``kb.cnf_method``, ``kb.cnf_private``.
        KeyMaterialError: ``jwk.invalid_point`` and the other refusals of a JWK.
    """
    confirmation = payload.get("cnf")
    if confirmation is None:
        raise CredentialError("kb.cnf_missing")
    jwk = confirmation.get("jwk") if isinstance(confirmation, Mapping) else None
    # A kid may stand beside the key and is not used (RFC 7800 section 3.4); nothing is fetched.
    if not isinstance(confirmation, Mapping) or not confirmation.keys() <= {"jwk", "kid"}:
        raise CredentialError("kb.cnf_method")
    if not isinstance(jwk, Mapping):
        raise CredentialError("kb.cnf_method")
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise CredentialError("kb.cnf_private")
    return public_key_from_jwk(jwk)


def check(
    key_binding: str,
    *,
    sd_part: str,
    key: PublicKey,
    challenge: Challenge,
    now: datetime,
    expected_algorithms: Collection[str],
    hash_name: str = DEFAULT_HASH,
) -> None:
    """Steps 5.b to 5.h of section 7.3.

    Raises:
        CredentialError: ``kb.`` and the step's name.
        JoseError: ``jws.alg_not_allowed``, ``jws.key_alg_mismatch`` and what ``jws.parse`` refuses.
    """
    try:
        # 5.b algorithm, 5.c signature, 5.d typ.
        verified = jws.verify(
            key_binding, key=key, expected_typ=TYP, expected_algorithms=expected_algorithms
        )
    except JoseError as error:
        if error.code in _OWN_CODES:
            raise CredentialError(_OWN_CODES[error.code], error.detail) from error
        raise
    claims = verified.claims
    _check_times(claims, now)  # 5.e
    # 5.f: string for string; an array that holds the right value among others is refused.
    if claims.get("nonce") != challenge.nonce or not challenge.nonce:
        raise CredentialError("kb.nonce")
    if claims.get("aud") != challenge.audience or not challenge.audience:
        raise CredentialError("kb.aud")
    if claims.get("sd_hash") != digest(sd_part, hash_name):  # 5.g
        raise CredentialError("kb.sd_hash")


def _check_times(claims: Mapping[str, Json], now: datetime) -> None:
    issued_at = numeric_date(claims, "iat", code="kb.iat")
    if issued_at is None or not now - MAX_AGE <= issued_at <= now + CLOCK_SKEW:
        raise CredentialError("kb.iat")
    # 5.h: a JWT in all other respects; these two are not asked for and are honoured.
    expires = numeric_date(claims, "exp", code="kb.time")
    begins = numeric_date(claims, "nbf", code="kb.time")
    if expires is not None and expires + CLOCK_SKEW <= now:
        raise CredentialError("kb.time")
    if begins is not None and begins - CLOCK_SKEW > now:
        raise CredentialError("kb.time")
