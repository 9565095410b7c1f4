"""The newest state of a vault seen on this computer, kept outside its file.

A file cannot tell that it is yesterday's; a number beside it can. The anchor is written after each
commit, so it may lag by one transaction after a crash, and is never ahead. It is authenticated with
a key of the vault. Who replaces vault and anchor together from one backup is not detected.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from healthpassport.errors import VaultError

from .files import private_folder

_COUNTER_BYTES = 8
_MAC_BYTES = 32


def anchor_path(folder: Path, wallet: bytes) -> Path:
    """Where the anchor of ``wallet`` stands in ``folder``."""
    return folder / f"{wallet.hex()}.anchor"


def read_anchor(path: Path, *, key: bytes | bytearray) -> int:
    """The counter that was last seen; ``vault.anchor`` when the file is missing or altered."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise VaultError("vault.anchor", "the file with the last counter is missing") from error
    except OSError as error:
        raise VaultError("vault.io") from error
    counter, mac = data[:_COUNTER_BYTES], data[_COUNTER_BYTES:]
    if len(data) != _COUNTER_BYTES + _MAC_BYTES or not hmac.compare_digest(mac, _mac(counter, key)):
        raise VaultError("vault.anchor", "the file with the last counter is damaged")
    return int.from_bytes(counter, "big")


def write_anchor(path: Path, *, counter: int, key: bytes | bytearray) -> None:
    """Replace the anchor in one step.

    Raises:
        OSError: when the disk refuses; the caller decides (the vault itself is committed by then).
    """
    private_folder(path.parent)
    number = counter.to_bytes(_COUNTER_BYTES, "big")
    fresh = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, number + _mac(number, key))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)


def _mac(counter: bytes, key: bytes | bytearray) -> bytes:
    return hashlib.blake2b(
        counter, key=bytes(key), digest_size=_MAC_BYTES, person=b"hp-vault-anchor"
    ).digest()
