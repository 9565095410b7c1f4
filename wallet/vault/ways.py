"""Ways into a vault: a passphrase, twelve recovery words, a passkey.

Each opens the vault by itself. ``Way`` is what a person or a device gives; ``WayInfo`` is what
anybody may know of it while the vault is locked. What is *not* here: keys (``slots``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from healthpassport.errors import VaultError

from .kdf import check_new_passphrase
from .recovery import secret_of

PASSKEY_SECRET_BYTES: Final = 32  # WebAuthn section 10.1.4: a PRF output is 32 bytes
MAX_CREDENTIAL_BYTES: Final = 1023  # WebAuthn section 4, Credential ID


class WayKind(StrEnum):
    """The kinds of ways in."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a kind, not a secret
    WORDS = "words"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Passphrase:
    """What its owner types."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryWords:
    """Twelve words from paper (``recovery.read_words``)."""

    words: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey's credential id, and its PRF output for ``Vault.passkey_input`` (32 bytes)."""

    credential_id: bytes
    secret: bytes = field(repr=False)


Way: TypeAlias = "Passphrase | RecoveryWords | Passkey"


@dataclass(frozen=True, slots=True)
class WayInfo:
    """A way in as the locked vault tells of it. ``label`` is its owner's, and is not secret."""

    id: str
    kind: WayKind
    label: str
    added_on: date
    credential_id: bytes = b""


def as_way(way: Way | str) -> Way:
    """``way``, where a plain text is a passphrase."""
    return Passphrase(way) if isinstance(way, str) else way


def kind_of(way: Way) -> WayKind:
    """The kind of ``way``."""
    if isinstance(way, Passphrase):
        return WayKind.PASSPHRASE
    return WayKind.WORDS if isinstance(way, RecoveryWords) else WayKind.PASSKEY


def check_new_way(way: Way) -> None:
    """Raise what is wrong with a new way.

    Raises:
        VaultError: ``vault.passphrase_weak``, ``vault.recovery_words``, ``vault.passkey``.
    """
    if isinstance(way, Passphrase):
        check_new_passphrase(way.text)
    elif isinstance(way, RecoveryWords):
        secret_of(way.words)
    elif len(way.secret) != PASSKEY_SECRET_BYTES or not any(way.secret):
        raise VaultError("vault.passkey", "the passkey gave no secret")
    elif not 0 < len(way.credential_id) <= MAX_CREDENTIAL_BYTES:
        raise VaultError("vault.passkey", "the passkey has no name of a length that we know")
