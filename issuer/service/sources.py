"""Where an issuer reads a patient's notes again: a source by the name of its kind.

A source gives FHIR by the name that an offer was made with. There is one kind, a folder of bundles;
another (a practice's FHIR server, say) is one class and one line in ``sources``. What is *not*
here: whose notes they are, which is checked at each reading (``refreshing``).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import SourceError
from issuer.settings import Settings

FOLDER: Final = "folder"
SOURCE: Final = "source"  # what a reference is sealed for
MAX_BYTES: Final = 8 * 1_048_576  # as a bundle that is sent
# One plain name: no separator, no leading dot, so that no name leads out of the folder.
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")


@dataclass(frozen=True, slots=True)
class SourceReference:
    """Where records of one person are read.

    Kind and name of the source, which of its people (``subject``), who that was at the first
    reading, and which record types were chosen (none: all). It is kept sealed, never in the clear.
    """

    kind: str
    name: str
    subject: str | None
    who: dict[str, Json]
    wanted: tuple[str, ...]

    def wire(self) -> bytes:
        """The reference as it is sealed."""
        return dump_json(
            {
                "kind": self.kind,
                "name": self.name,
                "subject": self.subject,
                "who": self.who,
                "wanted": list(self.wanted),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> SourceReference:
        """What ``wire`` made; nobody else can seal one."""
        value = parse_json_object(data)
        who, wanted, subject = value["who"], value["wanted"], value["subject"]
        return cls(
            kind=str(value["kind"]),
            name=str(value["name"]),
            subject=None if subject is None else str(subject),
            who=dict(who) if isinstance(who, dict) else {},
            wanted=tuple(str(name) for name in wanted) if isinstance(wanted, list) else (),
        )


class RecordSource(Protocol):
    """Something that can be read again."""

    def read(self, name: str) -> bytes:
        """The FHIR JSON that stands under ``name`` now.

        Raises:
            SourceError: ``source.name``, ``source.unknown``, ``source.unreadable``.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Bundles as files of one folder; links are not followed."""

    folder: Path

    def read(self, name: str) -> bytes:
        """See ``RecordSource``."""
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


def sources(settings: Settings) -> Mapping[str, RecordSource]:
    """Every source that ``settings`` name, by its kind."""
    if settings.source_folder is None:
        return {}
    return {FOLDER: FolderSource(settings.source_folder)}


def source(settings: Settings, kind: str = FOLDER) -> RecordSource:
    """The source of this ``kind``.

    Raises:
        SourceError: ``source.none``.
    """
    found = sources(settings).get(kind)
    if found is None:
        raise SourceError("source.none")
    return found
