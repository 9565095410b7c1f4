"""Who can open a backup: its own random key, sealed apart for every way.

A way is an X25519 key whose private half comes from a secret: a passphrase by Argon2id, or 16
random bytes (recovery words, a printed sheet, the secret of a split). The public half stays in the
vault, so a backup is made without the words at hand, and a secret that opens one backup gives away
nothing that opens another way's. Sealing is HPKE (RFC 9180, base mode).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from healthpassport.encoding import Json, b64url_decode, b64url_encode, jcs
from healthpassport.errors import BackupError, EncodingError, VaultError
from wallet.vault.kdf import SALT_BYTES, KdfCost, key_from_passphrase

KEY_BYTES: Final = 32
SECRET_BYTES: Final = 16
SEALED_BYTES: Final = 32 + KEY_BYTES + 16  # RFC 9180 section 4.1: enc, then ciphertext and tag
SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_INFO: Final = b"health-passport backup key\x01"


class SlotKind(StrEnum):
    """What kind of secret opens a slot. ``WORDS`` are also what a printed sheet holds."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a kind, not a secret
    WORDS = "words"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A way that a backup is sealed for.

    ``facts`` stand readable in the backup's slot; ``public`` (32 bytes) does not.
    """

    kind: SlotKind
    facts: Mapping[str, Json]
    public: bytes = field(repr=False)

    def wire(self) -> dict[str, Json]:
        """The recipient as JSON, to be kept in the vault."""
        return {
            "kind": self.kind.value,
            "facts": dict(self.facts),
            "public": b64url_encode(self.public),
        }

    @classmethod
    def read(cls, stored: Mapping[str, Json]) -> Recipient:
        """The reverse of ``wire``; the vault vouches for what it holds."""
        facts = stored["facts"]
        return cls(
            SlotKind(str(stored["kind"])),
            facts if isinstance(facts, Mapping) else {},
            b64url_decode(str(stored["public"])),
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """The backup's key, sealed for one way."""

    kind: SlotKind
    facts: Mapping[str, Json]
    sealed: bytes = field(repr=False)

    def told(self) -> dict[str, Json]:
        """Everything of the slot but what is sealed."""
        return {"kind": self.kind.value, **self.facts}

    def wire(self) -> dict[str, Json]:
        """The slot as it stands in the header."""
        return {**self.told(), "sealed": b64url_encode(self.sealed)}


class Secret(Protocol):
    """What a person has that opens a slot of its kind."""

    @property
    def kind(self) -> SlotKind:
        """The kind of slots to try."""

    def private(self, facts: Mapping[str, Json]) -> bytes:
        """The private key (32 bytes) for a slot with ``facts``."""


@dataclass(frozen=True, slots=True)
class PassphraseSecret:
    """A passphrase that a person types."""

    text: str = field(repr=False)
    kind: SlotKind = SlotKind.PASSPHRASE

    def private(self, facts: Mapping[str, Json]) -> bytes:
        """Argon2id by the slot's salt and cost, both checked first (``backup.kdf``)."""
        salt, cost = read_cost(facts)
        try:
            return key_from_passphrase(self.text, salt=salt, cost=cost)
        except VaultError as error:
            code = "backup.kdf" if error.code == "vault.kdf" else "backup.unlock_failed"
            raise BackupError(code) from error


@dataclass(frozen=True, slots=True)
class RandomSecret:
    """Sixteen random bytes: too many to guess, so no cost is put on a guess."""

    secret: bytes = field(repr=False)
    kind: SlotKind

    def private(self, facts: Mapping[str, Json]) -> bytes:  # noqa: ARG002 - the same for all
        """BLAKE2b of the secret, apart for each kind."""
        person = f"hp-backup-{self.kind.value}".encode()
        return hashlib.blake2b(key=self.secret, digest_size=KEY_BYTES, person=person).digest()


def passphrase_recipient(
    text: str, *, random: Callable[[int], bytes], cost: KdfCost | None = None
) -> Recipient:
    """Who knows the passphrase ``text``, by a new salt."""
    spent = cost or KdfCost()
    facts: dict[str, Json] = {
        "salt": b64url_encode(random(SALT_BYTES)),
        "passes": spent.passes,
        "memory": spent.memory,
    }
    return recipient(PassphraseSecret(text), facts)


def recipient(secret: Secret, facts: Mapping[str, Json]) -> Recipient:
    """Who has ``secret``."""
    private = X25519PrivateKey.from_private_bytes(secret.private(facts))
    return Recipient(secret.kind, facts, private.public_key().public_bytes_raw())


def read_cost(facts: Mapping[str, Json]) -> tuple[bytes, KdfCost]:
    """Salt and cost of a passphrase's slot; ``backup.kdf`` outside floor and ceiling."""
    salt, passes, memory = facts.get("salt"), facts.get("passes"), facts.get("memory")
    if not isinstance(salt, str) or not isinstance(passes, int) or not isinstance(memory, int):
        raise BackupError("backup.damaged", "a slot lacks a member")
    try:
        cost, found = KdfCost(passes, memory), b64url_decode(salt)
        cost.check()
    except EncodingError as error:
        raise BackupError("backup.damaged", "a salt cannot be read") from error
    except VaultError as error:
        raise BackupError("backup.kdf") from error
    if len(found) != SALT_BYTES:
        raise BackupError("backup.damaged", "a salt has the wrong length")
    return found, cost


def seal_key(key: bytes, *, to: Recipient, backup: bytes) -> Slot:
    """``key`` for the holder of one secret, bound to the backup with id ``backup``."""
    public = X25519PublicKey.from_public_bytes(to.public)
    empty = Slot(to.kind, to.facts, b"")
    return Slot(to.kind, to.facts, SUITE.encrypt(key, public, info=_info(empty, backup)))


def open_key(slots: tuple[Slot, ...], *, secret: Secret, backup: bytes) -> bytes:
    """The backup's key.

    Raises:
        BackupError: ``backup.no_such_way`` when it was not sealed for a secret of this kind,
            ``backup.unlock_failed`` when it was sealed for others, ``backup.kdf``.
    """
    candidates = [slot for slot in slots if slot.kind is secret.kind]
    if not candidates:
        raise BackupError("backup.no_such_way")
    for slot in candidates:
        private = X25519PrivateKey.from_private_bytes(secret.private(slot.facts))
        try:
            return SUITE.decrypt(slot.sealed, private, info=_info(slot, backup))
        except InvalidTag:
            continue
    raise BackupError("backup.unlock_failed")


def _info(slot: Slot, backup: bytes) -> bytes:
    """RFC 9180 section 8.1: what the sealed key is for, bound to file and slot."""
    return _INFO + backup + jcs(slot.told())
