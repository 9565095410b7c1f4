"""Who may read: the vault's file is the owner's alone, in a folder that is the owner's alone."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from healthpassport.errors import VaultError


def claim_folder(folder: Path) -> None:
    """Make ``folder`` private for a new vault: one of our own that stands is closed to others."""
    try:
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)
    except OSError as error:
        raise VaultError("vault.io", "the vault's folder cannot be closed to others") from error
    private_folder(folder)


def private_folder(folder: Path) -> None:
    """Make ``folder`` with mode 0700, or check the one that stands (``vault.permissions``)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise VaultError("vault.io", "the vault's folder cannot be made or read") from error
    if not stat.S_ISDIR(found.st_mode):
        raise VaultError("vault.permissions", "the vault's folder is a link or no folder")
    _check_owner(found)


def create_private_file(path: Path) -> None:
    """An empty file with mode 0600, whatever the umask; ``vault.exists`` when one stands."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise VaultError("vault.exists") from error
    except OSError as error:
        raise VaultError("vault.io") from error
    os.close(descriptor)


def check_private_file(path: Path) -> int:
    """The size of the vault's file in bytes, once it is seen to be private and no link."""
    try:
        found = path.lstat()
    except FileNotFoundError as error:
        raise VaultError("vault.missing") from error
    except OSError as error:
        raise VaultError("vault.io") from error
    if not stat.S_ISREG(found.st_mode):
        raise VaultError("vault.permissions", "the vault is a link or no plain file")
    _check_owner(found)
    return found.st_size


def _check_owner(found: os.stat_result) -> None:
    """Windows keeps access elsewhere than in mode bits, so there only the type is checked."""
    if os.name == "nt":
        return
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise VaultError("vault.permissions")


def keep_copy(path: Path, data: bytes) -> None:
    """``data`` in a private file ``path``, whole and on the disk, or no such file."""
    fresh = path.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        create_private_file(fresh)
        with fresh.open("rb+") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise VaultError("vault.no_space" if full else "vault.io", "no copy is kept") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name durable; Windows cannot open a folder, and needs no such thing."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
