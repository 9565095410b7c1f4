"""Which record system is calling: by an access token, or by an API key of `keys add`.

A token that is bound to a key needs that key's proof at each call (RFC 9449 section 7). What a
client may do is looked up at each call, so that a scope that was taken away is gone at once. What
is *not* here: which scope a call needs.
"""

from __future__ import annotations

from typing import Final

from healthpassport.errors import ProtocolError, ServiceError
from issuer.store import api_clients as rows
from issuer.store.api_clients import ApiToken

from .client_tokens import BEARER, MATERIAL, PREFIX
from .clients import Client, find
from .context import IssuerContext, digest
from .dpop import accepted_proof
from .grants import DPOP
from .scopes import OF_ROLE, Caller, kept
from .sealing import derived, unseal

MAX_TOKEN: Final = 256  # characters; ours have 47


def caller_by_token(
    issuer: IssuerContext, *, scheme: str, token: str, proof: str | None, method: str, path: str
) -> Caller:
    """The caller whose token this is.

    Args:
        issuer: the issuer.
        scheme: of the Authorization header.
        token: what stands behind it.
        proof: the one DPoP header, where there is one.
        method: of the request.
        path: of the request, without that of ``iss`` and without a query.

    Raises:
        ServiceError: ``api.invalid_token``.
        ProtocolError: ``oid4vci.invalid_dpop_proof``.
    """
    if len(token) > MAX_TOKEN or not token.isascii():
        raise ServiceError("api.invalid_token")
    with issuer.store.reading() as tx:
        found = rows.token(tx, digest(token), now=issuer.now())
    if found is None:
        raise ServiceError("api.invalid_token")
    given, client = found
    _check_binding(issuer, given, scheme, token, proof, method=method, path=path)
    secret = ""
    if given.sealed is not None:
        secret = unseal(given.sealed, secret=token, purpose=MATERIAL).decode()
    scopes = kept(given.scopes) & kept(client.scopes)
    return Caller(client.name, scopes, has_token=True, secret=secret)


def caller_by_key(issuer: IssuerContext, clients: tuple[Client, ...], key: str) -> Caller:
    """The caller whose API key this is; a name belongs to a client or to a key, never to both.

    Raises:
        ServiceError: ``http.unauthorized``, ``api.key_name_taken``.
    """
    client = find(clients, key)
    with issuer.store.reading() as tx:
        if rows.find(tx, client.name) is not None:
            raise ServiceError("api.key_name_taken")
    scopes = frozenset(scope for role in client.roles for scope in OF_ROLE[role])
    return Caller(client.name, scopes, has_token=False, secret=derived(key, MATERIAL))


def is_token(text: str) -> bool:
    """Whether ``text`` looks like a token of ours rather than a key."""
    return text.startswith(PREFIX)


def _check_binding(
    issuer: IssuerContext,
    given: ApiToken,
    scheme: str,
    token: str,
    proof: str | None,
    *,
    method: str,
    path: str,
) -> None:
    if given.key_thumbprint is None:
        if scheme.lower() != BEARER.lower():
            raise ServiceError("api.invalid_token", "this token is a bearer token")
        return
    if scheme.lower() != DPOP.lower():  # RFC 9449 section 7.2: no downgrade to bearer
        raise ServiceError("api.invalid_token", "this token is bound to a key: use DPoP")
    if proof is None:
        raise ProtocolError("oid4vci.invalid_dpop_proof", "the DPoP header is missing")
    accepted_proof(
        issuer,
        proof,
        path=path,
        method=method,
        expected_access_token=token,
        expected_thumbprint=given.key_thumbprint,
    )
