"""A database brought up to what its journal of status changes says.

Rules: a withdrawal is never undone, whatever comes after it, nor is what was replaced but by a
withdrawal: another machine's journal may say what was true before. A place that was leased is never
given again; a mark whose entry this database does not know is kept without one. Doing it twice is
doing it once. What is *not* here: writing the journal (``journal``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from healthpassport.encoding import JsonObject
from healthpassport.status.bitstring import PURPOSES
from healthpassport.status.entries import REPLACED, WITHDRAWN

from . import ended_codes, forgetting, journal, lineage, offers, places
from .places import Kind
from .prepared import Prepared
from .status_tables import status_marks
from .tables import bitstring_entries, bitstring_lists, issuances, status_entries, status_lists

REVOCATION: Final = PURPOSES[0]
_GROW: Final[Mapping[str, Prepared]] = {
    lists.name: Prepared(
        update(lists)
        .where(lists.c.number == bindparam("this", type_=lists.c.number.type))
        .values(version=lists.c.version + 1)
    )
    for lists in (status_lists, bitstring_lists)
}


def catch_up(connection: Connection) -> int:
    """Bring in what the journal knows and the database does not; returns how many changes.

    Raises:
        ServiceError: ``issuer.journal`` when the file cannot be read.
    """
    found = journal.held(connection)
    if found is None:
        return 0
    kept, known = found
    end = kept.size()
    if known >= end:
        return 0
    done = 0
    for notes in kept.since(known):
        for note in notes:
            _apply(connection, note)
            done += 1
    journal.move(connection, kept, end)
    return done


def stays(status: int) -> tuple[int, ...]:
    """The statuses of which a later ``status`` makes nothing else."""
    return (WITHDRAWN,) if status == WITHDRAWN else (WITHDRAWN, REPLACED)


def mark(connection: Connection, kind: Kind, number: int, index: int, status: int) -> None:
    """Let entry ``index`` of list ``number`` have ``status``, if it was not withdrawn for good."""
    if kind.name == "token":
        here = (status_entries.c.list == number) & (status_entries.c.idx == index)
        left = update(status_entries).where(here, status_entries.c.status.not_in(stays(status)))
        entries, values = status_entries, left.values(status=status)
    else:
        here = (bitstring_entries.c.list == number) & (bitstring_entries.c.idx == index)
        entries = bitstring_entries
        values = update(entries).where(here).values(marked=bool(status))
    if connection.execute(select(entries.c.idx).where(here)).first() is None:
        _without_entry(connection, kind, number, index, status)
    else:
        connection.execute(values)


def grow(connection: Connection, kind: Kind, number: int) -> None:
    """List ``number`` is a new version."""
    _GROW[kind.lists.name].run(connection, {"this": number})


def _apply(connection: Connection, note: JsonObject) -> None:
    match note:
        case {
            "lease": str(name),
            "list": int(number),
            "size": int(size),
            "end": int(end),
            "at": int(now),
        }:
            lineage.heed(connection, note)
            purpose = note.get("for")
            kind = _kind(name, purpose if isinstance(purpose, str) else None)
            if not _is_known(connection, kind, number):
                places.remember(connection, kind, number=number, size=size, now=now)
            places.raise_lease(connection, kind, number=number, end=end, now=now)
        case {"mark": str(name), "list": int(number), "at": list(indexes), "status": int(status)}:
            kind = _kind(name, _purpose(connection, number) if name != "token" else None)
            if kind.purpose != REVOCATION or status:
                for index in indexes:
                    if isinstance(index, int):
                        mark(connection, kind, number, index, status)
                grow(connection, kind, number)
        case {"issuance": str(issuance), "status": int(status)}:
            mine = (issuances.c.id == issuance) & issuances.c.status.not_in(stays(status))
            connection.execute(update(issuances).where(mine).values(status=status))
        case {"offer": str(offer), "state": str(state)} if state in ended_codes.SPENT:
            offers.close_again(connection, offer, state)
        case {"forget": list(wanted)}:
            everything = forgetting.held(
                connection, [one for one in wanted if isinstance(one, str)]
            )
            forgetting.drop(connection, everything)
        case _:  # of a newer version of this program
            pass


def _kind(name: str, purpose: str | None) -> Kind:
    return places.TOKEN if name == "token" else places.bitstring_kind(purpose or REVOCATION)


def _purpose(connection: Connection, number: int) -> str | None:
    query = select(bitstring_lists.c.purpose).where(bitstring_lists.c.number == number)
    return connection.execute(query).scalar()


def _is_known(connection: Connection, kind: Kind, number: int) -> bool:
    lists = kind.lists
    return (
        connection.execute(select(lists.c.number).where(lists.c.number == number)).first()
        is not None
    )


def _without_entry(
    connection: Connection, kind: Kind, number: int, index: int, status: int
) -> None:
    here = (
        (status_marks.c.kind == kind.name)
        & (status_marks.c.list == number)
        & (status_marks.c.idx == index)
    )
    known = connection.execute(select(status_marks.c.status).where(here)).scalar()
    if known is None:
        row = {"kind": kind.name, "list": number, "idx": index, "status": status}
        connection.execute(insert(status_marks).values(row))
    elif kind.name != "token" or known not in stays(status):
        connection.execute(update(status_marks).where(here).values(status=status))
