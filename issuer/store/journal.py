"""A journal of what changed in status lists, in a file outside the database.

A database that is restored from a backup has forgotten what was withdrawn and which places were
given since; the journal has not. What a transaction changed is in the file, synced, before the
transaction commits, and how far the file is in the database is committed with it. Whoever finds
more in the file than the database knows brings that in first: after a restore at the next start,
and after a commit that failed at the next change. So a change that failed at its last moment may
still be made; one that was confirmed is never undone. No line names a person. The name in the
first line is another one once the file was made shorter, so that whoever writes looks at it anew.
What is *not* here: what a line means for the lists (``replaying``), making it shorter
(``shortening``).
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
_TURNS: Final = 8  # times that the file may become another one while we wait for it
_SUM: Final = 9  # bytes of a space and the checksum in hexadecimal digits


@dataclass(frozen=True, slots=True)
class NextLine:
    """A line to be written, and the size of the file once it is."""

    line: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal at ``path``; ``name`` stands in its first line and nowhere else."""

    path: Path
    name: str

    def since(self, position: int, *, until: int | None = None) -> Iterator[tuple[JsonObject, ...]]:
        """The notes of each transaction from byte ``position`` on; a line cut short is none."""
        for line in self._lines(position, until):
            found = parsed(line)
            notes = None if found is None else found.get("notes")
            if isinstance(notes, list):
                yield tuple(note for note in notes if isinstance(note, dict))

    def size(self) -> int:
        """Bytes of the file."""
        with told_in_words():
            return self.path.stat().st_size

    def as_it_is(self) -> Journal:
        """The journal that stands at this path now.

        Raises:
            ServiceError: ``issuer.journal`` where none does.
        """
        with told_in_words(), self.path.open("rb") as file:
            return Journal(self.path, _name_in(file.readline(MAX_LINE)))

    def append(self, notes: Sequence[JsonObject]) -> int:
        """Write one line and wait for the disk; returns the size of the file then."""
        return self.write(self.next_line(notes))

    def next_line(self, notes: Sequence[JsonObject]) -> NextLine:
        """The line that ``notes`` will be, and where it will end; nothing is written."""
        with told_in_words(), self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(end - 1)
            cut = file.read(1) != b"\n"
        line = (b"\n" if cut else b"") + line_of({"notes": list(notes)})
        return NextLine(line, end + len(line))

    def write(self, following: NextLine) -> int:
        """Write a line and wait for the disk; returns the size of the file then.

        Raises:
            ServiceError: ``issuer.journal``, also where the file is another one by now.
        """
        with told_in_words():
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND)
            try:
                if os.fstat(handle).st_size + len(following.line) != following.end:
                    raise ServiceError("issuer.journal", "somebody else writes to it")
                if os.write(handle, following.line) != len(following.line):
                    raise ServiceError("issuer.journal")
                os.fsync(handle)
                return following.end
            finally:
                os.close(handle)

    def whole_lines(self) -> int:
        """Bytes of the file up to the end of its last whole line."""
        with told_in_words(), self.path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - MAX_LINE)
            file.seek(start)
            return start + file.read().rfind(b"\n") + 1

    def _lines(self, position: int, until: int | None) -> Iterator[bytes]:
        with told_in_words(), self.path.open("rb") as file:
            file.seek(position)
            while until is None or file.tell() < until:
                line = file.readline(MAX_LINE)
                if not line:
                    return
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


def held(connection: Connection) -> tuple[Journal, int] | None:
    """The journal as it is, and up to which byte the database knows it; None where none is kept.

    Nobody else writes to it, or makes it shorter, until this transaction ends.

    Raises:
        ServiceError: ``issuer.journal`` where it cannot be read.
    """
    kept = of(connection)
    if kept is None:
        return None
    for _ in range(_TURNS):
        found = kept.as_it_is()
        known = position(connection, found)  # may wait for who makes it shorter
        if kept.as_it_is().name == found.name:
            return found, known
    raise ServiceError("issuer.journal", "it is made shorter again and again")


def is_known(connection: Connection) -> bool:
    """Whether the database knows all of its journal; nobody is held up by the look."""
    kept = of(connection)
    if kept is None:
        return True
    journal = kept.as_it_is()
    mine = status_journals.c.name == journal.name
    found = connection.execute(select(status_journals.c.position).where(mine)).scalar()
    return found is not None and int(found) >= journal.size()


def move(connection: Connection, journal: Journal, to: int) -> None:
    """The database knows ``journal`` up to byte ``to`` now."""
    mine = update(status_journals).where(status_journals.c.name == journal.name)
    connection.execute(mine.values(position=to))


def _write(connection: Connection) -> None:
    from .replaying import catch_up  # noqa: PLC0415 - it reads what this module writes

    notes = connection.info.pop(_NOTES, None)
    found = held(connection) if notes else None
    if not notes or found is None:
        return
    catch_up(connection)
    journal, _ = found
    following = journal.next_line(notes)
    # First: where the database has no room this fails, and leaves no line of what was not done.
    move(connection, journal, following.end)
    journal.write(following)


def _drop(connection: Connection) -> None:
    if connection.invalidated:
        return  # it broke, and its notes went with it; asking for them would be an error
    connection.info.pop(_NOTES, None)


def _opened(path: Path, name: str) -> Journal:
    with told_in_words():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _begin(path, name)
        with path.open("rb") as file:
            return Journal(path, _name_in(file.readline(MAX_LINE)))


def _name_in(first: bytes) -> str:
    said = parsed(first)
    found = None if said is None else said.get("journal")
    if not isinstance(found, str):
        raise ServiceError("issuer.journal", "its first line is damaged")
    return found


def _begin(path: Path, name: str) -> None:
    """A new file, whole or not at all; of processes that begin together one does."""
    partial = path.with_name(f"{path.name}.{name}")
    partial.touch(mode=0o600)
    with partial.open("wb") as file:
        file.write(line_of({"journal": name}))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(partial)
    partial.unlink()


def line_of(value: JsonObject) -> bytes:
    """``value`` as a line of the file, with its sum."""
    body = dump_json(value)
    return body + f" {zlib.crc32(body):08x}\n".encode()


def parsed(line: bytes) -> JsonObject | None:
    """What ``line_of`` made ``line`` of; None where it is damaged or cut short."""
    body, ends = line[: -_SUM - 1], line[-_SUM - 1 :]
    if ends != f" {zlib.crc32(body):08x}\n".encode():
        return None
    try:
        return parse_json_object(body)
    except EncodingError:
        return None


@contextlib.contextmanager
def told_in_words() -> Iterator[None]:
    """A file that cannot be read or written, as ``issuer.journal``."""
    try:
        yield
    except OSError as error:
        raise ServiceError("issuer.journal") from error
