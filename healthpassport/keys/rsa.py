"""RSA as other people's servers use it: the signature schemes, and a client's own RSA key.

OpenID providers sign with RSA (OpenID Connect Core 1.0 section 15.1), and they and FHIR servers
may want a client's assertion signed with it; records never are. So RSA stands here and not in
``suites``. What is *not* here: which of the algorithms somebody may use
(``protocols.oidc.jwks.ALGORITHMS``, ``protocols.smart``, and each app's settings).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from healthpassport.encoding import Json, b64url_encode, jcs
from healthpassport.errors import JoseError, KeyMaterialError

MIN_RSA_BITS: Final = 2_048  # RFC 7518 section 3.3
MAX_RSA_BITS: Final = 8_192


@dataclass(frozen=True, slots=True)
class Scheme:
    """One algorithm: its padding and its hash."""

    padding: AsymmetricPadding
    hash: HashAlgorithm


# RFC 7518 sections 3.3 and 3.5.
SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        "RS256": Scheme(padding.PKCS1v15(), SHA256()),
        "RS384": Scheme(padding.PKCS1v15(), SHA384()),
        "RS512": Scheme(padding.PKCS1v15(), SHA512()),
        "PS256": Scheme(padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256()),
    }
)


def check(key: rsa.RSAPublicKey, algorithm: str, signature: bytes, message: bytes) -> None:
    """Check ``signature``; ``jws.signature`` where it is not right."""
    scheme = SCHEMES[algorithm]
    try:
        key.verify(signature, message, scheme.padding, scheme.hash)
    except InvalidSignature as error:
        raise JoseError("jws.signature") from error


@dataclass(frozen=True, slots=True)
class RsaClientKey:
    """A client's own RSA key; it signs assertions and nothing else."""

    algorithm: str
    private_key: rsa.RSAPrivateKey = field(compare=False, repr=False)

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``."""
        scheme = SCHEMES[self.algorithm]
        return self.private_key.sign(message, scheme.padding, scheme.hash)

    def jwk(self) -> dict[str, Json]:
        """The public key: what RFC 7518 section 6.3.1 requires and no more."""
        numbers = self.private_key.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}

    def thumbprint(self) -> str:
        """The RFC 7638 thumbprint of the public key."""
        return b64url_encode(hashlib.sha256(jcs(self.jwk())).digest())


def read_client_key(
    pem: bytes, *, algorithm: str, passphrase: bytes | None = None
) -> RsaClientKey | None:
    """The RSA key in ``pem``, None where it holds a key of another kind.

    Raises:
        KeyMaterialError: ``key.unreadable`` for no key, or one that is too short or too long;
            ``jws.alg_not_allowed`` for an algorithm that is none of RSA.
    """
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError) as error:
        raise KeyMaterialError("key.unreadable", "the client's key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        return None
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise KeyMaterialError("key.unreadable", f"the client's key has {key.key_size} bits")
    if algorithm not in SCHEMES:
        raise KeyMaterialError("jws.alg_not_allowed", "no key of RSA signs so")
    return RsaClientKey(algorithm, key)


def _number(value: int) -> str:
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
