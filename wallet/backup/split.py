"""A secret among three people, any two of whom can open the backup together.

Shamir's scheme over GF(2^128) by pycryptodome. The scheme alone would take a wrong share and give a
wrong secret, so the backup holds a commitment to each share: a wrong one is named. A share's text
names no person, no scheme and nothing of health. What is *not* here: who holds which share.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from Crypto.Protocol.SecretSharing import Shamir

from healthpassport.encoding import Json, b64url_decode, b64url_encode
from healthpassport.errors import BackupError

from . import groups
from .keys import SECRET_BYTES, RandomSecret, Recipient, SlotKind, recipient

NEEDED: Final = 2
PEOPLE: Final = 3
SPLIT_BYTES: Final = 4  # tells the shares of two splits apart; random, so nothing else
_KIND: Final = 1  # of the text: a share, first version
_TEXT_BYTES: Final = 1 + SPLIT_BYTES + 1 + SECRET_BYTES
_COMMITMENT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Share:
    """One of three parts of a secret: which split, which number (1 to 3), and its 16 bytes."""

    split: bytes
    number: int
    value: bytes = field(repr=False)

    def groups(self) -> tuple[str, ...]:
        """The share as groups of characters, to be printed or typed."""
        return groups.encode(bytes([_KIND]) + self.split + bytes([self.number]) + self.value)

    def text(self) -> str:
        """The groups on one line, as a QR code holds them."""
        return "-".join(self.groups())

    def commitment(self) -> bytes:
        """What the backup holds to know this share again; nobody can find the share from it."""
        return hashlib.blake2b(
            self.split + bytes([self.number]) + self.value,
            digest_size=_COMMITMENT_BYTES,
            person=b"hp-backup-share",
        ).digest()


def new_split(random: Callable[[int], bytes]) -> tuple[Recipient, tuple[Share, ...]]:
    """A new secret: whom backups are sealed for from now on, and its three shares.

    The library draws the line through the secret from the system's own randomness.
    """
    secret, split = random(SECRET_BYTES), random(SPLIT_BYTES)
    shares = tuple(
        Share(split, number, value) for number, value in Shamir.split(NEEDED, PEOPLE, secret)
    )
    parts: list[Json] = [b64url_encode(share.commitment()) for share in shares]
    facts: dict[str, Json] = {"split": b64url_encode(split), "parts": parts}
    return recipient(RandomSecret(secret, SlotKind.SPLIT), facts), shares


def read_share(text: str) -> Share:
    """The share that a person typed or scanned.

    Raises:
        BackupError: ``backup.code_typed`` naming the group with the slip, ``backup.code_kind``.
    """
    data = groups.decode(text, size=_TEXT_BYTES)
    number = data[1 + SPLIT_BYTES]
    if data[0] != _KIND or not 1 <= number <= PEOPLE:
        raise BackupError("backup.code_kind")
    return Share(data[1 : 1 + SPLIT_BYTES], number, data[2 + SPLIT_BYTES :])


def join(shares: Sequence[Share], *, facts: Mapping[str, Json]) -> RandomSecret:
    """The secret of two or three ``shares``, each seen to belong to the slot with ``facts``.

    Raises:
        BackupError: ``backup.share_few``, ``backup.share_twice``, ``backup.share_mixed``,
            ``backup.share_old``, ``backup.share_forged`` naming the number of the share.
    """
    if len({share.split for share in shares}) > 1:
        raise BackupError("backup.share_mixed")
    if len({share.number for share in shares}) < len(shares):
        raise BackupError("backup.share_twice")
    if len(shares) < NEEDED:
        raise BackupError("backup.share_few")
    split, commitments = read_split(facts)
    if shares[0].split != split:
        raise BackupError("backup.share_old")
    for share in shares:
        if not hmac.compare_digest(share.commitment(), commitments[share.number - 1]):
            raise BackupError("backup.share_forged", f"part number {share.number}")
    points = [(share.number, share.value) for share in shares[:NEEDED]]
    return RandomSecret(Shamir.combine(points), SlotKind.SPLIT)


def read_split(facts: Mapping[str, Json]) -> tuple[bytes, tuple[bytes, ...]]:
    """The split's id and the commitments to its shares, as a slot tells them."""
    split, parts = facts.get("split"), facts.get("parts")
    if not isinstance(split, str) or not isinstance(parts, list) or len(parts) != PEOPLE:
        raise BackupError("backup.damaged", "a slot lacks a member")
    found = b64url_decode(split)
    commitments = tuple(b64url_decode(part) for part in parts if isinstance(part, str))
    lengths = {len(commitment) for commitment in commitments}
    if len(found) != SPLIT_BYTES or lengths != {_COMMITMENT_BYTES} or len(commitments) != PEOPLE:
        raise BackupError("backup.damaged", "a slot has the wrong length")
    return found, commitments
