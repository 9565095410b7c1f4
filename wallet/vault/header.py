"""The vault's header: which wallet it is, whom private rows are sealed to, and the ways in.

Each way in is a slot that opens by itself (``slots``). A plain checksum tells damage from a wrong
passphrase; the manifest binds the header's digest, so that no slot can be added, removed or put
back without the data key. Later versions keep this much: row 1 of a table ``header`` with ``body``,
a JSON object with the number ``v``, and ``checksum``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from nacl import bindings

from healthpassport.encoding import (
    Json,
    b64url_decode,
    b64url_encode,
    jcs,
    parse_json_object,
)
from healthpassport.errors import EncodingError, VaultError

from .slots import Slot, read_slot
from .ways import WayKind

VERSION: Final = 2
WALLET_BYTES: Final = 16
CHECKSUM_BYTES: Final = 16
PUBLIC_BYTES: Final = bindings.crypto_scalarmult_BYTES
MAX_SLOTS: Final = 12
ONE_OF_A_KIND: Final = frozenset({WayKind.PASSPHRASE, WayKind.WORDS})


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """A header as the vault's file holds it."""

    body: bytes
    checksum: bytes

    def digest(self) -> bytes:
        """What the manifest binds, so that an older header cannot come back."""
        return hashlib.blake2b(self.body, digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class Header:
    """``public`` is the X25519 key that private rows are sealed to; ``slots`` are the ways in."""

    wallet: bytes
    public: bytes
    slots: tuple[Slot, ...]

    @property
    def name(self) -> bytes:
        """What every slot binds of the vault: its id and its public key."""
        return self.wallet + self.public

    def stored(self) -> StoredHeader:
        """The header as it is stored (RFC 8785)."""
        slots: list[Json] = [slot.wire() for slot in self.slots]
        body = jcs(
            {
                "v": VERSION,
                "wallet": b64url_encode(self.wallet),
                "aead": "xchacha20poly1305",
                "box": "x25519",
                "public": b64url_encode(self.public),
                "slots": slots,
            }
        )
        return StoredHeader(body, checksum(body))

    def slot(self, way_id: str) -> Slot:
        """The slot with this id (``vault.way_unknown``)."""
        for slot in self.slots:
            if slot.info().id == way_id:
                return slot
        raise VaultError("vault.way_unknown")

    def with_slot(self, slot: Slot, *, instead_of: Slot | None = None) -> Header:
        """One way in more, or another in the place of one.

        ``vault.way_exists`` for a second of a kind, a passkey twice, or too many.
        """
        gone = instead_of.id if instead_of else b""
        others = [found for found in self.slots if found.id != gone]
        taken = {found.kind for found in others} & ONE_OF_A_KIND
        same_key = {found.credential for found in others if found.credential}
        if slot.kind in taken or slot.credential in same_key or len(others) >= MAX_SLOTS:
            raise VaultError("vault.way_exists")
        if instead_of is None:
            return replace(self, slots=(*others, slot))
        kept = tuple(slot if found.id == gone else found for found in self.slots)
        return replace(self, slots=kept)

    def without(self, slot: Slot) -> Header:
        """One way in fewer; ``vault.last_way`` when it is the only one."""
        left = tuple(found for found in self.slots if found.id != slot.id)
        if not left:
            raise VaultError("vault.last_way")
        return replace(self, slots=left)


def checksum(body: bytes) -> bytes:
    """Plain BLAKE2b of the header's bytes."""
    return hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()


def version_of(stored: StoredHeader) -> int | None:
    """The number ``v`` of a header of any version whose bytes are whole, else None."""
    if checksum(stored.body) != stored.checksum:
        return None
    try:
        version = parse_json_object(stored.body).get("v")
    except EncodingError:
        return None
    return version if isinstance(version, int) else None


def read_header(stored: StoredHeader) -> Header:
    """The header of ``stored``.

    Raises:
        VaultError: ``vault.corrupt`` for damage, ``vault.version`` for a later format,
            ``vault.kdf`` for a cost outside floor and ceiling.
    """
    if checksum(stored.body) != stored.checksum:
        raise VaultError("vault.corrupt", "the header is damaged")
    try:
        document = parse_json_object(stored.body)
        if document.get("v") != VERSION:
            raise VaultError("vault.version")
        header = _header(document)
        # Comparing with what we would write refuses every member and spelling that we do not know.
        same = header.stored().body == stored.body
    except EncodingError as error:
        raise VaultError("vault.corrupt", "the header cannot be read") from error
    if not same:
        raise VaultError("vault.corrupt", "the header is not one that a wallet writes")
    return header


def _header(document: dict[str, Json]) -> Header:
    wallet, public, slots = (document.get(name) for name in ("wallet", "public", "slots"))
    if not isinstance(wallet, str) or not isinstance(public, str) or not isinstance(slots, list):
        raise VaultError("vault.corrupt", "the header lacks a member")
    header = Header(b64url_decode(wallet), b64url_decode(public), ())
    if len(header.wallet) != WALLET_BYTES or len(header.public) != PUBLIC_BYTES or not slots:
        raise VaultError("vault.corrupt", "a member of the header has the wrong length")
    for members in slots:
        if not isinstance(members, dict):
            raise VaultError("vault.corrupt", "a way in is no object")
        try:
            header = header.with_slot(read_slot(members))
        except VaultError as error:
            if error.code == "vault.way_exists":
                raise VaultError("vault.corrupt", "the header holds a way in twice") from error
            raise
    return header
