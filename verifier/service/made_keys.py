"""Keys that a desk makes for itself: a file of 32 random bytes that its owner alone can read.

Made on first use; of two processes that begin together one makes it and both use it. What is *not*
here: signing keys, which are given to a desk (``healthpassport.keys``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from healthpassport.errors import SettingsError

KEY_BYTES: Final = 32


def key_in(path: Path, random: Callable[[int], bytes]) -> bytes:
    """The key in ``path``, made there if there is none.

    Raises:
        SettingsError: ``verifier.setup`` where it cannot be read or made.
    """
    try:
        _make(path, random)
        found = path.read_bytes()
    except OSError as error:
        raise SettingsError("verifier.setup", f"cannot read {path.name}") from error
    if len(found) != KEY_BYTES:
        raise SettingsError("verifier.setup", f"{path.name} is no key of ours")
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
