"""BLS12-381 as BBS needs it: the one file that knows the library of the curve.

Rules: every point that comes from outside is on the curve, in the subgroup of prime order, not the
identity, and written in the one canonical way; a scalar is an ``int`` from 0 to r - 1; what the
library raises becomes ours. It is not constant-time (docs/adr/0024). What is *not* here: what is
signed and proved with the points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from healthpassport.errors import CredentialError, KeyMaterialError

G1: TypeAlias = G1Point
G2: TypeAlias = G2Point

# draft-irtf-cfrg-bbs-signatures section 7.2 and appendix B: r, and the octets of what is written.
ORDER: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
G1_OCTETS: Final = 48
G2_OCTETS: Final = 96
SCALAR_OCTETS: Final = 32

BASE_G2: Final = G2Point()
NEGATIVE_BASE_G2: Final = -BASE_G2
_IDENTITY_G1: Final = G1Point.identity()
_IDENTITY_G2: Final = G2Point.identity()


def g1_from_octets(octets: bytes) -> G1:
    """The point of G1 that 48 ``octets`` write (appendix B, "Point De-serialization").

    Raises:
        CredentialError: ``bbs.octets`` where they write no point, one outside the subgroup, or
            the identity.
    """
    try:
        point = G1Point.from_compressed_bytes(octets)  # checks the curve and the subgroup
    except ValueError as error:
        raise CredentialError("bbs.octets", "this is no point of the group G1") from error
    if point == _IDENTITY_G1 or point.to_compressed_bytes() != octets:
        raise CredentialError("bbs.octets", "the identity is not accepted as a point")
    return point


def g2_from_octets(octets: bytes) -> G2:
    """The point of G2 that 96 ``octets`` write: a public key (section 4.2.4.6).

    Raises:
        KeyMaterialError: ``bbs.key`` where they write no point, one outside the subgroup, or
            the identity.
    """
    try:
        point = G2Point.from_compressed_bytes(octets)  # checks the curve and the subgroup
    except ValueError as error:
        raise KeyMaterialError("bbs.key", "this is no point of the group G2") from error
    if point == _IDENTITY_G2 or point.to_compressed_bytes() != octets:
        raise KeyMaterialError("bbs.key", "the identity is not accepted as a key")
    return point


def is_identity(point: G1) -> bool:
    """Whether ``point`` is the identity of G1."""
    return point == _IDENTITY_G1


def hash_to_g1(message: bytes, separation: bytes) -> G1:
    """A point of G1 for ``message`` (RFC 9380 section 8.8.1, BLS12381G1_XMD:SHA-256_SSWU_RO_)."""
    return G1Point.hash_to_curve(message, separation)


def multiply(point: G1, scalar: int) -> G1:
    """``point`` times ``scalar``."""
    return point * _scalar(scalar)


def multiply_base_g2(scalar: int) -> G2:
    """The base point of G2 times ``scalar``."""
    return BASE_G2 * _scalar(scalar)


def sum_of_products(points: Sequence[G1], scalars: Sequence[int]) -> G1:
    """The sum of each point times its scalar, far faster than one by one.

    Raises:
        ValueError: there are not as many scalars as points (the library would drop the rest).
    """
    if len(points) != len(scalars):
        raise ValueError("as many scalars as points are needed")
    return G1Point.multiexp_unchecked(list(points), [_scalar(scalar) for scalar in scalars])


def pairings_cancel(first: tuple[G1, G2], second: tuple[G1, G2]) -> bool:
    """Whether the product of the two pairings is the identity of GT, with one exponentiation."""
    return GT.pairing_check([first[0], second[0]], [first[1], second[1]])


def _scalar(number: int) -> Scalar:
    # Through little-endian octets: the library takes five times as long for a Python integer.
    return Scalar.from_le_bytes(number.to_bytes(SCALAR_OCTETS, "little"))
