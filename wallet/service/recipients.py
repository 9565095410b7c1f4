"""Who can open the backups of this wallet, as the vault remembers it.

A passphrase is asked for at each backup. Recovery words and a split are remembered by their public
halves, so that backups open with them too while nobody types them. What was taken out of the ways
in is left out of later backups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

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
from wallet.backup.sheet import read_sheet
from wallet.backup.split import Share, read_share
from wallet.vault import Passphrase, RecoveryWords, Vault, Way, Writer, read_words
from wallet.vault.kdf import NEW_COST, KdfCost
from wallet.vault.recovery import secret_of

TAG: Final = "backup recipients"


@dataclass(frozen=True, slots=True)
class HelpersParts:
    """The parts of two or three helpers, as they were typed or scanned."""

    texts: tuple[str, ...] = field(repr=False)

    def shares(self) -> tuple[Share, ...]:
        """The parts; ``backup.code_`` errors say which one, and which group of it."""
        return tuple(_read(text, place) for place, text in enumerate(self.texts, start=1))


@dataclass(frozen=True, slots=True)
class Remembered:
    """A recipient, and the way into the vault that it stands for (empty: none of this vault's)."""

    recipient: Recipient
    way: str = ""


def read_way(typed: str) -> Way:
    """What was typed where 12 words, a sheet's code and a passphrase can be."""
    for read in (read_words, read_sheet):
        try:
            return RecoveryWords(read(typed))
        except (BackupError, VaultError):
            continue
    return Passphrase(typed)


def secret_for(way: Way | HelpersParts, path: Path) -> Secret:
    """What ``way`` opens the backup at ``path`` with.

    Raises:
        BackupError: ``backup.way`` for a passkey; ``backup.share_`` and ``backup.code_`` codes.
        VaultError: ``vault.recovery_words``.
    """
    if isinstance(way, HelpersParts):
        return joined(path, way.shares())
    if isinstance(way, Passphrase):
        return PassphraseSecret(way.text)
    if isinstance(way, RecoveryWords):
        return words_secret(way.words)
    raise BackupError("backup.way")


def recipients(
    vault: Vault, given: Way, *, random: Callable[[int], bytes], cost: KdfCost | None = None
) -> tuple[Recipient, ...]:
    """Everybody whom a new backup is sealed for: who has ``given``, and whoever is remembered.

    Raises:
        BackupError: ``backup.way`` when nothing of it works on another device.
    """
    found = [one.recipient for one in remembered(vault)]
    if isinstance(given, RecoveryWords):
        own = recipient(words_secret(given.words), {})
        found = [one for one in found if one != own] + [own]
    elif isinstance(given, Passphrase):
        found.append(passphrase_recipient(given.text, random=random, cost=cost or NEW_COST))
    if not found:
        raise BackupError("backup.way")
    return tuple(found)


def remembered(vault: Vault) -> tuple[Remembered, ...]:
    """Recipients whose way in still stands, or that never had one."""
    ways = {way.id for way in vault.ways()}
    rows = vault.rows("state", tag=vault.tag(TAG))
    stored = (one for row in rows for one in _read_all(vault.read("state", row)))
    return tuple(one for one in stored if not one.way or one.way in ways)


def remember(vault: Vault, new: Remembered) -> None:
    """Seal later backups for ``new`` too, in the place of an older one of its kind."""
    others = [one for one in remembered(vault) if one.recipient.kind is not new.recipient.kind]
    tag, value = vault.tag(TAG), _wire((*others, new))
    rows = vault.rows("state", tag=tag)
    with vault.transaction() as writer:
        if rows:
            writer.replace("state", rows[0], value)
        else:
            writer.add("state", value, tag=tag)


def remember_way(vault: Vault, way: Way, way_id: str) -> None:
    """Seal later backups for who has these words, for as long as the way in stands.

    A passphrase is typed at each backup, and a passkey opens none.
    """
    if isinstance(way, RecoveryWords):
        remember(vault, Remembered(recipient(words_secret(way.words), {}), way_id))


def loosen(writer: Writer, rows: Mapping[int, bytes]) -> None:
    """In a restored wallet: recipients stay, though the ways that they stood for are gone."""
    for row, value in rows.items():
        writer.replace(
            "state", row, _wire(tuple(Remembered(o.recipient) for o in _read_all(value)))
        )


def words_secret(words: tuple[str, ...]) -> RandomSecret:
    """What recovery words open a backup with."""
    return RandomSecret(secret_of(words), SlotKind.WORDS)


def _wire(all_of_them: tuple[Remembered, ...]) -> bytes:
    told: list[Json] = [{**one.recipient.wire(), "way": one.way} for one in all_of_them]
    return dump_json({"recipients": told})


def _read_all(value: bytes) -> tuple[Remembered, ...]:
    told = parse_json_object(value)["recipients"]
    return tuple(
        Remembered(Recipient.read(one), str(one["way"]))
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, Mapping)
    )


def _read(text: str, place: int) -> Share:
    try:
        return read_share(text)
    except BackupError as error:
        raise BackupError(error.code, f"part {place}: {error.detail or error.title}") from error
