"""Reading a backup: what it says of itself, and its rows once a secret opens it.

Every part is checked before anything of it is given out; a caller that stores rows keeps none of
them unless ``rows`` came to its end. What is *not* here: storing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from healthpassport.errors import BackupError

from .content import ContentReader
from .header import StoredHeader, read_header
from .keys import RandomSecret, Secret, SlotKind, open_key
from .parts import content_key, look_at_parts, read_parts
from .split import Share, join


@contextmanager
def opened(path: Path, secret: Secret) -> Iterator[ContentReader]:
    """The content of the backup at ``path``, for as long as the file is open.

    Raises:
        BackupError: what is wrong with the file (``backup.`` codes), ``backup.unlock_failed``,
            ``backup.no_such_way``.
    """
    with _file(path) as file:
        found = read_header(file)
        header = found.header
        key = open_key(header.slots, secret=secret, backup=header.backup)
        found.check(key)
        parts = read_parts(file, backup=header.backup, key=content_key(key, found.head))
        content = ContentReader(parts)
        if content.first.wallet != header.wallet:
            raise BackupError("backup.mixed_up", "it names two wallets")
        yield content


def look(path: Path) -> StoredHeader:
    """What the backup at ``path`` tells without a key, once no part is missing or damaged."""
    with _file(path) as file:
        found = read_header(file)
        look_at_parts(file, backup=found.header.backup)
        return found


def joined(path: Path, shares: tuple[Share, ...]) -> RandomSecret:
    """The secret that two or three ``shares`` make for the backup at ``path``.

    Raises:
        BackupError: ``backup.no_split``, ``backup.share_`` codes, or what is wrong with the file.
    """
    with _file(path) as file:
        slots = read_header(file).header.slots
    for slot in slots:
        if slot.kind is SlotKind.SPLIT:
            return join(shares, facts=slot.facts)
    raise BackupError("backup.no_split")


@contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise BackupError("backup.missing") from error
    except OSError as error:
        raise BackupError("backup.io") from error
