"""Public keys on BLS12-381, for BBS signatures: their octets, nothing more.

The curve's library is loaded only by what signs or checks, so that a program that meets no BBS key
does not pay for it; whether the octets are a point of the right group is checked there too. What
is *not* here: the curve and the secret key (``healthpassport.suites.bbs``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthpassport.errors import KeyMaterialError

BLS_OCTETS: Final = 96  # a compressed point of G2 (draft-irtf-cfrg-bbs-signatures appendix B)


@dataclass(frozen=True, slots=True)
class BlsPublicKey:
    """A public key as the 96 octets of a compressed point of G2.

    Raises:
        KeyMaterialError: ``bbs.key`` for another length.
    """

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != BLS_OCTETS:
            raise KeyMaterialError("bbs.key", "a public key has 96 octets")
