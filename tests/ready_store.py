"""An issuer's empty SQLite file: migrated once in a process of tests, and copied from then on.

What is *not* here: tests of the migrations themselves, which begin without any file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from issuer.store import open_store


def lay(path: Path) -> None:
    """The file at ``path``, unless there is one."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "issuer.sqlite"
        open_store(path).close()
        return path.read_bytes()
