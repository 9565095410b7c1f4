"""A copy of a SQLite database while it is used: one moment of it, whole, and looked over.

Rules: the copy appears under its name when it is complete and on the disk, and overwrites nothing.
What is *not* here: PostgreSQL, which has tools of its own, and what belongs to a backup beside the
database (docs/operations.md).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from healthpassport.errors import ServiceError

_PARTIAL = ".partial"


def back_up(database: Path, target: Path) -> int:
    """Copy the SQLite file ``database`` to the new file ``target``; its size in bytes.

    Raises:
        ServiceError: ``issuer.backup``; nothing stands under the name of ``target`` then.
    """
    if not database.is_file():
        raise ServiceError("issuer.backup", "there is no database yet")
    partial = target.with_name(target.name + _PARTIAL)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise ServiceError("issuer.backup", f"{partial.name} cannot be made") from error
    try:
        _copy(database, partial)
        size = partial.stat().st_size
        os.link(partial, target)  # unlike a renaming it fails where there is a file already
        _sync(target.parent)
    except FileExistsError as error:
        raise ServiceError("issuer.backup", f"there is a file {target.name} already") from error
    except (OSError, sqlite3.Error) as error:
        raise ServiceError("issuer.backup", "the disk is full or a file is damaged") from error
    finally:
        partial.unlink(missing_ok=True)
    return size


def size_class(size: int) -> int:
    """The next power of two: what may be told of how much a practice has."""
    return 1 << max(size - 1, 0).bit_length()


def _copy(database: Path, partial: Path) -> None:
    uri = f"{database.absolute().as_uri()}?mode=rw"  # a reader of WAL mode writes its index
    with closing(sqlite3.connect(uri, uri=True)) as source:
        source.execute("PRAGMA busy_timeout=10000").fetchall()
        with closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file and nothing beside it
            if copy.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
                raise ServiceError("issuer.backup", "damage was found in the copy")
    _sync(partial)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
