"""Secret keys and public keys.

draft-irtf-cfrg-bbs-signatures sections 3.4 and 4.2.4.6. What is *not* here: how keys are
written for others (``healthpassport.keys.multikey``), and signing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from healthpassport.errors import KeyMaterialError
from healthpassport.suites.bbs import curve, hashing
from healthpassport.suites.bbs.octets import scalar_octets

MIN_KEY_MATERIAL: Final = 32  # octets, section 3.4.1 step 1
MAX_KEY_INFO: Final = 65_535  # octets, step 2
KEPT_KEYS: Final = 64  # issuers' keys that are known to be points of the group; some 400 bytes each

KEYGEN: Final = hashing.CIPHERSUITE + b"KEYGEN_DST_"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """An issuer's secret: a scalar from 1 to r - 1, never shown.

    Raises:
        KeyMaterialError: ``bbs.key`` for a number outside that range.
    """

    scalar: int = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.scalar < curve.ORDER:
            raise KeyMaterialError("bbs.key", "a secret key is a number from 1 to r - 1")

    def octets(self) -> bytes:
        """32 octets, for a vault that encrypts them: never log or show them."""
        return scalar_octets(self.scalar)


def key_gen(key_material: bytes, key_info: bytes = b"", key_dst: bytes = KEYGEN) -> SecretKey:
    """The secret key of ``key_material``, 32 random octets or more (section 3.4.1).

    Raises:
        KeyMaterialError: ``bbs.key_material`` for too little of it, or too long a ``key_info``.
    """
    if len(key_material) < MIN_KEY_MATERIAL or len(key_info) > MAX_KEY_INFO:  # steps 1 and 2
        raise KeyMaterialError("bbs.key_material")
    derived = key_material + len(key_info).to_bytes(2, "big") + key_info  # step 3
    return SecretKey(hashing.hash_to_scalar(derived, key_dst))


def secret_key(octets: bytes) -> SecretKey:
    """The secret key that 32 ``octets`` write.

    Raises:
        KeyMaterialError: ``bbs.key``.
    """
    if len(octets) != curve.SCALAR_OCTETS:
        raise KeyMaterialError("bbs.key", "a secret key has 32 octets")
    return SecretKey(int.from_bytes(octets, "big"))


def public_key(secret: SecretKey) -> bytes:
    """The 96 octets of the public key (section 3.4.2)."""
    return curve.multiply_base_g2(secret.scalar).to_compressed_bytes()


@lru_cache(maxsize=KEPT_KEYS)
def point_of(public: bytes) -> curve.G2:
    """The point that a public key is (section 4.2.4.6, which allows to keep it).

    Raises:
        KeyMaterialError: ``bbs.key`` for anything else than a point of G2 other than the identity.
    """
    if len(public) != curve.G2_OCTETS:
        raise KeyMaterialError("bbs.key", "a public key has 96 octets")
    return curve.g2_from_octets(public)
