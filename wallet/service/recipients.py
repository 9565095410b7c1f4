"""Who can open the backups of this wallet, as the vault remembers it.

A passphrase is asked for at each backup. Recovery words and a split are remembered by their public
halves, so that backups open with them too while nobody types them. What was taken out of the ways
in is forgotten here at the next backup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from healthpassport.encoding import Json, dump_json, parse_json_object
from healthpassport.errors import BackupError, VaultError
from wallet.backup.keys import (
    PassphraseSecret,
    RandomSecret,
    Recipient,
    Secret,
    SlotKind,
    passphrase_recipient,
    recipient,
)
from wallet.backup.reading import joined
from wallet.backup.split import Share, read_share
from wallet.vault import KdfCost, Passphrase, RecoveryWords, Vault, Way, WayKind, Writer
from wallet.vault.recovery import secret_of

TAG: Final = "backup recipients"


@dataclass(frozen=True, slots=True)
class HelpersParts:
    """The parts of two or three helpers, as they typed or scanned them."""

    texts: tuple[str, ...] = field(repr=False)

    def shares(self) -> tuple[Share, ...]:
        """The parts; ``backup.code_typed`` says which one and which group."""
        return tuple(_read(text, number) for number, text in enumerate(self.texts, start=1))


BackupWay: TypeAlias = "Passphrase | RecoveryWords | HelpersParts"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A recipient, and the way into the vault that it belongs to (empty: none of this vault's)."""

    recipient: Recipient
    way: str = ""


def secret_for(way: Way | HelpersParts | str, path: Path) -> Secret:
    """What ``way`` opens the backup at ``path`` with.

    Raises:
        BackupError: ``backup.way`` for a passkey; ``backup.share_`` and ``backup.code_`` codes.
        VaultError: ``vault.recovery_words``.
    """
    if isinstance(way, str):
        return PassphraseSecret(way)
    if isinstance(way, HelpersParts):
        return joined(path, way.shares())
    if isinstance(way, Passphrase):
        return PassphraseSecret(way.text)
    if isinstance(way, RecoveryWords):
        return _words_secret(way)
    raise BackupError("backup.way")


def recipients(
    vault: Vault, given: Way | str, *, random: Callable[[int], bytes], cost: KdfCost | None = None
) -> tuple[Recipient, ...]:
    """Everybody a new backup is sealed for: who has ``given``, and whoever is remembered.

    Raises:
        BackupError: ``backup.way`` when nothing is left that works on another device.
    """
    kept = [one.recipient for one in remembered(vault)]
    if isinstance(given, RecoveryWords):
        own = recipient(_words_secret(given), {})
        kept = [one for one in kept if one != own] + [own]
    elif isinstance(given, Passphrase | str):
        text = given if isinstance(given, str) else given.text
        kept.append(passphrase_recipient(text, random=random, cost=cost))
    if not kept:
        raise BackupError("backup.way")
    return tuple(kept)


def remembered(vault: Vault) -> tuple[Remembered, ...]:
    """Recipients whose way in still stands, or that never had one."""
    ways = {way.id for way in vault.ways()}
    return tuple(one for one in _stored(vault) if not one.way or one.way in ways)


def remember(vault: Vault, new: Remembered) -> None:
    """Seal later backups for ``new`` too, in the place of an older one of its kind."""
    with_it = [one for one in remembered(vault) if one.recipient.kind is not new.recipient.kind]
    _store(vault, (*with_it, new))


def remember_words(vault: Vault, words: tuple[str, ...], way: str) -> None:
    """Seal later backups for who has ``words``, for as long as the way in ``way`` stands."""
    secret = _words_secret(RecoveryWords(words))
    remember(vault, Remembered(recipient(secret, {}), way))


def loosen(writer: Writer, rows: Sequence[int], values: Sequence[bytes]) -> None:
    """In a restored wallet: recipients stay, though the ways in that they came from are gone."""
    for row, value in zip(rows, values, strict=True):
        kept = (Remembered(one.recipient) for one in _read_all(value))
        writer.replace("state", row, _wire(tuple(kept)))


def way_kinds(vault: Vault) -> frozenset[WayKind]:
    """The kinds of ways into ``vault``."""
    return frozenset(way.kind for way in vault.ways())


def _words_secret(way: RecoveryWords) -> RandomSecret:
    return RandomSecret(secret_of(way.words), SlotKind.WORDS)


def _stored(vault: Vault) -> tuple[Remembered, ...]:
    rows = vault.rows("state", tag=vault.tag(TAG))
    return tuple(one for row in rows for one in _read_all(vault.read("state", row)))


def _store(vault: Vault, all_of_them: tuple[Remembered, ...]) -> None:
    tag, value = vault.tag(TAG), _wire(all_of_them)
    rows = vault.rows("state", tag=tag)
    with vault.transaction() as writer:
        if rows:
            writer.replace("state", rows[0], value)
        else:
            writer.add("state", value, tag=tag)


def _wire(all_of_them: tuple[Remembered, ...]) -> bytes:
    told: list[Json] = [one.recipient.wire() | {"way": one.way} for one in all_of_them]
    return dump_json({"recipients": told})


def _read_all(value: bytes) -> tuple[Remembered, ...]:
    told = parse_json_object(value)["recipients"]
    found = told if isinstance(told, list) else []
    return tuple(
        Remembered(Recipient.read(one), str(one["way"]))
        for one in found
        if isinstance(one, Mapping)
    )


def _read(text: str, number: int) -> Share:
    try:
        return read_share(text)
    except BackupError as error:
        detail = f"part {number}: {error.detail}" if error.detail else f"part {number}"
        raise BackupError(error.code, detail) from error


__all__ = [
    "BackupWay",
    "HelpersParts",
    "Remembered",
    "VaultError",
    "recipients",
    "remember",
    "remember_words",
    "remembered",
    "secret_for",
]
