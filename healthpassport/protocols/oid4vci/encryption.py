"""Encrypted requests and responses of the credential endpoints (OpenID4VCI 1.0 section 10).

One algorithm, ECDH-ES over P-256 with A128GCM or A256GCM (HAIP 1.0 section 7). A response may be
compressed for a wallet that asks for it; a request never is: a small one could unpack to a vast
one. What is *not* here: whether a message must be encrypted, which the issuer's settings say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue, ValidationError

from healthpassport.encoding import Json, dump_json
from healthpassport.errors import EncodingError, JoseError
from healthpassport.jose import jwe
from healthpassport.protocols.oid4vci.refusals import WireModel, refuse

JWT: Final = "application/jwt"  # section 10
MEMBER: Final = "credential_response_encryption"
REFUSAL: Final = "invalid_encryption_parameters"  # section 8.3.1.2


class ResponseEncryption(WireModel):
    """How a wallet wants its response encrypted (section 8.2)."""

    jwk: Mapping[str, JsonValue]
    enc: Annotated[str, Field(max_length=32)]
    zip: Literal["DEF"] | None = None

    def wire(self) -> dict[str, Json]:
        """The member as its JSON object."""
        return self.model_dump(exclude_none=True, mode="json")


def read_encryption(request: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """What ``request`` says of the encryption of its response, once it can be used.

    Raises:
        ProtocolError: ``oid4vci.invalid_encryption_parameters`` for another algorithm, another
            compression, or a key that is no public key of P-256.
    """
    if MEMBER not in request:
        return None
    value = request[MEMBER]
    if not isinstance(value, Mapping):
        raise refuse(REFUSAL, detail=f"{MEMBER} is no object")
    try:
        wanted = ResponseEncryption.model_validate(value)
    except ValidationError as error:
        raise refuse(REFUSAL, error) from error
    if wanted.jwk.get("alg") != jwe.ALGORITHM:  # section 10: alg must be there
        raise refuse(REFUSAL, detail=f"jwk.alg must be {jwe.ALGORITHM}")
    try:
        jwe.check_recipient(wanted.jwk, wanted.enc)
    except JoseError as error:
        raise refuse(REFUSAL, detail=error.detail or error.title) from error
    return value


def encrypted_response(value: Mapping[str, Json], wanted: ResponseEncryption) -> str:
    """``value`` as the JWE that the wallet asked for.

    Raises:
        JoseError: ``jwe.alg_not_allowed``, which ``read_encryption`` rules out.
    """
    return jwe.encrypt(
        dump_json(value),
        recipient_jwk=wanted.jwk,
        encryption=wanted.enc,
        compressed=wanted.zip is not None,
    )


def decrypted_request(token: bytes, *, key: jwe.EncryptionKey) -> bytes:
    """The JSON of the request in the JWE ``token``.

    Raises:
        ProtocolError: ``oid4vci.invalid_encryption_parameters`` for anything that is no JWE for
            ``key`` by the algorithms above, a compressed one above all.
    """
    try:
        return jwe.decrypt(token.decode("ascii"), private_key=key)
    except (JoseError, EncodingError, UnicodeDecodeError) as error:
        raise refuse(REFUSAL, detail=str(error)) from error
