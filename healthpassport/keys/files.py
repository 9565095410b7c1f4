"""Private keys in files: PKCS #8 in PEM, encrypted when a passphrase is given.

A file is written once, readable by its owner alone, and never overwritten: losing an issuer's key
by accident would orphan every credential that it signed. What is *not* here: hardware keys; the
scheme ``pkcs11:`` is refused until there is a signer for it.
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


def load_signer(uri: str, passphrase: bytes | None = None) -> SoftwareSigner:
    """The signer whose key stands at ``uri`` (``file:/absolute/path`` or ``file:relative``).

    Raises:
        KeyMaterialError: ``key.uri`` for another scheme, ``key.unreadable`` when the file is
            missing, damaged or encrypted with another passphrase.
    """
    path = _path(uri)
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


def _path(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc or parts.query or parts.fragment or not parts.path:
        raise KeyMaterialError("key.uri")
    return Path(unquote(parts.path))
