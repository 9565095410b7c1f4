"""The key that seals whom a bulk run is about, secrets of webhooks, and what staff have in hand.

It stands in a file, never in the database. What is *not* here: the sealing itself (``sealing``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from healthpassport.errors import SettingsError
from issuer.settings import Settings

from .context import IssuerContext

FILE: Final = "queue.key"
_LENGTH: Final = 43  # characters of base64url: 256 random bits


def queue_key_path(settings: Settings) -> Path:
    """Where the key is, whether or not it was made yet."""
    return settings.queue_key or settings.api_keys.with_name(FILE)


def queue_key(issuer: IssuerContext) -> str:
    """The key of the settings' file, made now where there is none.

    Raises:
        SettingsError: ``issuer.queue_key``.
    """
    path = queue_key_path(issuer.settings)
    try:
        found = _read(path) or _made(path, issuer.secret())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("issuer.queue_key") from error
    if len(found) != _LENGTH:
        raise SettingsError("issuer.queue_key")
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _made(path: Path, key: str) -> str:
    """``key``, in a new file that was whole before it had its name; or another process's."""
    partial = path.with_name(f"{path.name}.{key[:8]}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, f"{key}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(partial, path)  # fails where another process was first
    except FileExistsError:
        return _read(path)
    finally:
        partial.unlink()
    return key
