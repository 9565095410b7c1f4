"""Public keys: from a JWK or a certificate, to a JWK and a thumbprint.

Rules: a JWK that holds a private part is refused, a point that is not on its curve is refused, the
coordinates have exactly the curve's length (RFC 7518 section 6.2.1.2), and ``use``, ``key_ops`` and
``alg`` are honoured. What is *not* here: trust in a key, certificate chains (``keys.x509``) and
Multikey text (``keys.multikey``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from healthpassport.encoding import Json, b64url_encode, dump_json
from healthpassport.errors import KeyMaterialError
from healthpassport.keys import ml_dsa
from healthpassport.keys.bls import BlsPublicKey
from healthpassport.keys.curves import BY_ALGORITHM, BY_LIBRARY_NAME, BY_NAME, ED25519_BYTES
from healthpassport.keys.members import octets
from healthpassport.keys.multicodec import BBS, multikey_text

LibraryKey: TypeAlias = (
    "ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey | BlsPublicKey"
)

EDDSA: Final = "EdDSA"  # RFC 8037 section 3.1
# RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2, RFC 9964: members with a secret.
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
KEPT_THUMBPRINTS: Final = 1_024  # an issuer's own key is named in each record; some 200 bytes each
_UNCOMPRESSED: Final = b"\x04"  # SEC 1 section 2.3.3


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key and the one algorithm it is used with (RFC 8725 section 3.1).

    ``algorithm`` is ES256, ES384, EdDSA, ML-DSA-44 or BBS; what may be signed with which of them
    is said elsewhere. ``raw`` is the key as octets: x and y of a point, the 32 octets of an Ed25519
    key, the 1,312 of an ML-DSA-44 key, the 96 of a compressed point of BLS12-381. ``key`` is the
    library's object for the same key.
    """

    algorithm: str
    raw: bytes
    key: LibraryKey = field(compare=False, repr=False)

    def jwk(self) -> dict[str, Json]:
        """The key as a JWK that holds only its required members.

        Raises:
            KeyMaterialError: ``multikey.no_jwk`` for a BBS key.
        """
        if self.algorithm == BBS:
            raise KeyMaterialError("multikey.no_jwk")
        if self.algorithm == EDDSA:
            return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(self.raw)}
        if self.algorithm == ml_dsa.ML_DSA_44:
            return ml_dsa.public_jwk(self.raw)
        curve = BY_ALGORITHM[self.algorithm]
        x, y = self.raw[: curve.octets], self.raw[curve.octets :]
        return {"kty": "EC", "crv": curve.name, "x": b64url_encode(x), "y": b64url_encode(y)}

    def thumbprint(self) -> str:
        """The JWK thumbprint with SHA-256 as base64url (RFC 7638 section 3).

        A BBS key has no JWK: there it is the SHA-256 of its Multikey text, which is ours alone.
        """
        return _thumbprint(self)


@lru_cache(maxsize=KEPT_THUMBPRINTS)
def _thumbprint(key: PublicKey) -> str:
    if key.algorithm == BBS:
        required = multikey_text(BBS, key.raw).encode()
    else:
        required = dump_json(dict(sorted(key.jwk().items())))
    return b64url_encode(hashlib.sha256(required).digest())


def public_key_from_jwk(jwk: Mapping[str, Json], *, use: str = "sig") -> PublicKey:
    """The public key of ``jwk``, wanted for ``use``.

    Raises:
        KeyMaterialError: ``jwk.private`` for private members, ``jwk.use`` where the key is meant
            for something else, ``jwk.invalid_point``, ``jwk.invalid``, or
            ``jws.key_alg_mismatch`` where no enabled algorithm uses such a key.
    """
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyMaterialError("jwk.private")
    _check_use(jwk, use)
    key = _read_key(jwk)
    if use == "sig" and jwk.get("alg", key.algorithm) != key.algorithm:
        raise KeyMaterialError("jws.key_alg_mismatch", "the JWK names another algorithm")
    return key


def read_public_key(told: PublicKey | Mapping[str, Json]) -> PublicKey:
    """The key of the JWK ``told``, or ``told`` itself where that was read before.

    A key is checked where it comes in; reading it again takes 16 us, of some 220 to 270 for a copy.

    Raises:
        KeyMaterialError: as ``public_key_from_jwk``.
    """
    return told if isinstance(told, PublicKey) else public_key_from_jwk(told)


def public_key_from_certificate(der: bytes) -> PublicKey:
    """The subject's public key of a certificate; the certificate itself is not judged here.

    Raises:
        KeyMaterialError: ``key.certificate`` when it cannot be read, or
            ``jws.key_alg_mismatch`` where no enabled algorithm uses such a key.
    """
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise KeyMaterialError("key.certificate") from error
    return public_key_from_library(key)


def public_key_from_library(key: object) -> PublicKey:
    """The public key for an object of the ``cryptography`` library."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey(EDDSA, key.public_bytes_raw(), key)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in BY_LIBRARY_NAME:
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return PublicKey(BY_LIBRARY_NAME[key.curve.name].algorithm, point[1:], key)
    if isinstance(key, mldsa.MLDSA44PublicKey):
        return PublicKey(ml_dsa.ML_DSA_44, key.public_bytes_raw(), key)
    raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses such a key")


def _check_use(jwk: Mapping[str, Json], use: str) -> None:
    """RFC 7517 sections 4.2 and 4.3: what the key is meant for."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", use) != use or not isinstance(operations, list):
        raise KeyMaterialError("jwk.use")
    if use == "sig" and "verify" not in operations:
        raise KeyMaterialError("jwk.use", "key_ops does not hold verify")


def _ec_key(jwk: Mapping[str, Json]) -> PublicKey:
    name = jwk.get("crv")
    curve = BY_NAME.get(name) if isinstance(name, str) else None
    if curve is None:
        raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses this curve")
    raw = octets(jwk, "x", curve.octets) + octets(jwk, "y", curve.octets)
    try:
        # The library checks that the point is on the curve (SEC 1 section 3.2.2.1).
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, _UNCOMPRESSED + raw)
    except ValueError as error:
        raise KeyMaterialError("jwk.invalid_point") from error
    return PublicKey(curve.algorithm, raw, key)


def _okp_key(jwk: Mapping[str, Json]) -> PublicKey:
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise KeyMaterialError("jws.key_alg_mismatch", "no enabled algorithm uses such a key")
    raw = octets(jwk, "x", ED25519_BYTES)
    return PublicKey(EDDSA, raw, ed25519.Ed25519PublicKey.from_public_bytes(raw))


def _read_key(jwk: Mapping[str, Json]) -> PublicKey:
    match jwk.get("kty"):
        case "EC":
            return _ec_key(jwk)
        case ml_dsa.AKP:
            return _akp_key(jwk)
        case _:
            return _okp_key(jwk)


def _akp_key(jwk: Mapping[str, Json]) -> PublicKey:
    raw = ml_dsa.public_octets(jwk)
    return PublicKey(ml_dsa.ML_DSA_44, raw, ml_dsa.public_key(raw))
