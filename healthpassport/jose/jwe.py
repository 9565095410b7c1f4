"""Encrypted messages: ECDH-ES with AES-GCM in compact form (RFC 7516, RFC 7518 sections 4.6, 5.3).

The cipher work is jwcrypto's, behind this parser: jwcrypto alone inflates compressed bombs and
reads padded base64 and duplicate members. One algorithm is allowed, ECDH-ES over P-256 (HAIP 1.0
section 5), so nothing in a header can choose a costlier or weaker one. What is *not* here: which
key belongs to which transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from healthpassport.encoding import (
    MAX_BODY_BYTES,
    Json,
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_json_object,
)
from healthpassport.errors import EncodingError, JoseError, KeyMaterialError
from healthpassport.jose.header import MAX_HEADER_BYTES
from healthpassport.keys.public import public_key_from_jwk

ALGORITHM: Final = "ECDH-ES"
ENCRYPTIONS: Final = ("A128GCM", "A256GCM")  # HAIP 1.0 section 5: both must be understood
DEFLATE: Final = "DEF"  # RFC 7516 section 4.1.3: the one compression there is
PARTS: Final = 5
CURVE: Final = "P-256"
# What a header may hold; anything else is refused rather than guessed at.
KNOWN: Final = frozenset({"alg", "enc", "kid", "epk", "apu", "apv", "typ", "cty"})


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A private key for one recipient or one transaction; ``jwk`` is secret."""

    kid: str
    jwk: Mapping[str, Json] = field(repr=False)


def generate_encryption_key(kid: str) -> tuple[EncryptionKey, dict[str, Json]]:
    """A new key pair: the private key, and the public JWK that the other side encrypts to."""
    key = JWK.generate(kty="EC", crv=CURVE)
    named: dict[str, Json] = {"kid": kid, "use": "enc", "alg": ALGORITHM}
    private = {**key.export_private(as_dict=True), **named}
    return EncryptionKey(kid, private), {**key.export_public(as_dict=True), **named}


def encrypt(  # noqa: D417 - apu and apv are RFC 7518's own words
    plaintext: bytes,
    *,
    recipient_jwk: Mapping[str, Json],
    encryption: str = "A128GCM",
    kid: str | None = None,
    apu: bytes = b"",
    apv: bytes = b"",
    compressed: bool = False,
) -> str:
    """``plaintext`` encrypted to ``recipient_jwk``, a public P-256 key.

    Args:
        plaintext: at most what a request body may hold.
        recipient_jwk: the recipient's public key; its ``kid`` is used unless one is given.
        encryption: A128GCM or A256GCM.
        kid: the name of the key for the header.
        compressed: whether to deflate first (RFC 7516 section 4.1.3), for others: ``decrypt``
            refuses it.

    Raises:
        JoseError: ``jwe.alg_not_allowed`` for another encryption or key.
    """
    check_recipient(recipient_jwk, encryption)
    point = _point(recipient_jwk)
    header: dict[str, Json] = {"alg": ALGORITHM, "enc": encryption}
    if compressed:
        header["zip"] = DEFLATE
    if (name := kid or recipient_jwk.get("kid")) is not None:
        header["kid"] = name
    header |= {n: b64url_encode(v) for n, v in (("apu", apu), ("apv", apv)) if v}
    message = JWE(plaintext, protected=dump_json(header).decode())
    message.add_recipient(JWK(**point))
    return str(message.serialize(compact=True))


def check_recipient(recipient_jwk: Mapping[str, Json], encryption: str) -> None:
    """Whether ``encrypt`` can be used with this key and content encryption.

    Raises:
        JoseError: ``jwe.alg_not_allowed``.
    """
    if encryption not in ENCRYPTIONS or recipient_jwk.get("alg", ALGORITHM) != ALGORITHM:
        raise JoseError("jwe.alg_not_allowed")
    _point(recipient_jwk)


def decrypt(
    token: str,
    *,
    private_key: EncryptionKey,
    expected_kid: str | None = None,
    expected_encryption: Collection[str] = ENCRYPTIONS,
    max_bytes: int = MAX_BODY_BYTES,
) -> bytes:
    """The plaintext of ``token``.

    Args:
        token: five base64url parts.
        private_key: the key of this transaction.
        expected_kid: what ``kid`` must be; the key's own name when not given.
        expected_encryption: which content encryptions are allowed.
        max_bytes: the limit on the token's length.

    Raises:
        JoseError: ``jwe.syntax``, ``jwe.zip_not_allowed``, ``jwe.alg_not_allowed``, and
            ``jwe.decrypt`` for all that a wrong key or an altered message can cause.
        EncodingError: for what is not strict base64url or JSON, or too large.
    """
    header = read_header(token, max_bytes=max_bytes)
    if header["enc"] not in expected_encryption:
        raise JoseError("jwe.alg_not_allowed", "this content encryption is not allowed")
    if header.get("kid") != (expected_kid or private_key.kid):
        raise JoseError("jwe.decrypt", "the message is for another key")
    message = JWE(algs=[ALGORITHM, *ENCRYPTIONS])
    try:
        message.deserialize(token)
        message.decrypt(JWK(**private_key.jwk))
    except (JWException, ValueError) as error:
        raise JoseError("jwe.decrypt") from error
    return bytes(message.payload)


def read_header(token: str, *, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Json]:
    """The header of ``token``, judged but not authenticated: use it to find a transaction by kid.

    Raises:
        JoseError: see ``decrypt``.
        EncodingError: see ``decrypt``.
    """
    if len(token) > max_bytes:
        raise JoseError("limit.size")
    parts = token.split(".")
    if len(parts) != PARTS:
        raise JoseError("jwe.syntax")
    for part in parts[1:]:
        b64url_decode(part)
    header = parse_json_object(b64url_decode(parts[0]), max_bytes=MAX_HEADER_BYTES)
    if "zip" in header:
        raise JoseError("jwe.zip_not_allowed")  # a small message could unpack to a vast one
    # RFC 7518 section 4.6: with ECDH-ES in direct mode there is no encrypted key.
    if header.get("alg") != ALGORITHM or header.get("enc") not in ENCRYPTIONS or parts[1]:
        raise JoseError("jwe.alg_not_allowed")
    if not header.keys() <= KNOWN:
        raise JoseError("jwe.syntax", "the header holds a member that is not allowed here")
    _check_agreement(header)
    return header


def _check_agreement(header: Mapping[str, Json]) -> None:
    """The ephemeral key and the party names (RFC 7518 section 4.6.1)."""
    ephemeral = header.get("epk")
    if not isinstance(ephemeral, Mapping):
        raise JoseError("jwe.alg_not_allowed", "there is no ephemeral key")
    _point(ephemeral)
    for name in ("apu", "apv"):
        value = header.get(name, "")
        if not isinstance(value, str):
            raise JoseError("jwe.syntax", f"{name} is not a string")
        b64url_decode(value)


def _point(jwk: Mapping[str, Json]) -> dict[str, Json]:
    """The bare public key, checked to be a point of P-256: an invalid curve leaks the secret."""
    bare = {name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}
    try:
        key = public_key_from_jwk(bare)
    except (KeyMaterialError, EncodingError) as error:
        raise JoseError("jwe.alg_not_allowed", "this is not a key of P-256") from error
    if bare.get("crv") != CURVE or "d" in jwk:
        raise JoseError("jwe.alg_not_allowed", "this is not a public key of P-256")
    return key.jwk()
