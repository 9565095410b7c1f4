"""Writing a backup: a new file beside the old one, which it replaces in one step or not at all.

The file is the owner's alone (mode 0600) and on the disk before it has its name. A file of that
name is kept unless it is an older backup of the same wallet, or the caller says so.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from healthpassport.errors import BackupError

from .content import First, Row, row_frame
from .header import ID_BYTES, Header, read_header, stored
from .keys import KEY_BYTES, Recipient, seal_key
from .parts import PartSealer, content_key

_NAME_BYTES: Final = 6
_STALE: Final = 3600  # seconds after which a half-written file of ours is swept away
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written: its id, when, and how long its file is (bytes)."""

    backup: bytes
    made: datetime
    size: int


def write_backup(
    path: Path,
    *,
    first: First,
    rows: Iterable[Row],
    recipients: tuple[Recipient, ...],
    now: datetime,
    random: Callable[[int], bytes],
    replace: bool = False,
) -> Made:
    """Write ``rows`` to ``path``, sealed for every one of ``recipients``.

    Raises:
        BackupError: ``backup.in_the_way``, ``backup.no_space``, ``backup.io``, ``backup.way``
            without a recipient; whatever stood at ``path`` stands there still.
    """
    if not recipients:
        raise BackupError("backup.way")
    made = now.astimezone(UTC).replace(microsecond=0)
    if not replace:
        _check_place(path, wallet=first.wallet, made=made)
    key, backup = random(KEY_BYTES), random(ID_BYTES)
    slots = tuple(seal_key(key, to=one, backup=backup) for one in recipients)
    header = Header(backup, first.wallet, made, slots)
    with _our_words(), _new_file(path, random(_NAME_BYTES).hex()) as file:
        file.write(stored(header, key))
        sealer = PartSealer(file, backup=backup, key=content_key(key, header.head()))
        sealer.write(first.frame())
        for row in rows:
            sealer.write(row_frame(row))
        sealer.finish()
        size = file.tell()
    return Made(backup, made, size)


def _check_place(path: Path, *, wallet: bytes, made: datetime) -> None:
    """Raise ``backup.in_the_way`` unless ``path`` is free or an older backup of this wallet."""
    try:
        with path.open("rb") as file:
            header = read_header(file).header
    except FileNotFoundError:
        return
    except OSError as error:
        raise BackupError("backup.in_the_way", "it cannot be read") from error
    except BackupError as error:
        raise BackupError("backup.in_the_way", "it is not a backup that we can read") from error
    if header.wallet != wallet:
        raise BackupError("backup.in_the_way", "it is a backup of some other wallet")
    if header.made > made:
        raise BackupError("backup.in_the_way", "it is a newer backup than this one would be")


@contextmanager
def _new_file(path: Path, name: str) -> Iterator[BinaryIO]:
    """A private file that takes the place of ``path`` when all of it is on the disk."""
    fresh = path.with_name(f".{path.name}.{name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    _sweep(path)


def sync_folder(folder: Path) -> None:
    """Make the new name last; where folders cannot be opened (Windows) the system sees to it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(path: Path) -> None:
    """Delete what an interrupted backup left: sealed, and of no use."""
    with suppress(OSError):
        newest = path.stat().st_mtime
        for left in path.parent.glob(f".{path.name}.*.new"):
            if newest - left.stat().st_mtime > _STALE:
                left.unlink()


@contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        raise BackupError("backup.no_space" if full else "backup.io") from error
