"""Free places of a status list, drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Connection, Table

from .again import ContentionError
from .locking import add_new

# A list is left when so much of it is given: beyond, a random draw meets too many taken entries.
FULL_AT: Final = 0.8
MAX_DRAWS: Final = 64  # even where 80 % are taken, as many draws never all fail


def take_free(
    connection: Connection,
    entries: Table,
    *,
    values: Mapping[str, object],
    number: int,
    size: int,
    count: int,
    random: Callable[[int], bytes],
) -> tuple[int, ...]:
    """``count`` indices of list ``number`` that were free, now rows of ``entries`` with ``values``.

    The primary key decides between processes that draw the same: one has it, the other draws again.

    Raises:
        ContentionError: where nothing is free any more; the next try opens another list.
    """
    taken: list[int] = []
    for _ in range(MAX_DRAWS):
        drawn = dict.fromkeys(_drawn(size, random) for _ in range(count - len(taken)))
        rows = [{"list": number, "idx": index, **values} for index in drawn]
        taken += [row.idx for row in add_new(connection, entries, rows)]
        if len(taken) == count:
            return tuple(taken)
    raise ContentionError("issuer.unavailable", "others filled the list meanwhile")


def _drawn(size: int, random: Callable[[int], bytes]) -> int:
    # Uniform: 64 random bits over at most 2^22 entries leave no bias that matters.
    return int.from_bytes(random(8), "big") % size
