"""A journal of status changes made shorter: what many lines came to, and nothing lost.

Of each place the last mark is kept, of each list how far it is leased, of each issuance the last
status; of lists that ended no mark is kept, of issuances that are forgotten and of offers that have
expired nothing. Rules: the new
file is whole, synced and under another name before it takes the old one's place, and has what was
written meanwhile; whoever is killed at any moment leaves the old file or the new one, and from
either any backup is brought up to date (docs/adr/0070). The bulk of it is read and written while
others go on writing; they wait for the rest alone. What is *not* here: when (``issuer.service``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy import Connection, Table, delete, select

from healthpassport.encoding import Json, JsonObject
from healthpassport.status.bitstring import PURPOSES
from healthpassport.status.entries import VALID

from . import bitstrings, ended_codes, journal, statuses
from .engine import Store
from .journal import Journal, line_of, told_in_words
from .replaying import catch_up, stays
from .status_tables import status_journals
from .tables import bitstring_lists, issuances, status_lists

AT_A_TIME: Final = 20_000  # places of one line; a line may have 1 MiB
_ASKED_AT_ONCE: Final = 500  # issuances of one query
_STAMP: Final = ("generation", "written")
_SUFFIX: Final = ".shorter"


@dataclass(frozen=True, slots=True)
class Shortened:
    """Bytes of the file before and after."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A shorter journal: its name, when it is made (seconds since 1970), the least to shorten."""

    name: str
    now: int
    least: int


@dataclass(slots=True)
class Folded:
    """What the lines of a journal came to."""

    revocation: Collection[int]  # numbers of bitstring lists in which a mark is for good
    leases: dict[tuple[str, int], dict[str, Json]] = field(default_factory=dict)
    marks: dict[tuple[str, int], dict[int, int]] = field(default_factory=dict)
    issuances: dict[str, int] = field(default_factory=dict)
    others: list[JsonObject] = field(default_factory=list)

    def add(self, note: JsonObject) -> None:
        """Let one more note count, with the rules of ``replaying``."""
        match note:
            case {"lease": str(kind), "list": int(number), "end": int(end), "at": int(at)}:
                known = self.leases.setdefault((kind, number), dict(note))
                known["end"] = max(end, _int(known["end"]))
                known["at"] = max(at, _int(known["at"]))
                if _came_to(note) > _came_to(known):  # how far the database had come (``lineage``)
                    known |= {name: note[name] for name in _STAMP if name in note}
            case {"mark": str(kind), "list": int(number), "at": list(at), "status": int(status)}:
                here = self.marks.setdefault((kind, number), {})
                for index in at:
                    if isinstance(index, int) and self._counts(
                        kind, number, here.get(index), status
                    ):
                        here[index] = status
            case {"issuance": str(issuance), "status": int(status)}:
                if self.issuances.get(issuance) not in stays(status):
                    self.issuances[issuance] = status
            case _:  # of a newer version of this program, or about what is forgotten
                self.others.append(note)

    def _counts(self, kind: str, number: int, before: int | None, status: int) -> bool:
        """Whether a later mark counts: what was withdrawn stays so."""
        if kind == "token":
            return before not in stays(status)
        return number not in self.revocation or bool(status)

    def notes(self) -> Iterator[JsonObject]:
        """As few notes as say the same; a list is leased before it is marked."""
        yield from self.leases.values()
        for (kind, number), here in self.marks.items():
            for status in sorted(set(here.values())):
                at: list[Json] = [index for index, said in here.items() if said == status]
                for start in range(0, len(at), AT_A_TIME):
                    part = at[start : start + AT_A_TIME]
                    yield {"mark": kind, "list": number, "at": part, "status": status}
        for issuance, status in self.issuances.items():
            yield {"issuance": issuance, "status": status}
        yield from self.others


def shorten(store: Store, *, name: str, now: int, least: int = 0) -> Shortened | None:
    """Make the journal of ``store`` shorter; None where that is not worth it, or others do it.

    Args:
        store: whose transactions keep a journal.
        name: what the new file is called, as for ``journal.attach``.
        now: seconds since 1970.
        least: bytes below which a file is left as it is; a larger one at least halves.

    Raises:
        ServiceError: ``issuer.journal``, ``issuer.unavailable``; nothing is lost then.
    """
    with store.writing() as tx:
        catch_up(tx)
        kept = journal.of(tx)
    if kept is None or kept.size() < least:
        return None
    with told_in_words():
        try:
            with _alone(kept.path) as (path, file):
                return _made_shorter(store, kept.as_it_is(), path, file, Wanted(name, now, least))
        except BlockingIOError:
            return None


