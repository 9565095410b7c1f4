"""Empty SQLite files of an issuer and of a desk: each is migrated once in a process of tests, and
copied from then on.

What is *not* here: tests of the migrations themselves, which begin without any file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import issuer.store
import verifier.store


def lay(path: Path) -> None:
    """An issuer's file at ``path``, unless there is one."""
    _lay(path, issuer.store.open_store)


def lay_desk(path: Path) -> None:
    """A desk's file at ``path``, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _lay(path, verifier.store.open_store)


def _lay(path, opening):
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_migrated(opening))


@cache
def _migrated(opening) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.sqlite"
        opening(path).close()
        return path.read_bytes()
