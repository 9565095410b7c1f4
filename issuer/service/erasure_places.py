"""Every place where something of a record could have stayed: database, logs, temporary files.

What staff have in hand is sealed with a key that this machine has: it is opened and looked through.

What is *not* here: the looking (``erasure``), and what no program can see: backups, a disk's own
spare blocks, and the files of a PostgreSQL server of somebody else (docs/sources.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.errors import ServiceError
from issuer.store.raw import database_files, file_pieces, tables

from .context import IssuerContext
from .erasure import Hunt
from .shelves import opened_pieces

MAX_FILES: Final = 20_000  # of one folder
CORE: Final = "core*"
HELD: Final = "what staff have in hand at the console, opened"


@dataclass(frozen=True, slots=True)
class Looked:
    """One place: how many bytes were looked through, how many values stand there; or why not."""

    place: str
    size: int
    found: int
    unread: bool = False


def look(
    issuer: IssuerContext, hunt: Hunt, *, also: Iterable[Path] = (), around: Iterable[Path] = ()
) -> Iterator[Looked]:
    """Look everywhere.

    Args:
        issuer: whose database it is.
        hunt: for what.
        also: files, and folders with everything in them: logs, temporary files, copies.
        around: folders in which only the memory images of programs that crashed are looked for.

    Raises:
        ServiceError: ``issuer.unavailable``; ``erased.unread`` for a folder too large.
    """
    if issuer.store.is_shared:
        for name, rows in tables(issuer.store):
            found, size = hunt.found_in(rows)
            yield Looked(f"table {name}", size, found)
    elif issuer.settings.database is not None:
        for path in database_files(issuer.settings.database):
            yield _file(path, hunt)
    found, size = hunt.found_in(opened_pieces(issuer))
    yield Looked(HELD, size, found)
    for path in also:
        for file in _files(path):
            yield _file(file, hunt)
    for folder in around:
        for file in sorted(folder.glob(CORE)):
            if file.is_file() and not file.is_symlink():
                yield _file(file, hunt)


def own_words(issuer: IssuerContext) -> frozenset[str]:
    """What the issuer says of itself, which may stand anywhere."""
    settings = issuer.settings
    return frozenset({settings.iss, settings.ods, settings.name, settings.system})


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for count, one in enumerate(sorted(path.rglob("*"))):
        if count >= MAX_FILES:
            raise ServiceError("erased.unread", f"{path.name} holds more than {MAX_FILES} files")
        if one.is_file() and not one.is_symlink():
            yield one


def _file(path: Path, hunt: Hunt) -> Looked:
    """One file; one that cannot be read is no proof of anything."""
    try:
        found, size = hunt.found_in(file_pieces(path, overlap=hunt.longest))
    except OSError:
        return Looked(str(path), 0, 0, unread=True)
    return Looked(str(path), size, found)
