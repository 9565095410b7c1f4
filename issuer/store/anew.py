"""Beginning every status list anew, far beyond all that may have been opened and was forgotten.

What is *not* here: when that is needed (``lineage``, ``issuer.service.restoring``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, func, select

from . import places
from .places import Kind

GAP: Final = 1_000  # numbers of lists that may have been opened and not published


def begin_anew(connection: Connection, sizes: Mapping[Kind, int], *, now: int) -> int:
    """Close every open list; the next token list is number ``GAP`` + 1 beyond the last.

    Args:
        connection: a transaction that writes.
        sizes: each kind of list, and how many entries a new one has.
        now: seconds since 1970.

    Returns:
        the number of the next token list.
    """
    for kind in sizes:
        places.close_all(connection, kind, now=now)
    # Bitstring lists of both purposes are numbered together: one of them speaks for both.
    numbered = {kind.lists.name: (kind, size) for kind, size in sizes.items()}
    for kind, size in numbered.values():
        end = _last(connection, kind) + GAP
        places.skip_numbers(connection, kind, up_to=end, size=size, now=now)
    return _last(connection, places.TOKEN) + 1


def _last(connection: Connection, kind: Kind) -> int:
    return connection.execute(select(func.max(kind.lists.c.number))).scalar() or 0
