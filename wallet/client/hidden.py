"""Credential requests and responses encrypted beneath TLS (OpenID4VCI 1.0 section 10).

Done where an issuer requires it: its TLS may end at somebody else's server. What is *not* here: the
cipher (``healthpassport.jose.jwe``), and what request and response say.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        ServiceError: ``wallet.issuer_failed`` where the issuer requires an encryption that this
            wallet does not know, or its answer does not open.
    """
    if not _required(issuer):
        return access.post(url, request.wire())
    jwk, enc = _recipient(issuer.credential_request_encryption or {})
    private, public = jwe.generate_encryption_key("response")
    wanted = ResponseEncryption.model_validate({"jwk": public, "enc": enc})
    hidden = request.model_copy(update={"credential_response_encryption": wanted})
    try:
        sent = jwe.encrypt(dump_json(hidden.wire()), recipient_jwk=jwk, encryption=enc)
    except JoseError as error:
        raise ServiceError("wallet.issuer_failed", error.code) from error
    response = access.post_hidden(url, sent)
    if response.status not in SUCCESS:  # section 8.3.1.2: a refusal is never encrypted
        return response
    try:
        body = jwe.decrypt(response.body.decode("ascii"), private_key=private)
    except (JoseError, EncodingError, UnicodeDecodeError) as error:
        raise ServiceError("wallet.issuer_failed", "its answer does not open") from error
    return replace(response, body=body)


def _required(issuer: IssuerMetadata) -> bool:
    told = (issuer.credential_request_encryption, issuer.credential_response_encryption)
    return any(one is not None and one.get("encryption_required") is True for one in told)


def _recipient(told: Mapping[str, JsonValue]) -> tuple[Mapping[str, JsonValue], str]:
    """The issuer's key for requests, and the content encryption for both ways."""
    offered = told.get("enc_values_supported")
    known = [enc for enc in jwe.ENCRYPTIONS if isinstance(offered, list) and enc in offered]
    jwks = told.get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    usable = [
        key
        for key in (keys if isinstance(keys, list) else ())
        if isinstance(key, Mapping) and key.get("alg") == jwe.ALGORITHM
    ]
    if not known or not usable:
        raise ServiceError("wallet.issuer_failed", "it requires an encryption unknown here")
    return usable[0], known[0]
