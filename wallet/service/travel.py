"""``wallet.travel``: put the vault away before a journey, and bring it back later.

Rules: it takes a way in to put it away and to bring it back; the copy is read again before anything
is wiped; the wallet then looks like one that was never set up. What it cannot hide stands in
docs/travel.md. What is *not* here: hiding the screen in a hurry (the pages' own).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from healthpassport.errors import VaultError
from healthpassport.trust.cache import CACHE_FILE
from wallet.vault import Vault, Way, bring_back, wipe

from .surroundings import Surroundings
from .ways import Ways


@dataclass(frozen=True, slots=True)
class Away:
    """Where the vault is, and the number that tells this very copy: two groups of four digits."""

    path: Path
    number: str


class Travel:
    """See the module.

    Args:
        opened: gives the vault.
        closed: closes it and forgets it.
        around: where things stand.
    """

    def __init__(
        self, opened: Callable[[], Vault], closed: Callable[[], None], around: Surroundings
    ) -> None:
        self._opened = opened
        self._closed = closed
        self._around = around

    def away(self, to: Path, way: Way | str) -> Away:
        """Move the vault to the new file ``to`` and wipe it here.

        Raises:
            VaultError: as ``unlock`` and ``check`` for a vault that is not whole;
                ``vault.away_exists``, ``vault.away_place``, ``vault.no_space``, ``vault.io``.
                Nothing was wiped then.
        """
        target = to.expanduser().absolute()
        if any(folder in target.parents for folder in self._own_folders()):
            raise VaultError("vault.away_place")
        vault = self._opened()
        vault.unlock(way)
        vault.check()
        checksum = vault.put_away(target)
        self._closed()
        self._sweep(vault.anchor)
        return Away(target, _number(checksum))

    def back(self, source: Path, way: Way | str, *, keep: bool = False) -> Away:
        """Bring the vault in ``source`` back; ``keep`` leaves that file where it is.

        Text may be a passphrase or recovery words: the vault itself says which it has.

        Raises:
            VaultError: ``vault.exists``, ``vault.away_unreadable``, and as ``unlock``; nothing was
                changed then.
        """
        place = source.expanduser().absolute()
        if self._around.vault_file.exists():
            raise VaultError("vault.exists")
        checksum = bring_back(
            place, path=self._around.vault_file, anchor_folder=self._around.anchor_folder
        )
        vault = self._opened()
        anchor = vault.anchor
        given = Ways(self._opened, self._around.random).read(way) if isinstance(way, str) else way
        try:
            vault.unlock(given)
            vault.check()
        except VaultError:
            self._closed()
            self._wipe_vault(anchor)
            raise
        if not keep:
            wipe(place)
        return Away(place, _number(checksum))

    def _own_folders(self) -> tuple[Path, ...]:
        own = (self._around.vault_file.parent, self._around.anchor_folder)
        return tuple(folder.absolute() for folder in own)

    def _sweep(self, anchor: Path) -> None:
        """Everything that would say that there was a vault."""
        folder = self._around.vault_file.parent
        for kept in ("before-mend", "version-1"):
            for copy in folder.glob(f"{self._around.vault_file.stem}-{kept}-*"):
                wipe(copy)
        wipe(self._around.trust_folder / CACHE_FILE)
        with suppress(OSError):
            self._around.trust_folder.rmdir()
        self._wipe_vault(anchor)

    def _wipe_vault(self, anchor: Path) -> None:
        for path in (self._around.vault_file, anchor, anchor.with_suffix(".guesses")):
            wipe(path)
        for folder in self._own_folders():
            with suppress(OSError):  # something else is kept there
                folder.rmdir()


def _number(checksum: bytes) -> str:
    digits = f"{int.from_bytes(checksum[:8], 'big') % 10**8:08d}"
    return f"{digits[:4]}-{digits[4:]}"
