"""Deleting the wallet with everything in it: the vault, what was kept of it, and its traces.

Rules: the first bytes, which hold every key, are written over before a file goes, so that no part
of it can be opened even where a disk keeps old blocks; nothing of another wallet is touched. What
is *not* here: backups, which stand where their owner put them, and copies that others hold.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from healthpassport.errors import VaultError

CHUNK: Final = 1_048_576  # bytes
TRACES: Final = (".anchor", ".guesses")


def erase_files(vault_file: Path, *, anchor_folder: Path, wallet_id: bytes) -> None:
    """Delete a closed vault, copies that were kept beside it, and what stands in the anchor folder.

    Raises:
        VaultError: ``vault.io`` where a file cannot be written over or deleted.
    """
    beside = vault_file.parent.glob(f"{vault_file.stem}-before-mend-*.db")
    rest = (vault_file.with_name(f"{vault_file.name}{end}") for end in ("-journal", "-wal", "-shm"))
    traces = (anchor_folder / f"{wallet_id.hex()}{end}" for end in TRACES)
    try:
        for path in (vault_file, *beside, *rest, *traces):
            if path.is_file() and not path.is_symlink():
                _write_over(path)
                path.unlink()
    except OSError as error:
        raise VaultError("vault.io", "a file of the wallet could not be deleted") from error


def _write_over(path: Path) -> None:
    """Once is enough: what counts is that no key is left to be read."""
    left = path.stat().st_size
    with path.open("r+b") as file:
        while left > 0:
            left -= file.write(bytes(min(left, CHUNK)))
        file.flush()
        os.fsync(file.fileno())
