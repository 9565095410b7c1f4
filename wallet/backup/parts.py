"""The content, sealed in parts of 64 KiB that know their place.

Each part carries its number, its backup's id and a plain checksum: damage, a part put elsewhere and
a forged part are told apart, without a key where possible. The last part says so: a file that was
cut is seen to be cut. Lengths grow in few steps, so that they tell little of what is inside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from nacl import bindings
from nacl.exceptions import CryptoError

from healthpassport.errors import BackupError

from .header import ID_BYTES
from .keys import KEY_BYTES

PLAIN_BYTES: Final = 65_536
_SEALED_BYTES: Final = PLAIN_BYTES + bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES
_NUMBER_BYTES: Final = 8
_PLACE_BYTES: Final = _NUMBER_BYTES + 1 + ID_BYTES
_CHECKSUM_BYTES: Final = 16
PART_BYTES: Final = _PLACE_BYTES + _SEALED_BYTES + _CHECKSUM_BYTES
SMALLEST: Final = 4  # parts: 256 KiB, more than most wallets need
LARGEST_STEP: Final = 256  # parts: lengths double up to 16 MiB, then grow in steps of it
_NONCE_BYTES: Final = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_AAD: Final = b"health-passport backup part\x01"
_END: Final = b"\x80"  # ISO/IEC 7816-4 padding


class PartSealer:
    """Takes content in pieces of any length, writes sealed parts to ``file``.

    Args:
        file: where the header was written already.
        backup: the backup's id.
        key: the content's key (``content_key``).
    """

    def __init__(self, file: BinaryIO, *, backup: bytes, key: bytes) -> None:
        self._file = file
        self._backup = backup
        self._key = key
        self._waiting = bytearray()
        self._number = 0

    def write(self, content: bytes) -> None:
        """Seal as much as fills whole parts."""
        self._waiting += content
        while len(self._waiting) > PLAIN_BYTES:
            self._seal(bytes(self._waiting[:PLAIN_BYTES]))
            del self._waiting[:PLAIN_BYTES]

    def finish(self) -> None:
        """Mark the end, and fill up to a length that tells little."""
        self.write(_END)
        whole = padded_parts(self._number + 1)
        self.write(bytes(whole * PLAIN_BYTES - self._number * PLAIN_BYTES - len(self._waiting)))
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, plain: bytes, *, last: bool = False) -> None:
        place = self._number.to_bytes(_NUMBER_BYTES, "big") + bytes([last]) + self._backup
        sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            plain, _AAD + place, _nonce(self._number), self._key
        )
        self._file.write(place + sealed + _checksum(place + sealed))
        self._number += 1


def padded_parts(needed: int) -> int:
    """How many parts a content that needs ``needed`` of them is filled up to."""
    size = SMALLEST
    while size < needed:
        size = size * 2 if size < LARGEST_STEP else size + LARGEST_STEP
    return size


def read_parts(file: BinaryIO, *, backup: bytes, key: bytes) -> Iterator[bytes]:
    """The content of each part in turn, from where ``file`` stands to its very end.

    Raises:
        BackupError: ``backup.cut_short``, ``backup.damaged``, ``backup.parts_mixed``,
            ``backup.altered``; nothing that such a part holds is ever returned.
    """
    number, last = 0, False
    while not last:
        part = file.read(PART_BYTES)
        if len(part) < PART_BYTES:
            raise BackupError("backup.cut_short")
        place, sealed = _check(part, number=number, backup=backup)
        try:
            yield bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed, _AAD + place, _nonce(number), key
            )
        except CryptoError as error:
            raise BackupError("backup.altered", f"part {number + 1}") from error
        last = bool(place[_NUMBER_BYTES])
        number += 1
    if file.read(1):
        raise BackupError("backup.damaged", "there is more in the file than was written")


def look_at_parts(file: BinaryIO, *, backup: bytes) -> None:
    """What can be seen without a key: that no part is missing, damaged or out of its place."""
    number, last = 0, False
    while not last:
        part = file.read(PART_BYTES)
        if len(part) < PART_BYTES:
            raise BackupError("backup.cut_short")
        place, _sealed = _check(part, number=number, backup=backup)
        last = bool(place[_NUMBER_BYTES])
        number += 1
    if file.read(1):
        raise BackupError("backup.damaged", "there is more in the file than was written")


def content_key(key: bytes, head: bytes) -> bytes:
    """The key of the parts: from the backup's key and every byte of its header."""
    return hashlib.blake2b(head, key=key, digest_size=KEY_BYTES, person=b"hp-backup-data").digest()


def _check(part: bytes, *, number: int, backup: bytes) -> tuple[bytes, bytes]:
    """Place and sealed content of a part that is whole and stands where it was written."""
    covered, checksum = part[:-_CHECKSUM_BYTES], part[-_CHECKSUM_BYTES:]
    if _checksum(covered) != checksum:
        raise BackupError("backup.damaged", f"part {number + 1}")
    place = covered[:_PLACE_BYTES]
    found = int.from_bytes(place[:_NUMBER_BYTES], "big")
    if found != number or place[_NUMBER_BYTES + 1 :] != backup:
        raise BackupError("backup.parts_mixed", f"part {number + 1}")
    return place, covered[_PLACE_BYTES:]


def _nonce(number: int) -> bytes:
    """Each key seals the parts of one file only, so their number is enough."""
    return number.to_bytes(_NUMBER_BYTES, "big") + bytes(_NONCE_BYTES - _NUMBER_BYTES)


def _checksum(covered: bytes) -> bytes:
    return hashlib.blake2b(covered, digest_size=_CHECKSUM_BYTES).digest()
