"""How far the database had come when a process of this machine last looked, in a file of its own.

A disk that was put back under the same timeline looks as if it had never gone on. Processes that
run know better; this file lets those know that start later. Rules: it is written in one piece and
never waited for, since losing the last seconds of it is no loss; what cannot be read says nothing.
It names nothing but two numbers. What is *not* here: what they mean (``lineage``), and a machine
whose own disk was put back as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from healthpassport.encoding import JsonObject

from .journal import line_of, parsed, told_in_words

_SUFFIX: Final = ".seen"
_LENGTH: Final = 160  # bytes, blanks behind: a shorter mark must not leave the end of a longer one


def path_beside(journal: Path) -> Path:
    """The file that belongs to the journal at ``journal``."""
    return journal.with_name(journal.name + _SUFFIX)


def keep(journal: Path, stamp: JsonObject) -> None:
    """Let the file say ``stamp``.

    Raises:
        ServiceError: ``issuer.journal`` where it cannot be written.
    """
    with told_in_words():
        handle = os.open(path_beside(journal), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, line_of(stamp).ljust(_LENGTH), 0)
        finally:
            os.close(handle)


def kept(journal: Path) -> JsonObject:
    """What the file says; nothing where there is none, or it is damaged."""
    try:
        said = path_beside(journal).read_bytes()
    except OSError:
        return {}
    return parsed(said.rstrip(b" ")) or {}
