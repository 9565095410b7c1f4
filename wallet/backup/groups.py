"""A secret as groups of five characters that a person can type, each with its own check.

Crockford's 32 characters: no I, L, O or U; small letters count as capitals. The fifth character of
a group checks the other four and the group's place, so that a slip is named where it is. What is
*not* here: what the bytes mean, and proof that they are the right ones.
"""

from __future__ import annotations

import re
from typing import Final

from healthpassport.errors import BackupError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP: Final = 5  # characters, the last of which is the check
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)} | {
    "O": 0,
    "I": 1,
    "L": 1,
}
_BITS: Final = 5
_FIELD: Final = 0b100101  # GF(32) by x^5 + x^2 + 1: one slip, or two neighbours turned, shows
_TOP: Final = 0b100000
_BETWEEN: Final = re.compile(r"[\s-]+")
LONGEST: Final = 512  # characters of input


def encode(data: bytes) -> tuple[str, ...]:
    """``data`` as groups; its length must fill whole groups but for fewer than five bits."""
    size = -(-len(data) * 8 // _BITS)
    number = int.from_bytes(data, "big") << (size * _BITS - len(data) * 8)
    values = [number >> _BITS * (size - 1 - place) & (_TOP - 1) for place in range(size)]
    inside = GROUP - 1
    groups = [values[start : start + inside] for start in range(0, size, inside)]
    return tuple(
        "".join(ALPHABET[value] for value in (*group, _check(group, place)))
        for place, group in enumerate(groups, start=1)
    )


def decode(text: str, *, size: int) -> bytes:
    """The ``size`` bytes of what a person typed.

    Raises:
        BackupError: ``backup.code_typed`` naming the group, or saying that there are too few.
    """
    typed = _BETWEEN.sub("", text[:LONGEST].upper())
    wanted = -(-size * 8 // _BITS)
    groups = [typed[start : start + GROUP] for start in range(0, len(typed), GROUP)]
    number = 0
    for place, group in enumerate(groups, start=1):
        values = [_VALUES.get(character, _TOP) for character in group]
        short = len(group) != GROUP
        if short or _TOP in values or _check(values[:-1], place) != values[-1]:
            raise BackupError("backup.code_typed", f"look at group {place}: {group}")
        for value in values[:-1]:
            number = number << _BITS | value
    if len(groups) * (GROUP - 1) != wanted:
        needed = wanted // (GROUP - 1)
        raise BackupError("backup.code_typed", f"{len(groups)} groups instead of {needed}")
    spare = wanted * _BITS - size * 8
    if number & ((1 << spare) - 1):
        raise BackupError("backup.code_typed", f"look at group {len(groups)}: {groups[-1]}")
    return (number >> spare).to_bytes(size, "big")


def _check(values: list[int], place: int) -> int:
    """The check of a group: its place and values as digits of a number in GF(32)."""
    check = place % _TOP
    for value in values:
        check = (check ^ value) << 1
        check ^= _FIELD if check & _TOP else 0
    return check
