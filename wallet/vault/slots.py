"""One slot of the header: a way in, and the vault's two secrets sealed under it.

A slot holds the data key, and apart from it the private key of the private tables: opening the
first does not open the second. Everything readable in a slot is associated data of both, so that
no cost, salt or label can be changed without a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from nacl.exceptions import CryptoError

from healthpassport.encoding import Json, b64url_decode, b64url_encode, jcs
from healthpassport.errors import VaultError

from .aead import MAC_BYTES, NONCE_BYTES, decrypt, encrypt
from .kdf import KEY_BYTES, LANES, SALT_BYTES, KdfCost, key_from_passphrase
from .recovery import secret_of
from .ways import MAX_CREDENTIAL_BYTES, Passkey, Passphrase, Way, WayInfo, WayKind, kind_of

ID_BYTES: Final = 8
SECRET_SALT_BYTES: Final = 32  # mixed with the words' secret or the passkey's
MAX_LABEL: Final = 60  # characters
WRAPPED_BYTES: Final = NONCE_BYTES + KEY_BYTES + MAC_BYTES
_AAD: Final = b"health-passport vault slot\x02"
_PERSON: Final = {WayKind.WORDS: b"hp-vault-12words", WayKind.PASSKEY: b"hp-vault-passkey"}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What every slot holds: the data key, and the private key of the private tables."""

    data: bytes | bytearray = field(repr=False)
    private: bytes | bytearray = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """A way in as the header holds it. ``cost`` belongs to a passphrase, ``credential`` to a key.

    ``data`` and ``private`` are nonce and ciphertext of the two secrets.
    """

    id: bytes
    kind: WayKind
    label: str
    added_on: date
    salt: bytes
    cost: KdfCost | None = None
    credential: bytes = b""
    data: bytes = b""
    private: bytes = b""

    def readable(self) -> dict[str, Json]:
        """The members that are not sealed."""
        members: dict[str, Json] = {
            "id": b64url_encode(self.id),
            "kind": self.kind.value,
            "label": self.label,
            "added": self.added_on.isoformat(),
            "salt": b64url_encode(self.salt),
        }
        if self.cost is not None:
            members["kdf"] = {
                "name": "argon2id",
                "passes": self.cost.passes,
                "memory": self.cost.memory,
                "lanes": LANES,
            }
        if self.credential:
            members["credential"] = b64url_encode(self.credential)
        return members

    def wire(self) -> dict[str, Json]:
        """The whole slot as a JSON object."""
        sealed: dict[str, Json] = {
            "data": b64url_encode(self.data),
            "private": b64url_encode(self.private),
        }
        return self.readable() | sealed

    def info(self) -> WayInfo:
        """What the locked vault tells of this way in."""
        shown = b64url_encode(self.id)
        return WayInfo(shown, self.kind, self.label, self.added_on, self.credential)

    def fits(self, way: Way) -> bool:
        """Whether ``way`` is of this slot's kind, and of its passkey."""
        same_key = not isinstance(way, Passkey) or way.credential_id == self.credential
        return same_key and kind_of(way) is self.kind


def read_slot(members: Mapping[str, Json]) -> Slot:
    """The slot of ``members``.

    Raises:
        VaultError: ``vault.kdf`` for a cost outside floor and ceiling, else ``vault.corrupt``.
        EncodingError: for a member that is no base64url; the caller compares all spellings.
    """
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    try:
        slot = Slot(
            id=b64url_decode(texts["id"]),
            kind=WayKind(texts["kind"]),
            label=texts["label"],
            added_on=date.fromisoformat(texts["added"]),
            salt=b64url_decode(texts["salt"]),
            cost=_cost(members.get("kdf")),
            credential=b64url_decode(texts.get("credential", "")),
            data=b64url_decode(texts["data"]),
            private=b64url_decode(texts["private"]),
        )
    except (KeyError, ValueError) as error:
        raise VaultError("vault.corrupt", "a way in lacks a member") from error
    if not _has_right_lengths(slot):
        raise VaultError("vault.corrupt", "a member of a way in has the wrong length")
    if slot.cost is not None:
        slot.cost.check()
    return slot


def _cost(kdf: Json) -> KdfCost | None:
    if not isinstance(kdf, dict):
        return None
    passes, memory = kdf.get("passes"), kdf.get("memory")
    if not isinstance(passes, int) or not isinstance(memory, int):
        raise VaultError("vault.corrupt", "a cost is no number")
    return KdfCost(passes, memory)


def _has_right_lengths(slot: Slot) -> bool:
    typed = slot.kind is WayKind.PASSPHRASE
    return (
        len(slot.id) == ID_BYTES
        and len(slot.label) <= MAX_LABEL
        and len(slot.salt) == (SALT_BYTES if typed else SECRET_SALT_BYTES)
        and (slot.cost is not None) == typed
        and bool(slot.credential) == (slot.kind is WayKind.PASSKEY)
        and len(slot.credential) <= MAX_CREDENTIAL_BYTES
        and len(slot.data) == len(slot.private) == WRAPPED_BYTES
    )


def seal_slot(
    slot: Slot, *, way: Way, secrets: Secrets, vault: bytes, random: Callable[[int], bytes]
) -> Slot:
    """``slot`` with ``secrets`` sealed under ``way``; ``vault`` names the vault (header)."""
    main, bound = _main_key(slot, way), _bound(slot, vault)
    return replace(
        slot,
        data=_seal(secrets.data, _half(main, b"data"), bound, random(NONCE_BYTES)),
        private=_seal(secrets.private, _half(main, b"private"), bound, random(NONCE_BYTES)),
    )


def open_data(slot: Slot, *, way: Way, vault: bytes) -> bytearray:
    """The data key; ``vault.unlock_failed`` when ``way`` does not open the slot."""
    return _open(slot.data, _half(_main_key(slot, way), b"data"), _bound(slot, vault))


def open_secrets(slot: Slot, *, way: Way, vault: bytes) -> Secrets:
    """Both secrets; ``vault.unlock_failed`` when ``way`` does not open the slot."""
    main, bound = _main_key(slot, way), _bound(slot, vault)
    return Secrets(
        _open(slot.data, _half(main, b"data"), bound),
        _open(slot.private, _half(main, b"private"), bound),
    )


def _main_key(slot: Slot, way: Way) -> bytes:
    """32 bytes from what a person or device gives and the slot's salt."""
    if isinstance(way, Passphrase):
        if slot.cost is None:
            raise VaultError("vault.unlock_failed")
        return key_from_passphrase(way.text, salt=slot.salt, cost=slot.cost)
    secret = way.secret if isinstance(way, Passkey) else secret_of(way.words)
    person = _PERSON[kind_of(way)]
    return hashlib.blake2b(slot.salt, key=secret, digest_size=KEY_BYTES, person=person).digest()


def _half(main: bytes, name: bytes) -> bytes:
    return hashlib.blake2b(name, key=main, digest_size=KEY_BYTES, person=b"hp-vault-slot").digest()


def _bound(slot: Slot, vault: bytes) -> bytes:
    return _AAD + vault + jcs(slot.readable())


def _seal(secret: bytes | bytearray, key: bytes, bound: bytes, nonce: bytes) -> bytes:
    return nonce + encrypt(secret, key=key, nonce=nonce, bound=bound)


def _open(sealed: bytes, key: bytes, bound: bytes) -> bytearray:
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return bytearray(decrypt(body, key=key, nonce=nonce, bound=bound))
    except CryptoError as error:
        raise VaultError("vault.unlock_failed") from error
