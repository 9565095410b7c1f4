"""Public keys of BBS signatures: points of G2 of BLS12-381, compressed.

What is *not* here: whether the octets are a point (``keys.multikey``), and the signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.errors import KeyMaterialError

BLS_OCTETS: Final = 96  # a compressed point of G2


@dataclass(frozen=True, slots=True)
class BlsPublicKey:
    """A BLS12-381 public key in G2 as its 96 compressed octets."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != BLS_OCTETS:
            raise KeyMaterialError("multikey.invalid_point", "a point of G2 has 96 octets")
