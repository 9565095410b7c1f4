"""Private keys in files: PKCS #8 in PEM, encrypted when a passphrase is given.

A file is written once, readable by its owner alone, and never overwritten: losing an issuer's key
by accident would orphan every credential that it signed. Nor is a file used that other users of the
machine can read, or that more than its owner can change. What is *not* here: other schemes of key
addresses (``keys.uris``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from healthpassport.errors import KeyMaterialError
from healthpassport.keys.signer import SoftwareSigner, signer_from_library

OWNER_ONLY: Final = 0o600
# A group may read: that is how a container or a service manager hands a secret over.
_TOO_OPEN: Final = 0o027  # write for the group, and everything for others
_GROUP_READS: Final = 0o040
MAX_SECRET: Final = 4_096  # bytes of a file with a passphrase or PIN


def load_file_signer(uri: str, passphrase: bytes | None = None) -> SoftwareSigner:
    """The signer whose key stands at ``uri`` (``file:/absolute/path`` or ``file:relative``).

    Raises:
        KeyMaterialError: ``key.uri`` for another scheme, ``key.unreadable`` when the file is
            missing, damaged or encrypted with another passphrase, ``key.permissions`` when others
            can read it.
    """
    path = key_path(uri)
    refuse_open(path)
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase)
    except (OSError, ValueError, TypeError) as error:
        raise KeyMaterialError("key.unreadable", f"the key file {path.name}") from error
    return signer_from_library(key)


def save_signer(signer: SoftwareSigner, path: Path, passphrase: bytes | None = None) -> str:
    """Write the signer's private key to the new file ``path``; returns its key URI.

    Raises:
        KeyMaterialError: ``key.exists`` when there is a file already, ``key.unreadable`` when it
            cannot be written.
    """
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    )
    pem = signer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise KeyMaterialError("key.exists", f"the key file {path.name}") from error
    except OSError as error:
        raise KeyMaterialError("key.unreadable", f"the key file {path.name}") from error
    return path.resolve().as_uri()


def read_secret(path: Path) -> bytes:
    """The first line of ``path``: a passphrase or a PIN, without the end of the line.

    Raises:
        KeyMaterialError: ``key.permissions`` when others can read the file, ``key.secret`` when it
            cannot be read, is empty or too large.
    """
    refuse_open(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SECRET + 1)
    except OSError as error:
        raise KeyMaterialError("key.secret", f"the file {path.name}") from error
    line = data.split(b"\n", 1)[0].rstrip(b"\r")
    if not line or len(data) > MAX_SECRET:
        raise KeyMaterialError("key.secret", f"the file {path.name}")
    return line


def refuse_open(path: Path) -> None:
    """Refuse (``key.permissions``) a file that others can read or more than its owner can write."""
    if _mode(path) & _TOO_OPEN:
        raise KeyMaterialError("key.permissions", f"the file {path.name}")


def group_reads(path: Path) -> bool:
    """Whether the group of ``path`` can read it, which is worth a word."""
    return bool(_mode(path) & _GROUP_READS)


def _mode(path: Path) -> int:
    """The permissions of ``path``; none where it is missing (reading says so) or has no such."""
    try:
        return path.stat().st_mode if os.name == "posix" else 0
    except OSError:
        return 0


def key_path(uri: str) -> Path:
    """The path in a ``file:`` URI.

    Raises:
        KeyMaterialError: ``key.uri``.
    """
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc or parts.query or parts.fragment or not parts.path:
        raise KeyMaterialError("key.uri")
    return Path(unquote(parts.path))
