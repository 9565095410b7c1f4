"""After a restore from a backup: nothing that was withdrawn stands again, no place is given twice.

The journal of status changes brings everything back by itself, when the database is opened
(``status_journal``). Where it is lost, the lists that were published tell which records are
withdrawn; which places were given since the backup nobody knows then, so that every list is closed
and new ones begin beyond all that may have been opened. What is *not* here: grants, offers and
issuances made since the backup, which are lost (docs/status.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select, update

from healthpassport.errors import ServiceError
from healthpassport.status.bitstring import PURPOSES
from issuer.store import journal, lineage, places, replaying
from issuer.store.anew import begin_anew
from issuer.store.places import TOKEN, Kind, bitstring_kind
from issuer.store.tables import issuances, status_entries

from .context import IssuerContext
from .places import open_lists, sizes
from .published_files import Held, read_bitstring, read_token
from .status_journal import look

RESTORED: Final = "status.restored"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: marks brought in from published lists, and the numbers that were passed."""

    marks: int
    lists: int
    next_number: int


def after_restore(issuer: IssuerContext, published: Path | None) -> Restored:
    """Bring in what the lists in ``published`` say, close every list, and begin new ones.

    Raises:
        ServiceError: ``issuer.folder`` when ``published`` cannot be read; nothing was changed then.
    """
    found = () if published is None else tuple(_published(published))
    marks, now = 0, issuer.now()
    with issuer.store.writing() as tx:
        for kind, number, held in found:
            marks += _bring_in(tx, kind, number, held, now=now)
        lineage.renewed(tx, now=now, always=True)  # processes that run follow
        following = begin_anew(tx, sizes(issuer.settings), now=now)
        open_lists(tx, issuer.settings, now=now, random=issuer.random)
        issuer.audit.write(RESTORED, who=issuer.audit.operator, tx=tx, lists=len(found))
    look(issuer.store)  # what was begun anew counts for this process too
    issuer.places.kinds.clear()
    return Restored(marks, len(found), following)


def _published(folder: Path) -> Iterator[tuple[Kind, int, Held]]:
    try:
        for path in sorted(folder.iterdir()):
            if path.name.isdecimal() and (held := read_token(path.read_bytes())) is not None:
                yield TOKEN, int(path.name), held
        others = folder / "bitstring"
        for path in sorted(others.iterdir()) if others.is_dir() else ():
            if path.name.isdecimal() and (held := read_bitstring(path.read_bytes())) is not None:
                yield bitstring_kind(held.purpose or PURPOSES[0]), int(path.name), held
    except OSError as error:
        raise ServiceError("issuer.folder") from error


def _bring_in(tx: Connection, kind: Kind, number: int, held: Held, *, now: int) -> int:
    lists = kind.lists
    if tx.execute(select(lists.c.number).where(lists.c.number == number)).first() is None:
        places.remember(tx, kind, number=number, size=held.size, now=now)
    found = dict(held.marks())
    for index, status in found.items():
        replaying.mark(tx, kind, number, index, status)
    for status in set(found.values()):
        at = ((number, index) for index in found if found[index] == status)
        journal.note_marks(tx, kind.name, at, status=status)
    replaying.grow(tx, kind, number)
    if kind is TOKEN:
        _tell_issuances(tx, number, found)
    return len(found)


def _tell_issuances(tx: Connection, number: int, found: dict[int, int]) -> None:
    """An issuance whose copies all have one status has it too."""
    mine = select(status_entries.c.issuance).where(
        status_entries.c.list == number, status_entries.c.status != 0
    )
    agreed = (
        select(status_entries.c.issuance, func.min(status_entries.c.status).label("status"))
        .where(status_entries.c.issuance.in_(mine))
        .group_by(status_entries.c.issuance)
        .having(func.min(status_entries.c.status) == func.max(status_entries.c.status))
    )
    for row in tx.execute(agreed).all() if found else ():
        tx.execute(
            update(issuances).where(issuances.c.id == row.issuance).values(status=row.status)
        )
