"""The request object: what a verifier signs and a wallet reads (OpenID4VP 1.0 section 5, HAIP 5).

``RequestObject.parse`` checks shapes and what the profile fixes; ``build_request`` writes ours.
What is *not* here: signature, certificate, trust and time, which ``healthpassport.requests`` checks
before it believes anything of this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from healthpassport.encoding import Json
from healthpassport.errors import EncodingError, KeyMaterialError, ProtocolError, RequestError
from healthpassport.jose.times import numeric_date
from healthpassport.keys import public_key_from_jwk
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.dcql.query import LDP_VC, SD_JWT_VC

REQUEST_OBJECT_TYPE: Final = "oauth-authz-req+jwt"  # section 5, RFC 9101 section 10.8
AUDIENCE: Final = "https://self-issued.me/v2"  # section 5.8, static discovery
RESPONSE_MODE: Final = "direct_post.jwt"  # HAIP 1.0 section 5.1
RESPONSE_TYPE: Final = "vp_token"
SIGNATURES: Final = ("ES256",)  # HAIP 1.0 section 7
CREDENTIAL_SIGNATURES: Final = ("ES256", "EdDSA")  # what issuers on a trust list sign with
# Appendix B: what desk and wallet of this project read, by format.
VP_FORMATS: Final[Mapping[str, Json]] = MappingProxyType(
    {
        SD_JWT_VC: {
            "sd-jwt_alg_values": list(CREDENTIAL_SIGNATURES),
            "kb-jwt_alg_values": list(SIGNATURES),
        },
        LDP_VC: {
            "proof_type_values": ["DataIntegrityProof"],
            "cryptosuite_values": ["ecdsa-sd-2023", "ecdsa-rdfc-2019", "eddsa-rdfc-2022"],
        },
    }
)
ENCRYPTIONS: Final = ("A256GCM", "A128GCM")  # HAIP 1.0 section 5, ours to prefer
DEFAULT_ENCRYPTION: Final = "A128GCM"  # section 5.1, encrypted_response_enc_values_supported
KEY_AGREEMENT: Final = "ECDH-ES"

MIN_NONCE: Final = 22  # characters: 128 bits in base64url (section 5.2)
MAX_NONCE: Final = 512
MAX_URI: Final = 2048
MAX_ENTRIES: Final = 16  # keys, encryptions, verifier_info entries

_URL_SAFE: Final = re.compile(r"[A-Za-z0-9._~-]+\Z")  # section 5.2, nonce and state


@dataclass(frozen=True, slots=True)
class ResponseKey:
    """The key to encrypt the answer to, and the content encryption that its owner reads."""

    jwk: Mapping[str, Json]
    kid: str
    encryption: str


@dataclass(frozen=True, slots=True)
class RequestObject:
    """The parameters of one request, in their right shape but proven by nothing yet."""

    client_id: str
    response_uri: str
    nonce: str
    state: str | None
    query: Query
    key: ResponseKey
    registrations: tuple[str, ...]
    issued_at: datetime | None
    expires_at: datetime | None
    not_before: datetime | None
    wallet_nonce: str | None

    @property
    def response_host(self) -> str:
        """The host that will get the answer."""
        return urlsplit(self.response_uri).hostname or ""

    @classmethod
    def parse(cls, claims: Mapping[str, Json]) -> RequestObject:
        """The request that ``claims``, the payload of a request object, holds.

        Raises:
            RequestError: ``invalid_request``, ``invalid_transaction_data`` or a ``request.`` code.
        """
        _check_fixed(claims)
        metadata = claims.get("client_metadata")
        if not isinstance(metadata, Mapping):
            raise RequestError("request.client_metadata", "client_metadata is missing")
        query = _query(claims)
        _check_formats(metadata, query)
        _check_unbound(claims, query)
        return cls(
            client_id=_text(claims, "client_id"),
            response_uri=_response_uri(claims),
            nonce=_nonce(claims),
            state=_state(claims),
            query=query,
            key=_response_key(metadata),
            registrations=_registrations(claims),
            issued_at=numeric_date(claims, "iat", code="request.time"),
            expires_at=numeric_date(claims, "exp", code="request.time"),
            not_before=numeric_date(claims, "nbf", code="request.time"),
            wallet_nonce=_text(claims, "wallet_nonce") if "wallet_nonce" in claims else None,
        )


def build_request(
    *,
    client_id: str,
    response_uri: str,
    nonce: str,
    state: str,
    query: Mapping[str, Json],
    encryption_jwk: Mapping[str, Json],
    registration: str | None,
    issued_at: datetime,
    expires_at: datetime,
    wallet_nonce: str | None = None,
) -> dict[str, Json]:
    """The payload of a request object as our desk asks; ``encryption_jwk`` names its own kid."""
    claims: dict[str, Json] = {
        "aud": AUDIENCE,
        "client_id": client_id,
        "client_metadata": {
            "encrypted_response_enc_values_supported": sorted(ENCRYPTIONS),
            "jwks": {"keys": [dict(encryption_jwk) | {"use": "enc", "alg": KEY_AGREEMENT}]},
            "vp_formats_supported": {
                name: supported
                for name, supported in VP_FORMATS.items()
                if name in formats_asked(query)
            },
        },
        "dcql_query": query,
        "exp": int(expires_at.timestamp()),
        "iat": int(issued_at.timestamp()),
        "nonce": nonce,
        "response_mode": RESPONSE_MODE,
        "response_type": RESPONSE_TYPE,
        "response_uri": response_uri,
        "state": state,
    }
    if registration is not None:
        claims["verifier_info"] = [{"format": "jwt", "data": registration}]
    if wallet_nonce is not None:
        claims["wallet_nonce"] = wallet_nonce
    return claims


def formats_asked(query: Mapping[str, Json]) -> frozenset[str]:
    """The formats that a query of ours names."""
    rows = query.get("credentials")
    return frozenset(
        str(row.get("format"))
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, Mapping)
    )


def _check_fixed(claims: Mapping[str, Json]) -> None:
    """What the profile leaves no choice about."""
    if "transaction_data" in claims:  # section 5: who does not support it must refuse
        raise RequestError("invalid_transaction_data")
    if "redirect_uri" in claims:  # section 8.2, response_uri
        raise RequestError("invalid_request", "redirect_uri stands beside response_uri")
    if "scope" in claims:  # section 8.5: we define no scope that stands for a query
        raise RequestError("invalid_request", "the question must be written out, not a scope")
    if "request" in claims or "request_uri" in claims:  # RFC 9101 section 4
        raise RequestError("invalid_request", "a request object holds another one")
    if claims.get("response_type") != RESPONSE_TYPE:
        raise RequestError("invalid_request", "response_type is not vp_token")
    if claims.get("response_mode") != RESPONSE_MODE:
        raise RequestError("request.response_mode")
    if claims.get("aud") != AUDIENCE:
        raise RequestError("request.time", "the request is meant for another audience")


def _query(claims: Mapping[str, Json]) -> Query:
    try:
        return Query.parse(claims.get("dcql_query"))
    except ProtocolError as error:
        raise RequestError(
            "request.dcql", f"{error.code}: {error.detail or error.title}"
        ) from error


def _check_formats(metadata: Mapping[str, Json], query: Query) -> None:
    """Section 11.1: vp_formats_supported is required, and names every format asked for."""
    formats = metadata.get("vp_formats_supported")
    if not isinstance(formats, Mapping):
        raise RequestError("request.client_metadata", "vp_formats_supported is missing")
    if any(wanted.format not in formats for wanted in query.credentials):
        raise RequestError("request.client_metadata", "a format asked for is not supported")


def _check_unbound(claims: Mapping[str, Json], query: Query) -> None:
    """Section 5.3: what comes without holder binding is tied to its request by state alone.

    A record in SD-JWT VC is shown with its binding all the same, which B.3 allows; appendix B.1
    leaves no such choice for a W3C record, and one that anybody could show again is never sent.
    """
    unbound = [wanted for wanted in query.credentials if not wanted.holder_binding]
    if any(wanted.format == LDP_VC for wanted in unbound):
        raise RequestError("request.dcql", "a record is never shown without its holder's key")
    if unbound and "state" not in claims:
        raise RequestError("invalid_request", "state is missing beside what needs no key")


def _nonce(claims: Mapping[str, Json]) -> str:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not _URL_SAFE.match(nonce):
        raise RequestError("request.nonce", "the nonce is missing or has illegal characters")
    if not MIN_NONCE <= len(nonce) <= MAX_NONCE:
        raise RequestError("request.nonce", "the nonce holds fewer than 128 bits or is too long")
    return nonce


def _state(claims: Mapping[str, Json]) -> str | None:
    if "state" not in claims:
        return None
    state = _text(claims, "state")
    if not _URL_SAFE.match(state):
        raise RequestError("request.format", "state has illegal characters")
    return state


def _response_uri(claims: Mapping[str, Json]) -> str:
    value = claims.get("response_uri")
    if not isinstance(value, str) or len(value) > MAX_URI:
        raise RequestError("request.response_uri", "response_uri is missing or too long")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise RequestError("request.response_uri", "response_uri is no address") from error
    plain = "@" not in parts.netloc and not parts.fragment and "\\" not in value
    if parts.scheme != "https" or not host or not plain:
        raise RequestError("request.response_uri", "response_uri is not a plain https address")
    return value


def _response_key(metadata: Mapping[str, Json]) -> ResponseKey:
    """The first key that we can encrypt to (section 8.3); unusable ones beside it are ignored."""
    offered = metadata.get("encrypted_response_enc_values_supported", [DEFAULT_ENCRYPTION])
    listed = offered if isinstance(offered, list) else []
    encryption = next((name for name in ENCRYPTIONS if name in listed), None)
    jwks = metadata.get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if encryption is None or not isinstance(keys, list) or len(keys) > MAX_ENTRIES:
        raise RequestError("request.encryption")
    for jwk in keys:
        if isinstance(jwk, Mapping) and (kid := _usable(jwk)):
            public = public_key_from_jwk(jwk, use="enc").jwk()
            return ResponseKey(public, kid, encryption)
    raise RequestError("request.encryption", "no P-256 key for ECDH-ES is offered")


def _usable(jwk: Mapping[str, Json]) -> str | None:
    """The kid of ``jwk`` if it is a sound public P-256 key for ECDH-ES."""
    kid = jwk.get("kid")
    fits = jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("alg") == KEY_AGREEMENT
    if not fits or not isinstance(kid, str) or not kid:
        return None
    try:
        public_key_from_jwk(jwk, use="enc")
    except (KeyMaterialError, EncodingError):
        return None
    return kid


def _registrations(claims: Mapping[str, Json]) -> tuple[str, ...]:
    """The JWTs of verifier_info (section 5.11); other formats are not ours to read."""
    if "verifier_info" not in claims:
        return ()
    rows = claims["verifier_info"]
    if not isinstance(rows, list) or not rows or len(rows) > MAX_ENTRIES:
        raise RequestError("request.format", "verifier_info is a non-empty array")
    return tuple(
        row["data"]
        for row in rows
        if isinstance(row, Mapping)
        and row.get("format") == "jwt"
        and isinstance(row.get("data"), str)
        and "credential_ids" not in row
    )


def _text(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_URI:
        raise RequestError("request.format", f"{name} is missing or too long")
    return value
