"""The elliptic curves whose keys this project reads, by their JOSE names.

RFC 7518 section 6.2.1.1 (P-256, P-384) and RFC 8037 section 2 (Ed25519). What is *not* here: which
signature algorithms are accepted (``healthpassport.suites``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ED25519_BYTES: Final = 32  # RFC 8032 section 5.1.5


@dataclass(frozen=True, slots=True)
class EcCurve:
    """A curve for ECDSA: JOSE name, algorithm, octets of one coordinate, hash (RFC 7518, 3.4)."""

    name: str
    algorithm: str
    octets: int
    curve: ec.EllipticCurve
    signature: ec.ECDSA


P256: Final = EcCurve("P-256", "ES256", 32, ec.SECP256R1(), ec.ECDSA(hashes.SHA256()))
P384: Final = EcCurve("P-384", "ES384", 48, ec.SECP384R1(), ec.ECDSA(hashes.SHA384()))

BY_NAME: Final[Mapping[str, EcCurve]] = MappingProxyType({c.name: c for c in (P256, P384)})
BY_ALGORITHM: Final[Mapping[str, EcCurve]] = MappingProxyType(
    {c.algorithm: c for c in (P256, P384)}
)
BY_LIBRARY_NAME: Final[Mapping[str, EcCurve]] = MappingProxyType(
    {c.curve.name: c for c in (P256, P384)}
)
