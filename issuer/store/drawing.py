"""Free places of a status list, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Table, select

# A list is left when so much of it is given: beyond, a random draw meets too many taken entries.
FULL_AT: Final = 0.8


def draw_free(
    connection: Connection,
    entries: Table,
    *,
    number: int,
    size: int,
    count: int,
    random: Callable[[int], bytes],
) -> tuple[int, ...]:
    """``count`` different indices of list ``number`` that stand in no row of ``entries``."""
    chosen: list[int] = []
    while len(chosen) < count:
        # Uniform: 64 random bits over at most 2^22 entries leave no bias that matters.
        index = int.from_bytes(random(8), "big") % size
        taken = select(entries.c.idx).where(entries.c.list == number, entries.c.idx == index)
        if index not in chosen and connection.execute(taken).first() is None:
            chosen.append(index)
    return tuple(chosen)
