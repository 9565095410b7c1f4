"""A record system proves who it is with its own key: private_key_jwt (RFC 7523 sections 2.2 and 3).

Rules: a key that was registered signs, with an algorithm that fits it; the audience is one text,
this token endpoint or this authorization server; an assertion lives five minutes at the most and
is good once. What is *not* here: the exchange for a token (``client_tokens``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import (
    CredentialError,
    EncodingError,
    JoseError,
    ProtocolError,
)
from healthpassport.jose import jws
from healthpassport.jose.jws import ParsedJws
from healthpassport.jose.times import CLOCK_SKEW, numeric_date
from healthpassport.protocols.oidc.jwks import ALGORITHMS, read_jwks
from issuer.store.api_clients import Credential

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LIFETIME: Final = timedelta(minutes=5)
MAX_ASSERTION: Final = 8_192  # characters
MAX_JTI: Final = 256
# Any other names a token of another kind, which proves nothing here (RFC 8725 section 3.11).
TYPES: Final = frozenset({None, "JWT", "client-authentication+jwt"})


def claimed_client(assertion: str) -> tuple[ParsedJws, str]:
    """The assertion as received, and the client that it says it is of; nothing is checked yet.

    Raises:
        ProtocolError: ``api.invalid_client``.
    """
    try:
        parsed = jws.parse(assertion, max_bytes=MAX_ASSERTION)
        claims = parse_json_object(parsed.payload)
    except (JoseError, EncodingError) as error:
        raise ProtocolError("api.invalid_client", error.code) from error
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(subject, str) or issuer != subject:  # section 3 points 1 and 2.B
        raise ProtocolError("api.invalid_client", "iss and sub are both the client's name")
    return parsed, subject


def checked_assertion(
    parsed: ParsedJws,
    known: Sequence[Credential],
    *,
    expected_audiences: Collection[str],
    now: datetime,
) -> tuple[str, datetime]:
    """The ``jti`` of a good assertion, and until when it must be remembered (section 3).

    Raises:
        ProtocolError: ``api.invalid_client``.
    """
    try:
        _check_signature(parsed, known)
        claims = parse_json_object(parsed.payload)
        expires = numeric_date(claims, "exp")
        begins = numeric_date(claims, "nbf")
        issued = numeric_date(claims, "iat")
    except (JoseError, EncodingError, CredentialError) as error:
        raise ProtocolError("api.invalid_client", error.code) from error
    if claims.get("aud") not in expected_audiences:  # point 3
        raise ProtocolError("api.invalid_client", "aud is not this token endpoint")
    if expires is None or expires <= now - CLOCK_SKEW:  # point 4
        raise ProtocolError("api.invalid_client", "the assertion is too old")
    if expires > now + MAX_LIFETIME + CLOCK_SKEW:
        raise ProtocolError("api.invalid_client", "exp is more than five minutes ahead")
    if any(moment is not None and moment > now + CLOCK_SKEW for moment in (begins, issued)):
        raise ProtocolError("api.invalid_client", "the assertion is of a time to come")
    return _jti(claims), expires + CLOCK_SKEW


def _check_signature(parsed: ParsedJws, known: Sequence[Credential]) -> None:
    """Point 9, and RFC 8725 section 3.1: the key decides which algorithms there are."""
    algorithm, typ = parsed.header.get("alg"), parsed.header.get("typ")
    if not isinstance(typ, str | None) or typ not in TYPES:
        raise JoseError("jws.typ")
    if algorithm not in ALGORITHMS:
        raise JoseError("jws.alg_not_allowed")
    for one in known:
        keys = read_jwks((one.jwk or "").encode()) if one.jwk else None
        key = keys.named(parsed.header.get("kid"), str(algorithm)) if keys else None
        if key is not None:
            key.check(str(algorithm), parsed.signature, parsed.signing_input)
            return
    raise JoseError("jws.kid_unknown")


def _jti(claims: Mapping[str, Json]) -> str:
    """Point 7: what makes it good once."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise ProtocolError("api.invalid_client", "jti is missing or too long")
    return jti
