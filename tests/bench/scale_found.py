"""What is in an issuer's database, and how long its status lists are: for ``scale_simulation``.

Everything is counted in the tables themselves; lists are made by the issuer's own code for
publication. What is *not* here: what should be found (``scale_model``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select, text

from healthpassport.status.entries import WITHDRAWN
from issuer.service.context import IssuerContext
from issuer.service.token_lists import gzipped, published_list
from issuer.store import statuses
from issuer.store.status_tables import status_marks
from issuer.store.tables import issuances, offers, status_entries, status_lists


@dataclass(frozen=True, slots=True)
class Found:
    """What the tables hold; ``given`` and ``ever_withdrawn`` are told by who filled them."""

    given: int
    leased: int
    lists: int  # that are published
    ended: int
    entries: int
    issuances: int
    offers: int
    marked: int  # places of published lists that say something
    outlived: int  # those of them whose entry was forgotten
    silent: int  # places of published lists that were given and say nothing
    withdrawn: int
    ever_withdrawn: int
    bytes: int  # of SQLite, pages that are free left out


@dataclass(frozen=True, slots=True)
class ListFound:
    """One published list: how many of its entries say something, and its bytes."""

    number: int
    marked: int
    cwt: int
    jwt_in_gzip: int


def found(issuer: IssuerContext, *, given: int, ever_withdrawn: int) -> Found:
    """Count what is there."""
    with issuer.store.reading() as tx:
        outlived = _count(tx, status_marks)
        marked = _count(tx, status_entries, status_entries.c.status != 0) + outlived
        withdrawn = _count(tx, status_entries, status_entries.c.status == WITHDRAWN)
        withdrawn += _count(tx, status_marks, status_marks.c.status == WITHDRAWN)
        lists = len(statuses.lists(tx))
        ended = _count(tx, status_lists) - lists
        gone = select(func.sum(status_lists.c.size)).where(status_lists.c.retired_at.is_not(None))
        silent = given - (tx.execute(gone).scalar() or 0) - marked
        return Found(
            given=given,
            leased=tx.execute(select(func.sum(status_lists.c.allocated))).scalar() or 0,
            lists=lists,
            ended=ended,
            entries=_count(tx, status_entries),
            issuances=_count(tx, issuances),
            offers=_count(tx, offers),
            marked=marked,
            outlived=outlived,
            silent=silent,
            withdrawn=withdrawn,
            ever_withdrawn=ever_withdrawn,
            bytes=0 if issuer.store.is_shared else _pages(tx),
        )


def lists_found(issuer: IssuerContext) -> Iterator[ListFound]:
    """Every published list, made as it is published now."""
    with issuer.store.reading() as tx:
        numbers = [state.number for state in statuses.lists(tx)]
    for number in numbers:
        made = published_list(issuer, number)
        with issuer.store.reading() as tx:
            marked = len(statuses.marked(tx, number))
        yield ListFound(number, marked, len(made.cwt or b""), len(gzipped(made.text.encode())))


def _count(tx: Connection, rows: Table, *where: object) -> int:
    return tx.execute(select(func.count()).select_from(rows).where(*where)).scalar() or 0


def _pages(tx: Connection) -> int:
    size, pages, free = (
        tx.execute(text(f"PRAGMA {name}")).scalar() or 0
        for name in ("page_size", "page_count", "freelist_count")
    )
    return size * (pages - free)
