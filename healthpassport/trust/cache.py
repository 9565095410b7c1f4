"""The copy of the trust list on disk: one file, replaced as a whole.

Everything that reading needs (all roots since the pinned one, timestamp, snapshot, targets and the
list) and the time of the last successful update stand in one file, so that a reader sees the old or
the new state and never half of each, whenever an update is killed. What is *not* here: belief; a
cached file proves nothing before ``reading`` has verified it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from healthpassport.encoding import b64_decode, b64_encode, dump_json, parse_json_object
from healthpassport.errors import EncodingError, TrustError

CACHE_FILE: Final = "trust-list.cache"
MAX_CACHE_BYTES: Final = 67_108_864  # the largest list and its metadata, base64 encoded


@dataclass(frozen=True, slots=True)
class CachedFiles:
    """Published files by name (``2.root.json``, ``trust-list.json``) and when they were updated."""

    files: Mapping[str, bytes]
    updated_at: datetime


def read_cache(folder: Path) -> CachedFiles:
    """The copy in ``folder``.

    Raises:
        TrustError: ``trust.missing`` when there is none, ``trust.signature`` when it was altered,
            ``trust.storage`` when it cannot be read.
    """
    try:
        data = (folder / CACHE_FILE).read_bytes()
    except FileNotFoundError as error:
        raise TrustError("trust.missing") from error
    except OSError as error:
        raise TrustError("trust.storage", error.strerror or "") from error
    try:
        found = parse_json_object(data, max_bytes=MAX_CACHE_BYTES)
        files, updated_at = found["files"], found["updatedAt"]
        if not isinstance(files, dict) or not isinstance(updated_at, int):
            raise TrustError("trust.signature", "the copy on this machine was altered")
        return CachedFiles(
            {name: b64_decode(str(text)) for name, text in files.items()},
            datetime.fromtimestamp(updated_at, UTC),
        )
    except (EncodingError, KeyError, ValueError, OverflowError, OSError) as error:
        raise TrustError("trust.signature", "the copy on this machine was altered") from error


def write_cache(folder: Path, cached: CachedFiles) -> None:
    """Replace the copy in ``folder``; seconds are kept, fractions are not."""
    data = dump_json(
        {
            "updatedAt": int(cached.updated_at.timestamp()),
            "files": {name: b64_encode(data) for name, data in cached.files.items()},
        }
    )
    replace_file(folder / CACHE_FILE, data)


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` to ``path`` so that a crash leaves the old file or the new one, whole.

    The bytes are on disk before the name moves to them, and the name is on disk on return.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
