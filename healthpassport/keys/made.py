"""Keys that an app makes for itself: a file of random bytes that its owner alone can read.

Made on first use; of two processes that begin together one makes it and both use it. What is *not*
here: signing keys, which are given to an app (``files``, ``uris``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from healthpassport.errors import KeyMaterialError

KEY_BYTES: Final = 32


def made_key(path: Path, random: Callable[[int], bytes]) -> bytes:
    """The 32 bytes in ``path``, made there if there are none.

    Raises:
        KeyMaterialError: ``key.unreadable`` where they cannot be read or made.
    """
    try:
        _make(path, random)
        found = path.read_bytes()
    except OSError as error:
        raise KeyMaterialError("key.unreadable", f"cannot read {path.name}") from error
    if len(found) != KEY_BYTES:
        raise KeyMaterialError("key.unreadable", f"{path.name} is no key of ours")
    return found


def _make(path: Path, random: Callable[[int], bytes]) -> None:
    if path.exists():
        return
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, random(KEY_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, path)  # fails where the other was first
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
