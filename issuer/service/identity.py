"""Who the issuer is to everybody: its DID, and its keys in two well-known documents.

Both name the same keys by the same thumbprints, for wallets and verifiers elsewhere. Our desks read
neither: the trust list says which key is right (ADR 0005, ADR 0026).
"""

from __future__ import annotations

from healthpassport.dids import did_document
from healthpassport.dids.web import did_web
from healthpassport.encoding import Json
from healthpassport.errors import DidError, ServiceError
from healthpassport.keys import PublicKey

from .context import IssuerContext


def signing_keys(issuer: IssuerContext) -> tuple[PublicKey, ...]:
    """Every key that signs what this issuer gives out, the next one included."""
    second = issuer.second_signer
    own = tuple(key.signer.public_key for key in issuer.keys)
    return (*own, *((second.public_key,) if second else ()))


def has_did(issuer: IssuerContext) -> bool:
    """Whether a did:web stands for the issuer's address; for an IP address none does."""
    try:
        did_web(issuer.settings.iss)
    except DidError:
        return False
    return True


def issuer_did(issuer: IssuerContext) -> str:
    """The did:web of the issuer's address.

    Raises:
        ServiceError: ``not_found`` where it has none: its host is an IP address.
    """
    try:
        return did_web(issuer.settings.iss)
    except DidError as error:
        raise ServiceError("not_found", "no DID stands for this issuer's address") from error


def published_did_document(issuer: IssuerContext) -> dict[str, Json]:
    """The DID document: each key an assertion method.

    Raises:
        ServiceError: ``not_found`` as ``issuer_did``.
    """
    return did_document(issuer_did(issuer), signing_keys(issuer))


def key_set(issuer: IssuerContext) -> dict[str, Json]:
    """JWT VC Issuer Metadata (SD-JWT VC draft-19 section 4): the keys that have a JWK."""
    keys: list[Json] = [
        {**key.jwk(), "kid": key.thumbprint(), "alg": key.algorithm, "use": "sig"}
        for key in signing_keys(issuer)
    ]
    return {"issuer": issuer.settings.iss, "jwks": {"keys": keys}}
