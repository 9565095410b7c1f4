"""Deleting a whole wallet from this device, and saying what that does not reach.

The vault goes first: without it an anchor means nothing, and an interrupted run is ended by
another. The file is written over before it is deleted; a disk may keep old blocks all the same, and
what is in them is sealed. What is *not* here: asking whether it is meant.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthpassport.errors import VaultError
from healthpassport.trust.cache import CACHE_FILE
from wallet.vault import Vault

from .card_store import CardState
from .cards import Cards
from .surroundings import Surroundings

_ANCHORS: Final = frozenset({".anchor", ".guesses"})
_BLOCK: Final = bytes(65_536)
LEFT: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Your backup files are still where you put them. Delete them too.",
        "Cards that you printed can still be read. Tear them up.",
        "Words, sheets and helpers' parts open old backups. Tear them up too.",
        "Hospitals keep what you showed them: it is part of the notes of your care.",
        "People who help you keep what you gave them until its last day.",
        "What the surgery has of you is still there. Ask for it again when you like.",
    ),
    "cy": (
        "Mae eich ffeiliau wrth gefn yn dal lle rhoesoch chi nhw. Dilëwch nhw hefyd.",
        "Gellir darllen cardiau a argraffwyd gennych o hyd. Rhwygwch nhw.",
        "Mae geiriau, taflenni a rhannau helpwyr yn agor hen gopïau. Rhwygwch nhw hefyd.",
        "Mae ysbytai'n cadw'r hyn a ddangosoch iddynt: mae'n rhan o nodiadau eich gofal.",
        "Mae pobl sy'n eich helpu yn cadw'r hyn a roesoch iddynt tan ei ddiwrnod olaf.",
        "Mae'r hyn sydd gan y feddygfa amdanoch yno o hyd. Gofynnwch amdano eto pan fynnwch.",
    ),
}
BEFORE: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "This deletes your wallet, and all that is in it, from this device.",
        "Is there a card for an emergency? Withdraw it first, as later you cannot.",
        "If you want your records back one day, make a backup first.",
    ),
    "cy": (
        "Mae hyn yn dileu eich waled o'r ddyfais hon: pob cofnod, allwedd a hanes.",
        "Os oes gennych gerdyn argyfwng, tynnwch ef yn ôl yn gyntaf. Ni allwch wedyn.",
        "Os ydych am gael eich cofnodion yn ôl ryw ddydd, gwnewch gopi wrth gefn yn gyntaf.",
    ),
}


@dataclass(frozen=True, slots=True)
class Erased:
    """The names of the files that are gone, and what is left elsewhere, in words."""

    files: tuple[str, ...]
    left: tuple[str, ...]


def withdraw_cards(cards: Cards) -> tuple[str, ...]:
    """Have every card that may still be in use marked as withdrawn; the names on them.

    Raises:
        CardError, FetchError: where an issuer cannot be told: nothing is erased then.
    """
    ended = {CardState.REPLACED, CardState.ENDED}
    left = [card for card in cards.list() if card.state not in ended]
    left = [card for card in left if card.state is CardState.ACTIVE or not card.told]
    return tuple(cards.withdraw(card.id).name for card in left)


def erase(around: Surroundings) -> Erased:
    """Delete every file of this wallet.

    Raises:
        VaultError: ``vault.missing`` when there is none, ``vault.io`` when a file stays.
    """
    found = tuple(_files(around))  # all of them, before the first is gone
    if not found:
        raise VaultError("vault.missing")
    try:
        for path in found:
            _delete(path)
    except OSError as error:
        raise VaultError("vault.io", "a file of the wallet could not be deleted") from error
    with suppress(OSError):  # only a folder that holds nothing else goes
        around.trust_folder.rmdir()
    return Erased(tuple(path.name for path in found), LEFT[around.language])


def _files(around: Surroundings) -> Iterator[Path]:
    """The vault and its copies first, then what is kept beside them."""
    vault = around.vault_file
    names = (
        vault.name,
        f"{vault.name}-journal",
        f"{vault.stem}-before-mend-*.db",
        f"{vault.stem}-version-1-*",
        ".backup-*",
    )
    for name in names:
        yield from sorted(vault.parent.glob(name))
    own = _anchor_name(around)
    yield from sorted(p for p in around.anchor_folder.glob(own) if p.suffix in _ANCHORS)
    yield from sorted(around.trust_folder.glob(CACHE_FILE))


def _anchor_name(around: Surroundings) -> str:
    """The anchor's name, or that of every anchor when the vault cannot tell whose it is."""
    try:
        vault = Vault(
            around.vault_file,
            anchor_folder=around.anchor_folder,
            clock=around.clock,
            random=around.random,
        )
    except VaultError:
        return "*"
    with closing(vault):
        return f"{vault.wallet_id.hex()}.*"


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return
    if path.is_file() and not path.is_symlink():
        _write_over(path)
    path.unlink(missing_ok=True)


def _write_over(path: Path) -> None:
    left = path.stat().st_size
    with path.open("r+b") as file:
        while left > 0:
            left -= file.write(_BLOCK[: min(left, len(_BLOCK))])
        file.flush()
        os.fsync(file.fileno())
