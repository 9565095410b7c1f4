"""Sending a person to the provider, and reading what their browser brings back.

OpenID Connect Core 1.0 sections 3.1.2.1 and 3.1.2.5, RFC 7636, RFC 9207. Rules: state, nonce and
verifier are the caller's, new for each sign-in; the issuer in the answer is checked before the
code goes anywhere, so that a code never reaches another provider (mix-up, RFC 9700 section 4.4).
What is *not* here: remembering the state, and whose browser it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from healthpassport.encoding import b64url_encode
from healthpassport.errors import ProtocolError
from healthpassport.protocols.oidc.metadata import ProviderMetadata

OPENID: Final = "openid"
MAX_CODE: Final = 4_096  # characters
# RFC 6749 section 4.1.2.1 and Core section 3.1.2.6: what a provider may say instead of a code.
DECLINED: Final = frozenset(
    {"access_denied", "login_required", "interaction_required", "consent_required"}
    | {"account_selection_required", "unmet_authentication_requirements"}
)


@dataclass(frozen=True, slots=True)
class Callback:
    """A code for the provider that the sign-in was begun with."""

    code: str
    state: str


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636 section 4.2)."""
    return b64url_encode(hashlib.sha256(verifier.encode("ascii")).digest())


def authorization_url(
    provider: ProviderMetadata,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
    scopes: Sequence[str] = (OPENID,),
    acr_values: Sequence[str] = (),
    max_age: int | None = None,
    language: str = "",
    more: Mapping[str, str] | None = None,
) -> str:
    """Where the browser goes (section 3.1.2.1); ``more`` is what one provider alone knows."""
    told = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(dict.fromkeys((OPENID, *scopes))),
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
        "acr_values": " ".join(acr_values),
        "max_age": "" if max_age is None else str(max_age),
        "ui_locales": language,
    }
    return _with(provider.authorization_endpoint, {**(more or {}), **told})


def sign_out_url(provider: ProviderMetadata, *, client_id: str, return_to: str) -> str | None:
    """Where the browser goes to sign out at the provider too, or None where it offers nothing.

    RP-Initiated Logout 1.0 section 2, by ``client_id``: an ID token would have to be kept.
    """
    if provider.end_session_endpoint is None:
        return None
    told = {"client_id": client_id, "post_logout_redirect_uri": return_to}
    return _with(provider.end_session_endpoint, told)


def read_callback(
    parameters: Iterable[tuple[str, str]], *, expected_issuer: str, issuer_required: bool
) -> Callback:
    """The code in the query of the redirect.

    Args:
        parameters: names and values as they came, repeated ones too.
        expected_issuer: the provider that this sign-in was begun with.
        issuer_required: whether that provider says that it names itself.

    Raises:
        ProtocolError: ``oidc.mix_up`` for another issuer or none, ``oidc.callback`` for another
            shape, ``oidc.declined`` where the person or provider said no, ``oidc.provider`` for
            another error.
    """
    listed = list(parameters)
    found = dict(listed)
    if len(found) != len(listed):
        raise ProtocolError("oidc.callback", "a parameter stands there twice")
    # RFC 9207 section 2.4: before anything else of the answer is used, an error too.
    if found.get("iss", None if issuer_required else expected_issuer) != expected_issuer:
        raise ProtocolError("oidc.mix_up")
    state = found.get("state", "")
    if "error" in found:
        declined = found["error"] in DECLINED
        raise ProtocolError("oidc.declined" if declined else "oidc.provider")
    code = found.get("code", "")
    if not 0 < len(code) <= MAX_CODE or not state or not code.isascii():
        raise ProtocolError("oidc.callback", "there is no code, or no state")
    return Callback(code, state)


def _with(endpoint: str, told: dict[str, str]) -> str:
    """``endpoint`` with more parameters; those that it has stay (RFC 6749 section 3.1)."""
    joint = "&" if urlsplit(endpoint).query else "?"
    return endpoint + joint + urlencode({name: value for name, value in told.items() if value})
