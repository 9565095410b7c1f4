"""Signatures and proofs as octets, read strictly.

draft-irtf-cfrg-bbs-signatures sections 4.2.4.2 to 4.2.4.5: exact lengths, points that are in the
subgroup and not the identity, scalars from 1 to r - 1. What is *not* here: whether they are right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from healthpassport.errors import CredentialError
from healthpassport.suites.bbs import curve

SIGNATURE_OCTETS: Final = curve.G1_OCTETS + curve.SCALAR_OCTETS
PROOF_OCTETS: Final = 3 * curve.G1_OCTETS + 4 * curve.SCALAR_OCTETS  # with every message disclosed


@dataclass(frozen=True, slots=True)
class Signature:
    """A point and a scalar (section 3.6.1)."""

    a: curve.G1
    e: int

    def octets(self) -> bytes:
        """80 octets (section 4.2.4.2)."""
        return self.a.to_compressed_bytes() + scalar_octets(self.e)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof holds: three points, and the responses to its challenge (section 4.2.4.4)."""

    a_bar: curve.G1
    b_bar: curve.G1
    d: curve.G1
    e: int
    r1: int
    r3: int
    undisclosed: tuple[int, ...]
    challenge: int

    def octets(self) -> bytes:
        """272 octets, and 32 for each message that is not disclosed."""
        points = b"".join(p.to_compressed_bytes() for p in (self.a_bar, self.b_bar, self.d))
        return points + scalars_octets(
            (self.e, self.r1, self.r3, *self.undisclosed, self.challenge)
        )


def signature_from_octets(octets: bytes) -> Signature:
    """The signature that ``octets`` write (section 4.2.4.3).

    Raises:
        CredentialError: ``bbs.octets``.
    """
    if len(octets) != SIGNATURE_OCTETS:  # step 2
        raise CredentialError("bbs.octets", f"a signature has {SIGNATURE_OCTETS} octets")
    point = curve.g1_from_octets(octets[: curve.G1_OCTETS])  # steps 4 to 7
    return Signature(point, _scalar(octets[curve.G1_OCTETS :]))


def undisclosed_count(octets: bytes) -> int:
    """How many messages the proof ``octets`` keeps back, read from its length (section 3.5.4).

    Raises:
        CredentialError: ``bbs.octets`` for a length that no proof has.
    """
    more, rest = divmod(len(octets) - PROOF_OCTETS, curve.SCALAR_OCTETS)
    if more < 0 or rest:  # section 4.2.4.5 steps 2 and 17
        raise CredentialError("bbs.octets", "no proof has this length")
    return more


def proof_from_octets(octets: bytes) -> Proof:
    """The proof that ``octets`` write (section 4.2.4.5).

    Raises:
        CredentialError: ``bbs.octets``.
    """
    undisclosed_count(octets)
    begins = range(0, 3 * curve.G1_OCTETS, curve.G1_OCTETS)
    rest = range(3 * curve.G1_OCTETS, len(octets), curve.SCALAR_OCTETS)
    scalars = [_scalar(octets[at : at + curve.SCALAR_OCTETS]) for at in rest]  # steps 10 to 16
    a_bar, b_bar, d = (
        curve.g1_from_octets(octets[at : at + curve.G1_OCTETS]) for at in begins
    )  # steps 3 to 9
    e, r1, r3, *undisclosed, challenge = scalars
    return Proof(a_bar, b_bar, d, e, r1, r3, tuple(undisclosed), challenge)


def scalar_octets(scalar: int) -> bytes:
    """A scalar as 32 octets (section 4.2.4.1 step 5)."""
    return scalar.to_bytes(curve.SCALAR_OCTETS, "big")


def scalars_octets(scalars: Iterable[int]) -> bytes:
    """Several scalars, one after the other."""
    return b"".join(map(scalar_octets, scalars))


def length_octets(number: int) -> bytes:
    """A count, an index or a length as 8 octets (section 4.2.4.1 step 7)."""
    return number.to_bytes(8, "big")


def _scalar(octets: bytes) -> int:
    number = int.from_bytes(octets, "big")
    if not 0 < number < curve.ORDER:  # section 4.2.4.3 step 11, section 4.2.4.5 step 14
        raise CredentialError("bbs.octets", "a scalar is outside 1 to r - 1")
    return number
