"""When status lists end, what is forgotten of them, and whether they hide whom they should.

An entry is forgotten with the record that it is of, a margin after that expired (``keeping``); its
mark stays, so that no list ever takes a withdrawal back. A full list ends when its last record has
expired and the margin is over: from then on its address answers that it is gone. Where few records
stand in a list, who watches it can guess whose record was withdrawn: that is said, and it cannot be
mended but by issuing more. What is *not* here: offers and reports (``offers.sweep``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from healthpassport.status.bitstring import PURPOSES
from healthpassport.summary import issued_types
from issuer.store import Store, bitstrings, statuses
from issuer.store.places import TOKEN, Kind, bitstring_kind
from issuer.store.status_tables import status_marks
from issuer.store.tables import issuances
from schemas.cards import CARD

from .bitstrings import bitstring_uri
from .context import IssuerContext
from .keeping import forget_expired
from .token_lists import list_uri

SMALL_HERD: Final = 1_000  # records that stand in one list; fewer single people out
_DAY: Final = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class ListReport:
    """How one list stands: its places, those given, and what its records are now."""

    uri: str
    purpose: str
    size: int
    given: int
    standing: int
    marked: int
    closed: bool

    @property
    def is_small(self) -> bool:
        """Whether so few records stand in it that one change can point at a person."""
        return 0 < self.standing < SMALL_HERD


def list_reports(issuer: IssuerContext) -> tuple[ListReport, ...]:
    """How each published list stands."""
    with issuer.store.reading() as tx:
        found = [
            _report(tx, TOKEN, s, uri=list_uri(issuer, s.number), now=issuer.now())
            for s in statuses.lists(tx)
        ]
        for state in bitstrings.lists(tx):
            kind, uri = bitstring_kind(state.purpose), bitstring_uri(issuer, state.number)
            found.append(_report(tx, kind, state, uri=uri, now=issuer.now()))
    return tuple(found)


def small_lists(store: Store, *, now: int) -> tuple[tuple[int, int], ...]:
    """Token status lists in which few records stand, each with how many; empty ones are none.

    It looks at no more of a list than it must, since whoever watches the service asks often.
    """
    with store.reading() as tx:
        counted = [(s.number, _standing(tx, s.number, now=now)) for s in statuses.lists(tx)]
    return tuple((number, standing) for number, standing in counted if 0 < standing < SMALL_HERD)


def _standing(tx: Connection, number: int, *, now: int) -> int:
    """How many records stand in list ``number``, counted up to ``SMALL_HERD``."""
    entries = TOKEN.entries
    some = (
        select(entries.c.idx)
        .join(issuances, issuances.c.id == entries.c.issuance)
        .where(entries.c.list == number, issuances.c.expires_at > now)
        .limit(SMALL_HERD)
        .subquery()
    )
    return tx.execute(select(func.count()).select_from(some)).scalar_one()


def retire(issuer: IssuerContext) -> tuple[str, ...]:
    """Forget entries of expired records and end full lists without any; the lists that ended."""
    settings, margin = issuer.settings, issuer.settings.status_retire_days
    before = issuer.now() - margin * _DAY
    longest = max(*map(settings.validity, (*issued_types(), CARD)), margin)
    ended = []
    forget_expired(issuer)
    for kind in (TOKEN, bitstring_kind(PURPOSES[0]), bitstring_kind(PURPOSES[1])):
        uri = list_uri if kind is TOKEN else bitstring_uri
        with issuer.store.writing() as tx:
            numbers = _end(tx, kind, closed_before=before - longest * _DAY, now=issuer.now())
            ended += [uri(issuer, number) for number in numbers]
    return tuple(ended)


def _report(
    tx: Connection,
    kind: Kind,
    state: statuses.ListState | bitstrings.BitstringState,
    *,
    uri: str,
    now: int,
) -> ListReport:
    entries = kind.entries
    mine = entries.c.list == state.number
    alive = entries.join(issuances, issuances.c.id == entries.c.issuance)
    query = select(func.count()).select_from(alive).where(mine, issuances.c.expires_at > now)
    counted = select(func.count()).select_from(entries).where(mine)
    module = statuses if kind is TOKEN else bitstrings
    return ListReport(
        uri=uri,
        purpose=kind.purpose or "",
        size=state.size,
        given=tx.execute(counted).scalar() or 0,
        standing=tx.execute(query).scalar() or 0,
        marked=len(module.marked(tx, state.number)),
        closed=state.closed_at is not None,
    )


def _end(tx: Connection, kind: Kind, *, closed_before: int, now: int) -> tuple[int, ...]:
    """End lists without an entry that were closed so long ago, and forget their marks.

    Both are asked: after a restore a list may have records that this database does not know.
    """
    entries, lists = kind.entries, kind.lists
    has_entry = select(entries.c.idx).where(entries.c.list == lists.c.number).exists()
    over = (
        update(lists)
        .where(kind.mine, lists.c.closed_at < closed_before)
        .where(lists.c.retired_at.is_(None), ~has_entry)
        .values(retired_at=now, seed=None)
        .returning(lists.c.number)
    )
    numbers = tuple(tx.execute(over).scalars())
    mine = (status_marks.c.kind == kind.name) & status_marks.c.list.in_(numbers)
    tx.execute(delete(status_marks).where(mine))
    return numbers
