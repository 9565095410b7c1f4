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
from collections.abc import Sequence
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
    _rounds: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.size <= MAX_SIZE or len(self.seed) != SEED_BYTES:
            raise ValueError(self.size)
        bits = max((self.size - 1).bit_length(), 2)
        high, low = bits // 2, bits - bits // 2
        rounds = (
            (
                _table(self.seed, turn, entries=1 << low, bits=high),
                _table(self.seed, turn + 1, entries=1 << high, bits=low),
            )
            for turn in range(0, _ROUNDS, 2)
        )
        object.__setattr__(self, "_bits", (high, low))
        object.__setattr__(self, "_rounds", tuple(rounds))

    def place(self, number: int) -> int:
        """The place of the ``number``-th that is given, both from 0.

        Raises:
            ValueError: where ``number`` is not below the size.
        """
        return self.places(number, number + 1)[0]

    def places(self, start: int, end: int) -> list[int]:
        """The places of the ``start``-th to before the ``end``-th that are given.

        Raises:
            ValueError: where one of them is not below the size.
        """
        if not 0 <= start < end <= self.size:
            raise ValueError(start, end)
        found = self._images(range(start, end))
        while beyond := [turn for turn, one in enumerate(found) if one >= self.size]:
            # Less than twice on average: the network is less than twice the list.
            for turn, one in zip(beyond, self._images([found[n] for n in beyond]), strict=True):
                found[turn] = one
        return found

    def _images(self, numbers: Sequence[int]) -> list[int]:
        low = self._bits[1]
        lefts = [number >> low for number in numbers]
        rights = [number & (1 << low) - 1 for number in numbers]
        for first, second in self._rounds:
            lefts = [left ^ first[right] for left, right in zip(lefts, rights, strict=True)]
            rights = [right ^ second[left] for left, right in zip(lefts, rights, strict=True)]
        return [left << low | right for left, right in zip(lefts, rights, strict=True)]


def _table(seed: bytes, turn: int, *, entries: int, bits: int) -> tuple[int, ...]:
    """``entries`` words of which the lowest ``bits`` are drawn, and the others are zero."""
    stream = hashlib.shake_256(seed + turn.to_bytes(1, "big")).digest(entries * _WORD)
    masks = ((1 << bits) - 1).to_bytes(_WORD, "little") * entries
    kept = int.from_bytes(stream, "little") & int.from_bytes(masks, "little")
    return struct.unpack(f"<{entries}I", kept.to_bytes(entries * _WORD, "little"))
