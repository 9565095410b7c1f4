"""Places of status lists for the copies of a record, from the blocks that this process leased.

Places are taken before the transaction that issues, so that it waits for no other process: a block
of up to ``LARGEST`` is leased in a transaction of its own, small at first, since a command of one
minute would otherwise leave most of it ungiven. What was taken and not used goes back; what a
transaction used and did not keep for certain is given to nobody. What is *not* here: the secret
order (``healthpassport.status.permutation``) and who else leases (``issuer.store.places``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import Connection

from healthpassport.errors import ServiceError
from healthpassport.status.bitstring import PURPOSES
from healthpassport.status.permutation import SecretOrder
from issuer.settings import LDP_VC, Settings
from issuer.store import bitstrings, lineage, statuses
from issuer.store.again import tried_again
from issuer.store.anew import begin_anew
from issuer.store.places import TOKEN, Block, Kind, bitstring_kind, ensure_open, lease

from . import status_journal

if TYPE_CHECKING:
    from .context import IssuerContext

Place: TypeAlias = tuple[int, int]  # number of the list, index in it

_LOG: Final = logging.getLogger(__name__)
MOST_COPIES: Final = 50  # of one record in one go, as the setting batch_size allows
SMALLEST: Final = 32  # places of a first lease
LARGEST: Final = 1_024  # of a later one; each is twice the one before


@dataclass(slots=True)
class _Leased:
    """What is left of the blocks of one kind of list."""

    lock: Lock = field(default_factory=Lock)
    left: list[Place] = field(default_factory=list)
    next_lease: int = SMALLEST
    generation: int = 0  # of the lists that ``left`` was leased from


@dataclass(slots=True)
class Pool:
    """The places that this process has leased and not given, by kind and purpose of list.

    ``generation`` is that of the lists when they were looked at last (``set_back``).
    """

    generation: int = 0
    lock: Lock = field(default_factory=Lock)
    kinds: dict[str, _Leased] = field(default_factory=dict)

    def of(self, kind: Kind) -> _Leased:
        """What is left for ``kind``."""
        with self.lock:
            return self.kinds.setdefault(kind.purpose or kind.name, _Leased())


@dataclass(slots=True)
class Reserved:
    """Places for the copies of one record, a column for each kind of list that it needs.

    ``used`` is how many copies have theirs.
    """

    columns: tuple[tuple[Place, ...], ...]
    used: int = 0

    def give(self, tx: Connection, issuance: str, *, copies: int) -> tuple[tuple[Place, ...], ...]:
        """Enter the first of them for ``copies`` of ``issuance`` in transaction ``tx``.

        Returns these places, a column for each kind of list. It is called once.

        Raises:
            ServiceError: ``issuer.unavailable`` where fewer are reserved.
        """
        if self.used or any(len(column) < copies for column in self.columns):
            raise ServiceError("issuer.unavailable", "too few places of status lists are at hand")
        self.used = copies
        given = tuple(column[:copies] for column in self.columns)
        enter = statuses.give if len(given) == 1 else bitstrings.give
        for column in given:
            enter(tx, issuance=issuance, places=column)
        return given


@contextmanager
def reserving(issuer: IssuerContext, format_: str, *, copies: int) -> Iterator[Reserved]:
    """Places for ``copies`` of a record in ``format_``, for a transaction inside the block.

    Raises:
        ServiceError: ``issuer.unavailable``, ``issuer.journal``.
    """
    kinds = kinds_of(format_)
    reserved = Reserved(tuple(_take(issuer, kind, copies) for kind in kinds))
    try:
        yield reserved
    finally:
        for kind, column in zip(kinds, reserved.columns, strict=True):
            leased = issuer.places.of(kind)
            with leased.lock:
                leased.left.extend(column[reserved.used :])


def kinds_of(format_: str) -> tuple[Kind, ...]:
    """The kinds of list in which a record of ``format_`` has an entry."""
    if format_ == LDP_VC:
        return tuple(bitstring_kind(purpose) for purpose in PURPOSES)
    return (TOKEN,)


def open_lists(
    tx: Connection, settings: Settings, *, now: int, random: Callable[[int], bytes]
) -> None:
    """Open a list of each kind where none takes records."""
    for kind, size in sizes(settings).items():
        ensure_open(tx, kind, list_size=size, now=now, random=random)


def settle(tx: Connection, settings: Settings, *, now: int, random: Callable[[int], bytes]) -> bool:
    """Bring in what the journal knows; begin all lists anew where the database went back.

    Returns whether they were; ``tell_anew`` comes after the commit then.

    Raises:
        ServiceError: ``issuer.journal``.
    """
    status_journal.bring_in_here(tx)
    if not lineage.renewed(tx, now=now):
        return False
    begin_anew(tx, sizes(settings), now=now)
    open_lists(tx, settings, now=now, random=random)
    return True


def tell_anew(issuer: IssuerContext) -> None:
    """Let the operator, the audit trail, and this process know that all lists were begun anew."""
    with issuer.store.reading() as tx:
        lineage.holds(tx)
    _LOG.error("The database is another or an older one: all status lists were begun anew")
    lists = len(sizes(issuer.settings))
    issuer.audit.note("status.skipped", who=issuer.audit.own, lists=lists)


def sizes(settings: Settings) -> dict[Kind, int]:
    """Each kind of list, and how many entries a new one has."""
    return {kind: list_size(settings, kind) for kind in (*kinds_of(""), *kinds_of(LDP_VC))}


def list_size(settings: Settings, kind: Kind) -> int:
    """Entries of a new list of ``kind``, in whole bytes whatever its width."""
    return settings.status_list_size if kind is TOKEN else -(-settings.status_list_size // 8) * 8


def _take(issuer: IssuerContext, kind: Kind, copies: int) -> tuple[Place, ...]:
    leased = issuer.places.of(kind)
    with leased.lock:
        _drop_closed(issuer, leased)
        while len(leased.left) < copies:
            count = max(copies, leased.next_lease)
            block = _block(issuer, kind, count)
            if not _drop_closed(issuer, leased):  # else nobody knows whether its list is closed
                leased.left[:0] = _places(block)
            leased.next_lease = min(leased.next_lease * 2, LARGEST)
        taken = leased.left[-copies:]
        del leased.left[-copies:]
        return tuple(taken)


def _drop_closed(issuer: IssuerContext, leased: _Leased) -> bool:
    """Give places of lists to nobody that were closed since, because the database went back."""
    if leased.generation == issuer.store.generation:
        return False
    leased.left.clear()
    leased.generation = issuer.store.generation
    return True


def _block(issuer: IssuerContext, kind: Kind, count: int) -> Block:
    # By itself: of leases that fail at their commit the first alone leaves a line.
    status_journal.bring_in(issuer.store.apart())
    block, anew = _settled_block(issuer, kind, count)
    if anew:
        tell_anew(issuer)
    return block


@tried_again
def _settled_block(issuer: IssuerContext, kind: Kind, count: int) -> tuple[Block, bool]:
    now, random = issuer.now(), issuer.random
    # Apart: the rest of a block is held in memory, also where the work around is rolled back.
    with issuer.store.apart().writing() as tx:
        anew = settle(tx, issuer.settings, now=now, random=random)
        size = list_size(issuer.settings, kind)
        return lease(tx, kind, count=count, list_size=size, now=now, random=random), anew


def _places(block: Block) -> Sequence[Place]:
    order = SecretOrder(block.seed, block.size)
    return [(block.number, place) for place in order.places(block.start, block.end)]
