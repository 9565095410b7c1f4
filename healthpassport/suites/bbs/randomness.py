"""Random scalars from a source that is handed in.

draft-irtf-cfrg-bbs-signatures section 4.2.1. A source that repeats itself gives away what a proof
keeps back (section 6.7), so such a one is refused where it shows. What is *not* here: the source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from healthpassport.errors import CredentialError
from healthpassport.suites.bbs.curve import ORDER
from healthpassport.suites.bbs.hashing import EXPAND_OCTETS

Randomness: TypeAlias = Callable[[int], bytes]


def random_scalars(count: int, randomness: Randomness) -> list[int]:
    """``count`` scalars, each from 48 octets of ``randomness``.

    Raises:
        CredentialError: ``bbs.randomness`` where the source gives too few octets, a zero, or the
            same scalar twice: each has a chance of less than 2^-230 from an honest one.
    """
    drawn = [randomness(EXPAND_OCTETS) for _ in range(count)]
    if any(len(octets) != EXPAND_OCTETS for octets in drawn):
        raise CredentialError("bbs.randomness", "the source gave too few octets or too many")
    scalars = [int.from_bytes(octets, "big") % ORDER for octets in drawn]
    if 0 in scalars or len(set(scalars)) != count:
        raise CredentialError("bbs.randomness", "the source repeats itself")
    return scalars
