"""A vault put away in one file of its owner's choice, and brought back with its memory of itself.

The file holds the vault as it is, still sealed, and the anchor with its newest counter, which is
authenticated with a key of the vault: so an older vault in a newer file is noticed at the next
unlock. Layout: magic, wallet id, anchor, vault, BLAKE2b-256 of all before it (docs/travel.md).
What is *not* here: who may do it (``Vault.put_away`` needs the open vault), and what is wiped
beside the vault.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from healthpassport.errors import VaultError

from .anchor import anchor_path
from .files import claim_folder, create_private_file, private_folder
from .header import WALLET_BYTES
from .storage import Storage

MAGIC: Final = b"HPAWAY\x00\x01"
ANCHOR_BYTES: Final = 40
CHECKSUM_BYTES: Final = 32
CHUNK: Final = 1 << 20
HEAD_BYTES: Final = len(MAGIC) + WALLET_BYTES + ANCHOR_BYTES


def put_away(storage: Storage, path: Path, *, wallet: bytes, anchor: Path, to: Path) -> bytes:
    """Copy the vault at ``path`` to the new file ``to``, read it again, then wipe the vault.

    No program can write to the vault meanwhile. Returns the checksum of the new file.

    Raises:
        VaultError: ``vault.away_exists``, ``vault.no_space``, ``vault.io``, ``vault.locked``;
            nothing is wiped then.
    """
    # SQLite's lock is lost when a descriptor of its file is closed: this one outlives the copying.
    with storage.writing(), _our_words(), path.open("r+b") as vault:
        head = MAGIC + wallet + anchor.read_bytes()
        if len(head) != HEAD_BYTES:
            raise VaultError("vault.anchor", "the file with the last counter is damaged")
        checksum = _write(to, head, vault)
        _overwrite(vault)
    return checksum


def bring_back(source: Path, *, path: Path, anchor_folder: Path) -> bytes:
    """Put the vault of ``source`` to ``path`` with its anchor; returns the checksum of ``source``.

    Raises:
        VaultError: ``vault.exists``, ``vault.away_unreadable``, ``vault.no_space``, ``vault.io``;
            nothing is left behind then.
    """
    with _our_words(), source.open("rb") as file:
        head, checksum = _checked(file)
        wallet, anchor = head[len(MAGIC) : -ANCHOR_BYTES], head[-ANCHOR_BYTES:]
        claim_folder(path.parent)
        create_private_file(path)
        try:
            _copy_vault(file, path)
            _write_private(anchor_path(anchor_folder, wallet), anchor)
        except (OSError, VaultError):
            path.unlink()
            raise
    return checksum


def wipe(path: Path) -> None:
    """Overwrite and delete a file; one that is not there is no trouble.

    Disks that spread their writes may keep older bytes all the same (docs/travel.md).
    """
    with _our_words(), suppress(FileNotFoundError):
        with path.open("r+b") as file:
            _overwrite(file)
        path.unlink()


def _write(to: Path, head: bytes, vault: BinaryIO) -> bytes:
    try:
        create_private_file(to)
    except VaultError as error:
        raise VaultError(
            "vault.away_exists" if error.code == "vault.exists" else error.code
        ) from error
    try:
        digest = hashlib.blake2b(head, digest_size=CHECKSUM_BYTES)
        with to.open("r+b") as file:
            file.write(head)
            while chunk := vault.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(to.parent)
        with to.open("rb") as file:
            _checked(file)
    except (OSError, VaultError):
        to.unlink(missing_ok=True)
        raise
    return digest.digest()


def _checked(file: BinaryIO) -> tuple[bytes, bytes]:
    """The head and the checksum of a file that is whole; it stands behind the head then."""
    size = os.fstat(file.fileno()).st_size
    left = size - HEAD_BYTES - CHECKSUM_BYTES
    head = file.read(HEAD_BYTES)
    if left <= 0 or not head.startswith(MAGIC):
        raise VaultError("vault.away_unreadable")
    digest = hashlib.blake2b(head, digest_size=CHECKSUM_BYTES)
    while left > 0:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise VaultError("vault.away_unreadable")
        digest.update(chunk)
        left -= len(chunk)
    checksum = file.read(CHECKSUM_BYTES)
    if checksum != digest.digest():
        raise VaultError("vault.away_unreadable", "it was changed or cut short")
    file.seek(HEAD_BYTES)
    return head, checksum


def _copy_vault(file: BinaryIO, path: Path) -> None:
    with path.open("r+b") as vault:
        shutil.copyfileobj(file, vault, CHUNK)
        vault.truncate(vault.tell() - CHECKSUM_BYTES)
        vault.flush()
        os.fsync(vault.fileno())


def _write_private(path: Path, data: bytes) -> None:
    private_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Let the new name outlast a power cut; some systems cannot, and none needs to."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _overwrite(file: BinaryIO) -> None:
    left = os.fstat(file.fileno()).st_size
    file.seek(0)
    while left > 0:
        left -= file.write(bytes(min(CHUNK, left)))
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno == 28  # noqa: PLR2004 - ENOSPC
        raise VaultError("vault.no_space" if full else "vault.io") from error
