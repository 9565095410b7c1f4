"""From a backup to a vault: built whole in a folder of its own, then put in place in one step.

A vault that is not finished never has the name of one. A wallet that stands is never touched. What
is *not* here: comparing with the wallet of now (``comparing``), and the old device (``updates``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.errors import BackupError, VaultError
from wallet.backup.content import First
from wallet.backup.keys import Secret
from wallet.backup.reading import opened
from wallet.backup.writing import sync_folder
from wallet.vault import PRIVATE_TABLES, CopiedRow, KdfCost, Vault, Way
from wallet.vault.files import claim_folder
from wallet.vault.schema import TABLES

from .surroundings import Surroundings

BACKED_UP: Final = tuple(table for table in TABLES if table not in PRIVATE_TABLES)
_PREFIX: Final = ".backup-"
_NAME_BYTES: Final = 6
_STALE: Final = 3600  # seconds after which what an interrupted run left is swept away


@dataclass(frozen=True, slots=True)
class Built:
    """A vault that holds all of a backup, unlocked; and what the backup said of itself."""

    vault: Vault
    first: First


@contextmanager
def workshop(around: Surroundings) -> Iterator[Path]:
    """A private folder beside the vault's file, wiped at the end."""
    home = around.vault_file.parent
    claim_folder(home)
    _sweep(home)
    folder = home / f"{_PREFIX}{around.random(_NAME_BYTES).hex()}"
    try:
        folder.mkdir(mode=0o700)
        yield folder
    except OSError as error:
        raise BackupError("backup.io") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build(
    path: Path,
    secret: Secret,
    *,
    folder: Path,
    way: Way,
    around: Surroundings,
    cost: KdfCost | None = None,
) -> Built:
    """A new vault in ``folder`` with every row of the backup at ``path``, opened by ``way``.

    Raises:
        BackupError: what is wrong with the file or the secret; ``backup.no_space``.
        VaultError: ``vault.passphrase_weak``.
    """
    with opened(path, secret) as content:
        if set(content.first.counts) - set(TABLES):
            raise BackupError("backup.version")
        with _our_words():
            vault = Vault.create(
                folder / "vault.db",
                passphrase=way,
                anchor_folder=folder / "anchors",
                clock=around.clock,
                random=around.random,
                cost=cost,
            )
        try:
            vault.unlock(way)
            vault.open_private(way)
            rows = (
                CopiedRow(row.table, row.row, row.tag, row.words, row.value)
                for row in content.rows()
            )
            with _our_words():
                vault.fill(rows, content.first.finding)
                vault.check()
        except BaseException:
            vault.close()
            raise
    return Built(vault, content.first)


def put_in_place(folder: Path, around: Surroundings) -> None:
    """Make the finished vault of ``folder`` the wallet's; ``backup.wallet_here`` when one stands.

    The anchors go first: they are of no meaning without the vault.
    """
    try:
        around.anchor_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for anchor in (folder / "anchors").iterdir():
            shutil.move(anchor, around.anchor_folder / anchor.name)
        _name(folder / "vault.db", around.vault_file)
    except FileExistsError as error:
        raise BackupError("backup.wallet_here") from error
    except OSError as error:
        raise BackupError("backup.io") from error
    sync_folder(around.vault_file.parent)


def _name(finished: Path, place: Path) -> None:
    """Give the file its name, never over another; some disks know no second name for a file."""
    try:
        place.hardlink_to(finished)
    except FileExistsError:
        raise
    except OSError:
        if place.exists():
            raise FileExistsError from None
        finished.rename(place)


def _sweep(home: Path) -> None:
    """Delete what an interrupted test or restore left: sealed under keys that nobody has."""
    with suppress(OSError):
        now = home.stat().st_mtime
        for left in home.glob(f"{_PREFIX}*"):
            if now - left.stat().st_mtime > _STALE:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except VaultError as error:
        if error.code in {"vault.no_space", "vault.io"}:
            raise BackupError(error.code.replace("vault.", "backup.")) from error
        raise
