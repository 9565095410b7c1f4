"""How a program proves who it is to a FHIR server: a JWT signed with its own key.

SMART App Launch 2.2 "client-confidential-asymmetric": ES384 or RS384, a one-time ``jti``, at most
five minutes. What is *not* here: the exchange for a token (``smart``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from healthpassport.encoding import Json, b64url_encode, dump_json
from healthpassport.errors import PassportError, ProtocolError
from healthpassport.keys import load_signer
from healthpassport.keys.files import refuse_open
from healthpassport.keys.rsa import read_client_key

LIFETIME: Final = timedelta(minutes=4)  # "SHALL be no more than five minutes in the future"
JTI_BYTES: Final = 16
ES384: Final = "ES384"
RS384: Final = "RS384"
FILE: Final = "file:"


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key that the server knows the public half of; ``kid`` names it there."""

    algorithm: str
    jwk: dict[str, Json]
    kid: str
    sign: Callable[[bytes], bytes] = field(repr=False)


def load_client_key(uri: str, passphrase: bytes | None = None) -> ClientKey:
    """The key at ``uri``: P-384 as keys here are, or RSA in a PEM file.

    Raises:
        ProtocolError: ``smart.key``.
    """
    known = _rsa(uri, passphrase)
    if known is not None:
        return known
    try:
        signer = load_signer(uri, passphrase)
    except PassportError as error:
        raise ProtocolError("smart.key", "the key for the record system") from error
    if signer.algorithm != ES384:
        raise ProtocolError("smart.key", "the key must be P-384 or RSA (ES384, RS384)")
    key = signer.public_key
    return ClientKey(ES384, key.jwk(), key.thumbprint(), signer.sign)


def public_jwks(key: ClientKey) -> dict[str, Json]:
    """What is registered with the server."""
    return {
        "keys": [
            {**key.jwk, "kid": key.kid, "alg": key.algorithm, "use": "sig", "key_ops": ["verify"]}
        ]
    }


def assertion(key: ClientKey, *, client_id: str, audience: str, now: datetime, jti: bytes) -> str:
    """The signed JWT with which the token at ``audience`` is asked for."""
    header = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
    claims: dict[str, Json] = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int((now + LIFETIME).timestamp()),
        "iat": int(now.timestamp()),
        "jti": b64url_encode(jti),
    }
    text = f"{b64url_encode(dump_json(header))}.{b64url_encode(dump_json(claims))}"
    return f"{text}.{b64url_encode(key.sign(text.encode('ascii')))}"


def _rsa(uri: str, passphrase: bytes | None) -> ClientKey | None:
    """The RSA key in the file, or None for any other."""
    if not uri.startswith(FILE):
        return None
    path = Path(unquote(urlsplit(uri).path))
    try:
        refuse_open(path)
        key = read_client_key(path.read_bytes(), algorithm=RS384, passphrase=passphrase)
    except (OSError, PassportError) as error:
        raise ProtocolError("smart.key", "the key for the record system") from error
    return None if key is None else ClientKey(RS384, key.jwk(), key.thumbprint(), key.sign)
