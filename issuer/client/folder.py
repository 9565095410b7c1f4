"""Bundles as files of one folder, named by their files; links are not followed.

What is *not* here: who puts the files there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.errors import SourceError

from .people import Found, Person, bounded, fits, found

MAX_BYTES: Final = 8 * 1_048_576  # as a bundle that is sent
MAX_FILES: Final = 2_000  # files that are looked into for one person
MAX_LOOKED: Final = 256 * 1_048_576  # bytes of them
# One plain name: no separator, no leading dot, so that no name leads out of the folder.
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")


@dataclass(frozen=True, slots=True)
class FolderSource:
    """See the module. ``max_files`` and ``max_looked`` bound a search."""

    folder: Path
    max_files: int = MAX_FILES
    max_looked: int = MAX_LOOKED

    def read(self, name: str) -> bytes:
        """See ``Source``."""
        if not _NAME.match(name):
            raise SourceError("source.name")
        try:
            handle = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                return _plain_file(handle)
            finally:
                os.close(handle)
        except FileNotFoundError as error:
            raise SourceError("source.unknown") from error
        except OSError as error:
            raise SourceError("source.unreadable") from error

    def find(self, person: Person) -> tuple[Found, ...]:
        """See ``Source``; every bundle is looked into, one that cannot be read is passed over."""
        asked = person.checked()
        return bounded(self._fitting(asked))

    def describe(self) -> tuple[str, ...]:
        """See ``Source``; the files that cannot be read are named."""
        from issuer.fhir.finding import everybody  # noqa: PLC0415 - cold start

        told, names = [], self.names()
        for name in names:
            try:
                everybody(self.read(name))
            except SourceError as error:
                told.append(f"{name} cannot be read: {error.code}")
        return (f"{len(names)} files, {len(names) - len(told)} of which can be read", *told)

    def names(self) -> list[str]:
        """The names that can be read, in their order.

        Raises:
            SourceError: ``source.unreadable``; ``source.too_large`` for more than ``max_files``.
        """
        try:
            with os.scandir(self.folder) as files:
                known = [one.name for one in files if _NAME.match(one.name) and _is_plain(one)]
        except OSError as error:
            raise SourceError("source.unreadable") from error
        if len(known) > self.max_files:
            raise SourceError("source.too_large", f"more than {self.max_files} files")
        return sorted(known)

    def _fitting(self, asked: Person) -> Iterator[Found]:
        from issuer.fhir.finding import everybody  # noqa: PLC0415 - cold start

        looked = 0
        for name in self.names():
            with suppress(SourceError):  # what cannot be read names nobody; `sources try` tells
                data = self.read(name)
                looked += len(data)
                people = everybody(data)
                yield from (
                    found(name, one, of_several=len(people) > 1)
                    for one in people
                    if fits(asked, one)
                )
            if looked > self.max_looked:
                raise SourceError("source.too_large", f"more than {self.max_looked} bytes")


def _is_plain(file: os.DirEntry[str]) -> bool:
    return file.is_file(follow_symlinks=False)


def _plain_file(handle: int) -> bytes:
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_BYTES:
        raise SourceError("source.unreadable")
    parts: list[bytes] = []
    while part := os.read(handle, MAX_BYTES):
        parts.append(part)
        if sum(map(len, parts)) > MAX_BYTES:  # it grew while it was read
            raise SourceError("source.unreadable")
    return b"".join(parts)
