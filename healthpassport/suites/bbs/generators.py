"""The generators: points of G1 that everybody derives alike, kept once they are made.

draft-irtf-cfrg-bbs-signatures section 4.1.1. A point takes a quarter of a millisecond to make, so
they are kept in blocks, each of which goes on where the one before it ended; what is kept is
bounded by ``MAX_MESSAGES``. What is *not* here: keys and messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from healthpassport.errors import CredentialError
from healthpassport.suites.bbs import curve, hashing

# A record of 1,000 entries makes some 6,000 messages. The generators of the most messages take two
# seconds, once in a process, and 3 MB.
MAX_MESSAGES: Final = 8_192
BLOCK_POINTS: Final = 32
KEPT_SETS: Final = (
    16  # ready sets, one for each number of messages that was met; 0.5 MB at the most
)

_SEED_TAG: Final = hashing.API_ID + b"SIG_GENERATOR_SEED_"
_POINT_TAG: Final = hashing.API_ID + b"SIG_GENERATOR_DST_"
_SEED: Final = hashing.API_ID + b"MESSAGE_GENERATOR_SEED"
_BASE_SEED: Final = hashing.API_ID + b"BP_MESSAGE_GENERATOR_SEED"


@dataclass(frozen=True, slots=True)
class Generators:
    """P1, Q1 and a point for each message; ``octets`` are those of Q1 and the messages' points."""

    base: curve.G1
    domain: curve.G1
    messages: tuple[curve.G1, ...]
    octets: bytes

    @property
    def points(self) -> tuple[curve.G1, ...]:
        """All of them in the order in which B is summed (section 3.6.1 step 3)."""
        return (self.base, self.domain, *self.messages)


def check_count(messages: int) -> None:
    """Refuse more messages than one signature may have, before any of them is looked at.

    Raises:
        CredentialError: ``bbs.too_many_messages``.
    """
    if messages > MAX_MESSAGES:
        raise CredentialError("bbs.too_many_messages", f"there are more than {MAX_MESSAGES}")


@lru_cache(maxsize=KEPT_SETS)
def generators(messages: int) -> Generators:
    """The generators for so many ``messages``.

    Raises:
        CredentialError: ``bbs.too_many_messages``.
    """
    check_count(messages)
    count = messages + 1
    blocks = [_block(number) for number in range(-(-count // BLOCK_POINTS))]
    points = [point for block in blocks for point in block.points][:count]
    octets = b"".join(block.octets for block in blocks)[: count * curve.G1_OCTETS]
    return Generators(base_point(), points[0], tuple(points[1:]), octets)


@lru_cache(maxsize=1)
def base_point() -> curve.G1:
    """P1, the ciphersuite's own point (section 7.2)."""
    state = hashing.expand_message(_BASE_SEED, _SEED_TAG, hashing.EXPAND_OCTETS)
    return curve.hash_to_g1(_step(state, 1), _POINT_TAG)


@dataclass(frozen=True, slots=True)
class _Block:
    points: tuple[curve.G1, ...]
    octets: bytes
    state: bytes


@lru_cache(maxsize=MAX_MESSAGES // BLOCK_POINTS + 1)
def _block(number: int) -> _Block:
    # Section 4.1.1 lets v be kept, to go on where the points end. Blocks are asked for in order.
    first = hashing.expand_message(_SEED, _SEED_TAG, hashing.EXPAND_OCTETS)
    state = _block(number - 1).state if number else first
    points = []
    for index in range(number * BLOCK_POINTS + 1, (number + 1) * BLOCK_POINTS + 1):
        state = _step(state, index)
        points.append(curve.hash_to_g1(state, _POINT_TAG))
    return _Block(tuple(points), b"".join(point.to_compressed_bytes() for point in points), state)


def _step(state: bytes, index: int) -> bytes:
    counted = state + index.to_bytes(8, "big")
    return hashing.expand_message(counted, _SEED_TAG, hashing.EXPAND_OCTETS)
