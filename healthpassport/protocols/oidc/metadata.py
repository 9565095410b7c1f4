"""What a provider says of itself: its discovery document (OpenID Connect Discovery 1.0 section 3).

Rules: the issuer in it is exactly the one that was configured (section 4.3), every address is
https, and a provider that cannot do what we need is refused here and not in the middle of a
sign-in. What is *not* here: fetching.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from healthpassport.encoding import Json, parse_json_object
from healthpassport.errors import EncodingError, ProtocolError

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MAX_BYTES: Final = 131_072  # a full discovery document takes some 8,000


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The part of a discovery document that a sign-in needs.

    ``names_issuer`` says that its answers carry ``iss`` (RFC 9207 section 3).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    names_issuer: bool = False


def discovery_url(issuer: str) -> str:
    """Where the document of ``issuer`` is (section 4): behind the path, if there is one."""
    return issuer.rstrip("/") + WELL_KNOWN


def read_metadata(
    body: bytes, *, expected_issuer: str, pkce_required: bool = True
) -> ProviderMetadata:
    """The metadata in ``body``.

    Args:
        body: the document.
        expected_issuer: the provider, exactly as it was set up.
        pkce_required: whether a provider is refused that does not say that it knows PKCE. Where it
            is not, the client has to be a confidential one, and the nonce alone stands against a
            code that somebody else slips in (RFC 9700 section 2.1.1).

    Raises:
        ProtocolError: ``oidc.metadata`` for a document of another shape or of a provider that
            cannot do the code flow with PKCE, ``oidc.issuer`` for one of another issuer.
    """
    try:
        found = parse_json_object(body, max_bytes=MAX_BYTES)
    except EncodingError as error:
        raise ProtocolError("oidc.metadata", "it is not strict JSON") from error
    if found.get("issuer") != expected_issuer:
        raise ProtocolError("oidc.issuer", "the discovery document is another issuer's")
    _require(found, "response_types_supported", "code")
    # RFC 9700 section 2.1.1: a client makes sure that its provider knows PKCE. Silence is refused,
    # since a provider that ignores the challenge would let an injected code through.
    if pkce_required:
        _require(found, "code_challenge_methods_supported", "S256")
    return ProviderMetadata(
        issuer=expected_issuer,
        authorization_endpoint=_address(found, "authorization_endpoint"),
        token_endpoint=_address(found, "token_endpoint"),
        jwks_uri=_address(found, "jwks_uri"),
        userinfo_endpoint=_optional(found, "userinfo_endpoint"),
        end_session_endpoint=_optional(found, "end_session_endpoint"),
        names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _require(found: Mapping[str, Json], name: str, value: str) -> None:
    listed = found.get(name)
    if not isinstance(listed, list) or value not in listed:
        raise ProtocolError("oidc.metadata", f"{name} does not hold {value}")


def _optional(found: Mapping[str, Json], name: str) -> str | None:
    return _address(found, name) if name in found else None


def _address(found: Mapping[str, Json], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise ProtocolError("oidc.metadata", f"{name} is missing")
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError as error:
        raise ProtocolError("oidc.metadata", f"{name} is no address") from error
    if parts.scheme != "https" or not host or parts.fragment or "@" in parts.netloc:
        raise ProtocolError("oidc.metadata", f"{name} is no https address")
    return value
