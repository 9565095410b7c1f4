"""From plain claims to a payload with digests, and its disclosures (RFC 9901 section 4.2).

Salts have 144 bits (section 9.3), ``_sd`` is sorted so that it says nothing of the claims' order
(section 4.2.4.1), and decoys fill ``_sd`` and arrays up to a multiple, so that their length says
little of what a record holds (section 4.2.5). What is *not* here: signing, and which claims are
disclosable: the caller gives their paths.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from healthpassport.encoding import Json, b64url_encode
from healthpassport.errors import CredentialError
from healthpassport.formats.sd_jwt.disclosure import (
    ELLIPSIS,
    RESERVED,
    SD,
    hashes,
    write_disclosure,
    written,
)

ClaimPath: TypeAlias = "tuple[str | int | None, ...]"
Randomness: TypeAlias = "Callable[[int], bytes]"

SALT_BYTES: Final = 18  # section 9.3 asks for 128 bits; 144 are 24 characters without a remainder
SALT_CHARACTERS: Final = 24
KEPT_FRAMES: Final = 64  # record types, some kB each
DECOY_BYTES: Final = 32  # as long as a SHA-256 digest
POOL_SALTS: Final = 16  # salts drawn at a time: one system call for each would cost more than all


@dataclass(frozen=True, slots=True)
class Decoys:
    """Up to which multiple decoys fill each ``_sd`` and each array with disclosable elements.

    1 adds none. With ``members=4`` an object with no, one or four disclosed claims shows 4 digests.
    """

    members: int = 1
    elements: int = 1


NO_DECOYS: Final = Decoys()


@dataclass(slots=True)
class Frame:
    """Which claims become disclosures, as a tree: one node for each component of the paths.

    ``hides`` says that something directly below is disclosable.
    """

    disclosable: bool = False
    hides: bool = False
    below: dict[str | int | None, Frame] = field(default_factory=dict)

    @staticmethod
    @lru_cache(maxsize=KEPT_FRAMES)
    def of(paths: tuple[ClaimPath, ...]) -> Frame:
        """The tree of ``paths``; ``None`` stands for every element of an array.

        A record type always has the same paths, so that its tree is kept; nobody changes it.
        """
        root = Frame()
        for path in paths:
            node = parent = root
            for component in path:
                parent = node
                node = node.below.setdefault(component, Frame())
            node.disclosable = parent.hides = True
        return root


def pack(
    claims: Mapping[str, Json],
    frame: Frame,
    *,
    salts: Randomness,
    decoys: Decoys = NO_DECOYS,
) -> tuple[dict[str, Json], list[str]]:
    """The payload to sign, without ``_sd_alg``, and the disclosures, outer before inner.

    Args:
        claims: everything in plain form.
        frame: which of it becomes a disclosure.
        salts: a source of cryptographic randomness.
        decoys: how many decoy digests to add.

    Raises:
        CredentialError: ``sdjwt.claim_name_reserved`` when a claim has a reserved name.
    """
    packing = _Packing(salts, decoys)
    payload = packing.object(claims, frame)
    return payload, packing.disclosures[::-1]


class _Packing:
    """One pass from the inside out; the disclosures come inner before outer."""

    __slots__ = ("_decoys", "_pool", "_random", "disclosures")

    def __init__(self, salts: Randomness, decoys: Decoys) -> None:
        self._random = salts
        self._decoys = decoys
        self._pool: list[str] = []
        self.disclosures: list[str] = []

    def object(self, node: Mapping[str, Json], frame: Frame) -> dict[str, Json]:
        """``node`` with its disclosable members as digests."""
        if not RESERVED.isdisjoint(node):
            raise CredentialError("sdjwt.claim_name_reserved")
        frames = frame.below
        if not frames and type(node) is dict and _SCALARS.issuperset(map(type, node.values())):
            return node
        found: dict[str, Json] = {}
        hidden: list[str] = []
        for name, value in node.items():
            below = frames.get(name, _PLAIN)
            packed = value if type(value) in _SCALARS else self.value(value, below)
            if below.disclosable:
                hidden.append(write_disclosure(self._salt(), name, packed))
            else:
                found[name] = packed
        if frame.hides:
            self.disclosures += hidden
            hashed = [*hashes(hidden), *self._padding(len(hidden), self._decoys.members)]
            if hashed:
                found[SD] = sorted(written(hashed))
        return found

    def array(self, node: Iterable[Json], frame: Frame) -> list[Json]:
        """``node`` with its disclosable elements as digests, decoys after them."""
        found: list[Json] = []
        hidden: list[str] = []
        places: list[int] = []
        every = frame.below.get(None, _PLAIN)
        for index, value in enumerate(node):
            below = frame.below.get(index, every)
            packed = value if type(value) in _SCALARS else self.value(value, below)
            if below.disclosable:
                places.append(len(found))
                hidden.append(write_disclosure(self._salt(), None, packed))
            found.append(packed)
        if hidden:
            self.disclosures += hidden
            hashed = [*hashes(hidden), *self._padding(len(hidden), self._decoys.elements)]
            embedded: list[Json] = [{ELLIPSIS: digest} for digest in written(hashed)]
            for place, element in zip(places, embedded, strict=False):
                found[place] = element
            # At the end (section 4.2.5 lets them stand anywhere): other wallets number elements by
            # their place in the signed array but choose them from the array without decoys, so a
            # decoy in between makes them show the wrong ones. It tells no more than itemCount.
            found += embedded[len(places) :]
        return found

    def value(self, value: Json, frame: Frame) -> Json:
        """``value`` with everything below it packed; also what no path names is searched."""
        # Parsed JSON has these two; asking whether something is a mapping takes longer.
        if type(value) is dict:
            return self.object(value, frame)
        if type(value) is list:
            return self.array(value, frame)
        if isinstance(value, Mapping):
            return self.object(value, frame)
        if isinstance(value, list | tuple):
            return self.array(value, frame)
        return value

    def _salt(self) -> str:
        if not self._pool:
            block = b64url_encode(self._random(SALT_BYTES * POOL_SALTS))
            self._pool = [
                block[start : start + SALT_CHARACTERS]
                for start in range(0, len(block), SALT_CHARACTERS)
            ]
        return self._pool.pop()

    def _padding(self, count: int, multiple: int) -> list[bytes]:
        """Section 4.2.5: a decoy is a digest over a random number."""
        wanted = -count % multiple if count else multiple * (multiple > 1)
        if not wanted:
            return []
        drawn = self._random(DECOY_BYTES * wanted)
        return [
            hashlib.sha256(drawn[start : start + DECOY_BYTES]).digest()
            for start in range(0, len(drawn), DECOY_BYTES)
        ]


_PLAIN: Final = Frame()
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
