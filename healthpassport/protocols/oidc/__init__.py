"""OpenID Connect as a hospital desk uses it to sign its staff in: messages and their checks.

OpenID Connect Core 1.0 with the authorization code flow, RFC 7636 (PKCE), RFC 9207 (issuer in the
answer) and the advice of RFC 9700. One module a message. What is *not* here: HTTP, sessions, roles.
"""

from healthpassport.protocols.oidc.authorization import (
    Callback,
    authorization_url,
    code_challenge,
    read_callback,
    sign_out_url,
)
from healthpassport.protocols.oidc.id_token import VerifiedIdToken, verify_id_token
from healthpassport.protocols.oidc.jwks import ALGORITHMS, ProviderKey, ProviderKeys, read_jwks
from healthpassport.protocols.oidc.metadata import ProviderMetadata, discovery_url, read_metadata
from healthpassport.protocols.oidc.tokens import (
    ClientAuthentication,
    ClientCredentials,
    TokenAnswer,
    read_token_answer,
    read_userinfo,
    token_request,
)

__all__ = [
    "ALGORITHMS",
    "Callback",
    "ClientAuthentication",
    "ClientCredentials",
    "ProviderKey",
    "ProviderKeys",
    "ProviderMetadata",
    "TokenAnswer",
    "VerifiedIdToken",
    "authorization_url",
    "code_challenge",
    "discovery_url",
    "read_callback",
    "read_jwks",
    "read_metadata",
    "read_token_answer",
    "read_userinfo",
    "sign_out_url",
    "token_request",
    "verify_id_token",
]
