"""Encrypted messages at the credential endpoints: whether they must be, and this issuer's key.

The key that requests are encrypted to is derived from the secret that all processes of an issuer
share, so that it is kept nowhere and survives a restart. What such a request holds is proofs of
keys, never a record. What is *not* here: the algorithms (``healthpassport.protocols.oid4vci``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import ProtocolError
from healthpassport.jose import jwe
from healthpassport.jose.jwe import EncryptionKey
from healthpassport.keys.public import public_key_from_library
from healthpassport.protocols.oid4vci import ResponseEncryption, decrypted_request
from healthpassport.protocols.oid4vci.encryption import JWT
from issuer.settings import Settings

from .context import IssuerContext

OFF: Final = "off"
REQUIRED: Final = "required"
JSON: Final = "application/json"
_INFO: Final = b"encryption of credential requests"
_CANDIDATE_BYTES: Final = 40  # FIPS 186-5 appendix A.2.1: 64 bits more than the order has
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_REFUSAL: Final = "oid4vci.invalid_encryption_parameters"


def read_message(issuer: IssuerContext, media_type: str, body: bytes) -> tuple[bytes, bool]:
    """The JSON of a request at a credential endpoint, and whether it came encrypted.

    Raises:
        ProtocolError: ``oid4vci.invalid_encryption_parameters`` where it must be encrypted and is
            not, or the other way round; ``oid4vci.invalid_credential_request`` for another media
            type (section 8.2).
    """
    rule = issuer.settings.encryption
    if media_type == JWT:
        if rule == OFF:
            raise ProtocolError(_REFUSAL, "the metadata offers no encryption")
        return decrypted_request(body, key=request_key(issuer)), True
    if media_type != JSON:
        raise ProtocolError(
            "oid4vci.invalid_credential_request", "the media type must be application/json"
        )
    if rule == REQUIRED:
        raise ProtocolError(_REFUSAL, "requests must be encrypted")
    return body, False


def check_wanted(
    issuer: IssuerContext, wanted: ResponseEncryption | None, *, came_encrypted: bool
) -> None:
    """Whether the response may be given as ``wanted``.

    Raises:
        ProtocolError: ``oid4vci.invalid_encryption_parameters``.
    """
    rule = issuer.settings.encryption
    if wanted is None:
        if rule == REQUIRED:
            raise ProtocolError(_REFUSAL, "credential_response_encryption is missing")
        return
    if rule == OFF:
        raise ProtocolError(_REFUSAL, "the metadata offers no encryption")
    if not came_encrypted:  # section 8.2: else somebody on the way could put their own key there
        raise ProtocolError(_REFUSAL, "a request with an encryption key must be encrypted")


def request_key(issuer: IssuerContext) -> EncryptionKey:
    """The key that requests are encrypted to."""
    return _derived(issuer.nonce_key)


def encryption_metadata(issuer: IssuerContext) -> dict[str, Json]:
    """What the metadata says of encryption (section 12.2.4); nothing where there is none.

    Responses may be compressed, requests not: a small one could unpack to a vast one.
    """
    settings: Settings = issuer.settings
    if settings.encryption == OFF:
        return {}
    key = request_key(issuer)
    public: dict[str, Json] = {name: value for name, value in key.jwk.items() if name != "d"}
    both: dict[str, Json] = {
        "enc_values_supported": list(jwe.ENCRYPTIONS),
        "encryption_required": settings.encryption == REQUIRED,
    }
    return {
        "credential_request_encryption": {"jwks": {"keys": [public]}, **both},
        "credential_response_encryption": {
            "alg_values_supported": [jwe.ALGORITHM],
            "zip_values_supported": [jwe.DEFLATE],
            **both,
        },
    }


@lru_cache(maxsize=8)  # issuers in one process: tests have several
def _derived(secret: bytes) -> EncryptionKey:
    """FIPS 186-5 appendix A.2.1: a scalar of P-256 out of more bits than it needs."""
    hkdf = HKDF(algorithm=SHA256(), length=_CANDIDATE_BYTES, salt=None, info=_INFO)
    scalar = int.from_bytes(hkdf.derive(secret), "big") % (_ORDER - 1) + 1
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    public = public_key_from_library(private.public_key())
    named: dict[str, Json] = {"kid": public.thumbprint(), "use": "enc", "alg": jwe.ALGORITHM}
    secret_part: dict[str, Json] = {"d": b64url_encode(scalar.to_bytes(32, "big"))}
    return EncryptionKey(public.thumbprint(), {**public.jwk(), **secret_part, **named})
