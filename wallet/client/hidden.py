"""Credential requests and responses encrypted beneath TLS (OpenID4VCI 1.0 section 10).

Done where an issuer requires it: its TLS may end at somebody else's server. What is *not* here: the
cipher (``healthpassport.jose.jwe``), and what request and response say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from healthpassport.encoding import dump_json
from healthpassport.errors import EncodingError, JoseError, ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.jose import jwe
from healthpassport.protocols.oid4vci import (
    CredentialRequest,
    DeferredRequest,
    IssuerMetadata,
    ResponseEncryption,
)

from .access import Access
from .exchange import SUCCESS


def ask(
    access: Access, issuer: IssuerMetadata, url: str, request: CredentialRequest | DeferredRequest
) -> HttpResponse:
    """The answer to ``request`` at ``url`` of ``issuer``, as if it had come in the clear.

    Raises:
        ServiceError: ``wallet.offer_unsupported`` where the issuer requires an encryption that
            this wallet does not know, ``wallet.issuer_failed`` where its answer does not open.
    """
    if not _required(issuer):
        return access.post(url, request.wire())
    jwk, enc = _recipient(issuer)
    private, public = jwe.generate_encryption_key("response")
    back = _way_back(issuer)
    wanted = back and ResponseEncryption.model_validate({"jwk": public, "enc": back})
    hidden = request.model_copy(update={"credential_response_encryption": wanted})
    try:
        sent = jwe.encrypt(dump_json(hidden.wire()), recipient_jwk=jwk, encryption=enc)
    except JoseError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error
    response = access.post_hidden(url, sent)
    if (
        wanted is None or response.status not in SUCCESS
    ):  # section 8.3.1.2: a refusal is never encrypted
        return response
    try:
        body = jwe.decrypt(response.body.decode("ascii"), private_key=private)
    except (JoseError, EncodingError, UnicodeDecodeError) as error:
        raise ServiceError("wallet.issuer_failed", "its answer does not open") from error
    return replace(response, body=body)


def check_usable(issuer: IssuerMetadata) -> None:
    """Return only where this wallet can speak with ``issuer``, before an offer is used up.

    Raises:
        ServiceError: ``wallet.offer_unsupported`` for an encryption that is unknown here.
    """
    if _required(issuer):
        _recipient(issuer)
        _way_back(issuer)


def _required(issuer: IssuerMetadata) -> bool:
    told = (issuer.credential_request_encryption, issuer.credential_response_encryption)
    return any(one is not None and one.get("encryption_required") is True for one in told)


def _recipient(issuer: IssuerMetadata) -> tuple[Mapping[str, JsonValue], str]:
    """The issuer's key for requests, and their content encryption."""
    told = issuer.credential_request_encryption or {}
    jwks = told.get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    usable = [
        key
        for key in (keys if isinstance(keys, list) else ())
        if isinstance(key, Mapping) and key.get("alg") == jwe.ALGORITHM
    ]
    if not usable:
        raise _unknown()
    return usable[0], _content(told)


def _way_back(issuer: IssuerMetadata) -> str | None:
    """The content encryption of answers; None where the issuer encrypts none (section 8.2)."""
    told = issuer.credential_response_encryption
    if told is None:
        return None
    if jwe.ALGORITHM not in _names(told, "alg_values_supported"):
        raise _unknown()
    return _content(told)


def _content(told: Mapping[str, JsonValue]) -> str:
    known = [enc for enc in jwe.ENCRYPTIONS if enc in _names(told, "enc_values_supported")]
    if not known:
        raise _unknown()
    return known[0]


def _names(told: Mapping[str, JsonValue], member: str) -> Sequence[JsonValue]:
    value = told.get(member)
    return value if isinstance(value, list) else ()


def _unknown() -> ServiceError:
    return ServiceError("wallet.offer_unsupported", "it requires an encryption unknown here")