def _made_shorter(
    store: Store, before: Journal, path: Path, file: BinaryIO, wanted: Wanted
) -> Shortened | None:
    read_to = _fold_into(store, before, file, wanted)
    if wanted.least and file.tell() * 2 > read_to:
        path.unlink()
        return None
    after = Journal(before.path, wanted.name)
    with store.writing() as tx:
        catch_up(tx)
        read_to = _add_rest(before, file, read_to)
        journal.position(tx, after)
        journal.move(tx, after, file.tell())
    # Known so far: else who is killed between the file and the row would have all of it read again,
    # over what other machines have changed since.
    with store.writing() as tx:
        catch_up(tx)  # from here on nobody else writes to it
        _add_rest(before, file, read_to)
        return _take_its_place(tx, before, after, path, file)


def _add_rest(before: Journal, file: BinaryIO, read_to: int) -> int:
    """Write what was written to ``before`` behind ``read_to``, and wait for the disk; its size."""
    with before.path.open("rb") as old:
        old.seek(read_to)
        file.write(old.read())
        size = old.tell()
    file.flush()
    os.fsync(file.fileno())
    return size


def _take_its_place(
    tx: Connection, before: Journal, after: Journal, path: Path, file: BinaryIO
) -> Shortened:
    size = before.size()
    path.replace(before.path)
    _sync(before.path.parent)
    # From here on the file is the new one; without what follows its last lines are read again.
    journal.position(tx, after)
    journal.move(tx, after, file.tell())
    tx.execute(delete(status_journals).where(status_journals.c.name == before.name))
    return Shortened(size, file.tell())


def _fold_into(store: Store, kept: Journal, file: BinaryIO, wanted: Wanted) -> int:
    """Write what ``kept`` comes to; up to which of its bytes."""
    with store.reading() as tx:
        folded, read_to = _folded(tx, kept)
    folded.others = [said for said in folded.others if ended_codes.counts(said, wanted.now)]
    file.write(line_of({"journal": wanted.name}))
    file.writelines(line_of({"notes": [note]}) for note in folded.notes())
    file.flush()
    os.fsync(file.fileno())
    return read_to


def _folded(tx: Connection, kept: Journal) -> tuple[Folded, int]:
    purpose = bitstring_lists.c.purpose == PURPOSES[0]
    numbers = tx.execute(select(bitstring_lists.c.number).where(purpose)).scalars()
    folded, read_to = Folded(frozenset(numbers)), kept.whole_lines()
    for notes in kept.since(0, until=read_to):
        for note in notes:
            folded.add(note)
    ended = {(kind, n) for kind, lists in _LISTS for n in _retired(tx, lists)}
    folded.marks = {key: here for key, here in folded.marks.items() if key not in ended}
    for (kind, number), here in folded.marks.items():
        if VALID in here.values():
            _drop_overtaken(here, _marked(tx, kind, number))
    known = _known(tx, tuple(folded.issuances))
    folded.issuances = {
        name: status
        for name, status in folded.issuances.items()
        if name in known and (status != VALID or known[name] == VALID)
    }
    return folded, read_to


_LISTS: Final = (("token", status_lists), ("bitstring", bitstring_lists))


def _retired(tx: Connection, lists: Table) -> tuple[int, ...]:
    query = select(lists.c.number).where(lists.c.retired_at.is_not(None))
    return tuple(tx.execute(query).scalars())


def _marked(tx: Connection, kind: str, number: int) -> frozenset[int]:
    if kind == "token":
        return frozenset(index for index, _ in statuses.marked(tx, number))
    return frozenset(bitstrings.marked(tx, number))


def _drop_overtaken(here: dict[int, int], marked: Collection[int]) -> None:
    """Forget that a place was reinstated where another machine has marked it since."""
    for index in [index for index, said in here.items() if said == VALID and index in marked]:
        del here[index]


def _known(tx: Connection, ids: tuple[str, ...]) -> dict[str, int]:
    """Those that are not forgotten, each with its status."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        some = issuances.c.id.in_(ids[start : start + _ASKED_AT_ONCE])
        rows = tx.execute(select(issuances.c.id, issuances.c.status).where(some))
        found.update({row.id: row.status for row in rows})
    return found


@contextlib.contextmanager
def _alone(journal_path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """The file to be, empty; no other process has it, and what one left that was killed is gone."""
    path = journal_path.with_name(journal_path.name + _SUFFIX)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have become the journal since it was opened, and must not be emptied then.
        if not path.exists() or path.stat().st_ino != os.fstat(handle).st_ino:
            raise BlockingIOError
        file.truncate(0)
        yield path, file


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _came_to(note: JsonObject) -> tuple[int, ...]:
    return tuple(_int(note.get(name)) for name in _STAMP)


def _int(value: Json) -> int:
    return value if isinstance(value, int) else 0
