"""Multikey (Controlled Identifiers 1.0 section 2.2.2): public keys as one text, read and written.

Rules: a header that stands in the table, behind it exactly the octets of that key type, in the base
that the table names; a point is decompressed and must be on its curve, of BLS12-381 also in the
subgroup of prime order and not its identity. A secret key where a public one belongs is refused by
name. What is *not* here: other types of verification method, and trust in a key.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from healthpassport import multibase
from healthpassport.errors import EncodingError, KeyMaterialError
from healthpassport.keys.bls import BlsPublicKey
from healthpassport.keys.curves import BY_ALGORITHM, ED25519_BYTES
from healthpassport.keys.ml_dsa import ML_DSA_44
from healthpassport.keys.multicodec import (
    BBS,
    CODECS,
    KeyCodec,
    is_secret,
    multikey_text,
)
from healthpassport.keys.public import EDDSA, PublicKey, public_key_from_library
from healthpassport.keys.signer import SoftwareSigner, signer_from_library

MAX_CHARS: Final = 2_048  # of a key as text; ML-DSA-44 in base64url has 1,753
# Points of G2 read before; each costs a quarter of a millisecond. They are keys of issuers alone:
# the key of a holder is never remembered, since a desk forgets it when a result is closed.
KEPT_KEYS: Final = 1_024
_HEADER_OCTETS: Final = 2  # of every key type in the table


def multikey(public_key: PublicKey) -> str:
    """``public_key`` as Multikey text."""
    return multikey_text(public_key.algorithm, public_key.raw)


def public_key_from_multikey(text: str) -> PublicKey:
    """The public key that ``text`` (a ``publicKeyMultibase``) holds.

    Raises:
        KeyMaterialError: ``multikey.invalid`` for bad multibase, another base or length,
            ``multikey.unknown`` for a key type that is not in the table, ``multikey.private`` for
            a secret key, ``multikey.invalid_point``.
    """
    data = _octets(text)
    header, octets = data[:_HEADER_OCTETS], data[_HEADER_OCTETS:]
    if is_secret(header):
        raise KeyMaterialError("multikey.private")
    codec = next((c for c in CODECS.values() if c.header == header), None)
    if codec is None:
        raise KeyMaterialError("multikey.unknown")
    if text[0] != codec.base or len(octets) != codec.octets:
        raise KeyMaterialError("multikey.invalid", "base or length are not those of its key type")
    try:
        return _public_key(codec, octets)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyMaterialError("multikey.invalid_point") from error


def signer_from_multikey(secret_text: str, public_text: str) -> SoftwareSigner:
    """The signer of a ``secretKeyMultibase``: P-256, P-384 or Ed25519.

    Secret keys of BBS are read where BBS signatures are made.

    Raises:
        KeyMaterialError: as ``public_key_from_multikey``; ``multikey.invalid`` where the secret
            is not that of the public key ``public_text``.
    """
    public = public_key_from_multikey(public_text)
    codec, data = CODECS[public.algorithm], _octets(secret_text)
    secret = data[_HEADER_OCTETS:]
    curve = BY_ALGORITHM.get(public.algorithm)
    length = ED25519_BYTES if curve is None else curve.octets
    if data[:_HEADER_OCTETS] != codec.secret_header or len(secret) != length:
        raise KeyMaterialError("multikey.invalid", "this is no secret key of that type")
    if public.algorithm == BBS:
        raise KeyMaterialError("multikey.invalid", "a BBS key signs nothing by itself")
    try:
        signer = signer_from_library(
            ed25519.Ed25519PrivateKey.from_private_bytes(secret)
            if curve is None
            else ec.derive_private_key(int.from_bytes(secret, "big"), curve.curve)
        )
    except ValueError as error:
        raise KeyMaterialError("multikey.invalid", "the secret is out of range") from error
    if signer.public_key != public:
        raise KeyMaterialError("multikey.invalid", "the secret belongs to another key")
    return signer


def _octets(text: str) -> bytes:
    try:
        return multibase.decode(text, max_chars=MAX_CHARS)
    except EncodingError as error:
        raise KeyMaterialError("multikey.invalid", error.detail) from error


def _public_key(codec: KeyCodec, octets: bytes) -> PublicKey:
    """The key behind a header; the libraries say ValueError where there is none."""
    if codec.algorithm == EDDSA:
        return public_key_from_library(ed25519.Ed25519PublicKey.from_public_bytes(octets))
    if codec.algorithm == BBS:
        return PublicKey(BBS, octets, _point_of_g2(octets))
    if codec.algorithm == ML_DSA_44:
        return PublicKey(ML_DSA_44, octets, mldsa.MLDSA44PublicKey.from_public_bytes(octets))
    curve = BY_ALGORITHM[codec.algorithm].curve
    return public_key_from_library(ec.EllipticCurvePublicKey.from_encoded_point(curve, octets))


@lru_cache(maxsize=KEPT_KEYS)
def _point_of_g2(octets: bytes) -> BlsPublicKey:
    """KeyValidate of draft-irtf-cfrg-bbs-signatures section 4.2.3 step 3: octets_to_pubkey."""
    from py_arkworks_bls12381 import G2Point  # noqa: PLC0415 - only who meets such a key loads it

    # The library checks flags, curve and subgroup; the identity is a point that proves nothing.
    if G2Point.from_compressed_bytes(octets) == G2Point.identity():
        raise ValueError("the identity")
    return BlsPublicKey(octets)
