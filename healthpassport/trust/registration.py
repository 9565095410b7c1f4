"""The registration: what the authority signed for one verifier and one purpose.

A verifier sends it along with each request (OpenID4VP 1.0 section 5.1, ``verifier_info``), so that
a wallet can show who asks, why, for what and for how long it is kept, in the authority's words. One
JWT (``typ`` hp-registration+jwt) for each verifier and purpose, signed by the registrar's key of
the trust list. What is *not* here: comparing a query with it (healthpassport.requests).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthpassport.encoding import Json
from healthpassport.errors import CredentialError, EncodingError, JoseError, TrustError
from healthpassport.jose import jws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date, to_numeric_date
from healthpassport.keys.signer import Signer
from healthpassport.trust.model import TrustedVerifier, TrustList
from schemas.queries import purposes

TYP: Final = "hp-registration+jwt"
CLIENT_ID_PREFIX: Final = "x509_hash:"  # OpenID4VP 1.0 section 5.9.3


@dataclass(frozen=True, slots=True)
class Registration:
    """One verifier, one purpose: the values it may ask for, by record type, and how long it keeps.

    ``claims`` holds dotted claim paths, such as ``items.unit``.
    """

    client_id: str
    name: str
    ods: str
    purpose: str
    retention: str
    claims: Mapping[str, tuple[str, ...]]
    issued_at: datetime
    expires_at: datetime


def issue(verifier: TrustedVerifier, purpose: str, *, signer: Signer, issued_at: datetime) -> str:
    """The registration of ``verifier`` for one of its purposes, as long as its entry is valid."""
    registered = verifier.purposes[purpose]
    payload: dict[str, Json] = {
        "sub": CLIENT_ID_PREFIX + verifier.certificate_hash,
        "name": verifier.name,
        "ods": verifier.ods,
        "purpose": purpose,
        "retention": registered.retention,
        "claims": {name: list(paths) for name, paths in registered.claims.items()},
        "iat": to_numeric_date(issued_at),
        "exp": to_numeric_date(verifier.not_after),
    }
    header = {"typ": TYP, "kid": signer.public_key.thumbprint()}
    return jws.sign(header=header, payload=payload, signer=signer)


def verify(token: str, *, trust_list: TrustList, client_id: str, now: datetime) -> Registration:
    """The registration in ``token``, once it is genuine, current and that of ``client_id``.

    Args:
        token: the JWT of a request's ``verifier_info``.
        trust_list: names the registrar's key.
        client_id: the full client identifier whose certificate was checked, ``x509_hash:...``.
        now: aware.

    Raises:
        TrustError: ``trust.registration``, ``trust.registration_expired`` or ``trust.purpose``.
    """
    key = trust_list.registrar.public_key
    try:
        verified = jws.verify(
            token, key=key, expected_typ=TYP, expected_algorithms=(key.algorithm,)
        )
        found = _read(verified.claims)
    except (JoseError, EncodingError, CredentialError) as error:
        raise TrustError("trust.registration", error.code) from error
    if found.client_id != client_id:
        raise TrustError("trust.registration", "it belongs to somebody else")
    if found.purpose not in purposes():
        raise TrustError("trust.purpose")
    if now >= found.expires_at + CLOCK_SKEW:
        raise TrustError("trust.registration_expired")
    if found.issued_at > now + CLOCK_SKEW:
        raise TrustError("trust.registration", "it is dated in the future")
    return found


def _read(claims: Mapping[str, Json]) -> Registration:
    issued_at, expires_at = numeric_date(claims, "iat"), numeric_date(claims, "exp")
    if issued_at is None or expires_at is None:
        raise TrustError("trust.registration", "it does not say when it is valid")
    return Registration(
        client_id=_text(claims, "sub"),
        name=_text(claims, "name"),
        ods=_text(claims, "ods"),
        purpose=_text(claims, "purpose"),
        retention=_text(claims, "retention"),
        claims=_paths(claims.get("claims")),
        issued_at=issued_at,
        expires_at=expires_at,
    )


def _text(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise TrustError("trust.registration", f"the member {name} is missing")
    return value


def _paths(value: Json) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping) or not value:
        raise TrustError("trust.registration", "it names no values")
    found: dict[str, tuple[str, ...]] = {}
    for name, paths in value.items():
        if not isinstance(paths, list):
            raise TrustError("trust.registration", "its values are no list")
        found[name] = tuple(path for path in paths if isinstance(path, str))
    return found
