"""A secret order of the places of a status list: places at random, and none of them twice.

A keyed permutation: the n-th place given is the image of n. Whoever does not know the seed cannot
tell the places of one patient's copies from places drawn at random, nothing needs to be looked up
to know whether a place is taken, and the last place of a list is found as fast as the first. It is
a Feistel network (NIST SP 800-38G is built so) whose round functions are tables drawn from the
seed with SHAKE256 (FIPS 202); images outside the list are permuted again. What is *not* here: who
counts, and where the seed is kept.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

SEED_BYTES: Final = 32
MAX_SIZE: Final = 1 << 30  # places; a table of a round then has 2^15 words
_ROUNDS: Final = 12  # SP 800-38G section 5.1 has ten for FF1
_WORD: Final = 4  # bytes of a word in a table


@dataclass(frozen=True, slots=True)
class SecretOrder:
    """The order of ``size`` places that ``seed`` decides.

    Raises:
        ValueError: where there is no such order: no place, too many, a seed of another length.
    """

    seed: bytes = field(repr=False)
    size: int
    _bits: tuple[int, int] = field(init=False, repr=False)
    _tables: tuple[tuple[int, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.size <= MAX_SIZE or len(self.seed) != SEED_BYTES:
            raise ValueError(self.size)
        bits = max((self.size - 1).bit_length(), 2)
        high, low = bits // 2, bits - bits // 2
        tables = (
            _table(self.seed, turn, entries=1 << (high if turn % 2 else low))
            for turn in range(_ROUNDS)
        )
        object.__setattr__(self, "_bits", (high, low))
        object.__setattr__(self, "_tables", tuple(tables))

    def place(self, number: int) -> int:
        """The place of the ``number``-th that is given, both from 0.

        Raises:
            ValueError: where ``number`` is not below the size.
        """
        if not 0 <= number < self.size:
            raise ValueError(number)
        high, low = self._bits
        upper, lower = (1 << high) - 1, (1 << low) - 1
        found = number
        while True:  # less than two turns on average: the network is less than twice the list
            left, right = found >> low, found & lower
            for turn in range(0, _ROUNDS, 2):
                left ^= self._tables[turn][right] & upper
                right ^= self._tables[turn + 1][left] & lower
            found = left << low | right
            if found < self.size:
                return found


def _table(seed: bytes, turn: int, *, entries: int) -> tuple[int, ...]:
    stream = hashlib.shake_256(seed + turn.to_bytes(1, "big")).digest(entries * _WORD)
    return struct.unpack(f"<{entries}I", stream)
