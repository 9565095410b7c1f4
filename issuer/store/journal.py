"""A journal of what changed in status lists, in a file outside the database.

A database that is restored from a backup has forgotten what was withdrawn and which places were
given since; the journal has not. What a transaction changed is in the file, synced, before the
transaction commits, and how far the file is in the database is committed with it. Whoever finds
more in the file than the database knows brings that in first: after a restore at the next start,
and after a commit that failed at the next change. So a change that failed at its last moment may
still be made; one that was confirmed is never undone. No line names a person. What is *not* here:
what a line means for the lists (``replaying``).
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, event, select, update

from healthpassport.encoding import Json, JsonObject, dump_json, parse_json_object
from healthpassport.errors import EncodingError, ServiceError

from .locking import add_new
from .status_tables import status_journals

MAX_LINE: Final = 1_048_576  # bytes; the changes of one transaction
_NOTES: Final = "status_notes"
_OPTION: Final = "status_journal"
_SUM: Final = 9  # bytes of a space and the checksum in hexadecimal digits


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal at ``path``; ``name`` stands in its first line and nowhere else."""

    path: Path
    name: str

    def since(self, position: int) -> Iterator[tuple[JsonObject, ...]]:
        """The notes of each transaction from byte ``position`` on; a line cut short is none."""
        for line in self._lines(position):
            found = _parsed(line)
            notes = None if found is None else found.get("notes")
            if isinstance(notes, list):
                yield tuple(note for note in notes if isinstance(note, dict))

    def size(self) -> int:
        """Bytes of the file."""
        with _told_in_words():
            return self.path.stat().st_size

    def append(self, notes: Sequence[JsonObject]) -> int:
        """Write one line and wait for the disk; returns the size of the file then."""
        with _told_in_words():
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND)
            try:
                end = os.fstat(handle).st_size
                cut = os.pread(handle, 1, end - 1) != b"\n"
                line = (b"\n" if cut else b"") + _line({"notes": list(notes)})
                if os.write(handle, line) != len(line):
                    raise ServiceError("issuer.journal")
                os.fsync(handle)
                return end + len(line)
            finally:
                os.close(handle)

    def _lines(self, position: int) -> Iterator[bytes]:
        with _told_in_words(), self.path.open("rb") as file:
            file.seek(position)
            while line := file.readline(MAX_LINE):
                yield line


def attach(engine: Engine, path: Path, *, name: str) -> Journal:
    """From now on every transaction of ``engine`` keeps its changes of status in ``path``.

    Args:
        engine: the database.
        path: the file, made when it is not there.
        name: what a new file is called, unguessable enough that no two are called the same.

    Raises:
        ServiceError: ``issuer.journal`` when it cannot be used.
    """
    journal = _opened(path, name)
    engine.update_execution_options(**{_OPTION: journal})
    event.listen(engine, "commit", _write)
    event.listen(engine, "rollback", _drop)
    return journal


def of(connection: Connection) -> Journal | None:
    """The journal of the database that ``connection`` leads to."""
    found = connection.get_execution_options().get(_OPTION)
    return found if isinstance(found, Journal) else None


def note(connection: Connection, said: JsonObject) -> None:
    """Let ``said`` stand in the journal with the other changes of this transaction."""
    if of(connection) is not None:
        connection.info.setdefault(_NOTES, []).append(said)


def note_marks(
    connection: Connection, kind: str, places: Iterable[tuple[int, int]], *, status: int
) -> None:
    """The entries at ``places``, each (list, index), have ``status`` now."""
    by_list: dict[int, list[Json]] = {}
    for number, index in places:
        by_list.setdefault(number, []).append(index)
    for number, indexes in by_list.items():
        note(connection, {"mark": kind, "list": number, "at": indexes, "status": status})


def note_issuance(connection: Connection, issuance: str, *, status: int) -> None:
    """``issuance`` as a whole has ``status`` now."""
    note(connection, {"issuance": issuance, "status": status})


def position(connection: Connection, journal: Journal) -> int:
    """Up to which byte the database knows ``journal``; held until this transaction ends."""
    mine = status_journals.c.name == journal.name
    query = select(status_journals.c.position).where(mine).with_for_update()
    found = connection.execute(query).scalar()
    if found is not None:
        return int(found)
    add_new(connection, status_journals, [{"name": journal.name, "position": 0}])
    return int(connection.execute(query).scalar_one())


def is_known(connection: Connection) -> bool:
    """Whether the database knows all of its journal; nobody is held up by the look."""
    journal = of(connection)
    if journal is None:
        return True
    mine = status_journals.c.name == journal.name
    found = connection.execute(select(status_journals.c.position).where(mine)).scalar()
    return found is not None and int(found) >= journal.size()


def move(connection: Connection, journal: Journal, to: int) -> None:
    """The database knows ``journal`` up to byte ``to`` now."""
    mine = update(status_journals).where(status_journals.c.name == journal.name)
    connection.execute(mine.values(position=to))


def _write(connection: Connection) -> None:
    from .replaying import catch_up  # noqa: PLC0415 - it reads what this module writes

    notes, journal = connection.info.pop(_NOTES, None), of(connection)
    if not notes or journal is None:
        return
    catch_up(connection)
    move(connection, journal, journal.append(notes))


def _drop(connection: Connection) -> None:
    if connection.invalidated:
        return  # it broke, and its notes went with it; asking for them would be an error
    connection.info.pop(_NOTES, None)


def _opened(path: Path, name: str) -> Journal:
    with _told_in_words():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _begin(path, name)
        with path.open("rb") as file:
            first = _parsed(file.readline(MAX_LINE))
    found = None if first is None else first.get("journal")
    if not isinstance(found, str):
        raise ServiceError("issuer.journal", "its first line is damaged")
    return Journal(path, found)


def _begin(path: Path, name: str) -> None:
    """A new file, whole or not at all; of processes that begin together one does."""
    partial = path.with_name(f"{path.name}.{name}")
    partial.touch(mode=0o600)
    with partial.open("wb") as file:
        file.write(_line({"journal": name}))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(partial)
    partial.unlink()


def _line(value: JsonObject) -> bytes:
    body = dump_json(value)
    return body + f" {zlib.crc32(body):08x}\n".encode()


def _parsed(line: bytes) -> JsonObject | None:
    body, ends = line[: -_SUM - 1], line[-_SUM - 1 :]
    if ends != f" {zlib.crc32(body):08x}\n".encode():
        return None
    try:
        return parse_json_object(body)
    except EncodingError:
        return None


@contextlib.contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServiceError("issuer.journal") from error
