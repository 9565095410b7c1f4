"""``wallet.ways``: how its owner gets into the wallet, and how that is changed.

Every change needs one way in given again; the last one cannot be taken out. What is *not* here: the
talk with a passkey (the browser's) and where the words are written down (its owner's).
"""

from __future__ import annotations

from collections.abc import Callable

from healthpassport.errors import VaultError
from wallet.vault import (
    Passkey,
    Passphrase,
    RecoveryWords,
    Vault,
    Way,
    WayInfo,
    WayKind,
    new_words,
)

from .recipients import read_way, remember_way


class Ways:
    """The ways into one wallet.

    Args:
        opened: the vault, locked or not.
        random: where new recovery words come from.
    """

    def __init__(self, opened: Callable[[], Vault], random: Callable[[int], bytes]) -> None:
        self._opened = opened
        self._random = random

    def list(self) -> tuple[WayInfo, ...]:
        """All ways in; readable while the wallet is locked."""
        return self._opened().ways()

    @property
    def passkey_input(self) -> bytes:
        """The 32 bytes that a passkey's PRF is asked for; readable while locked."""
        return self._opened().passkey_input

    def read(self, typed: str) -> Way:
        """What a person typed at the one prompt: words, a sheet's code, or a passphrase."""
        if any(way.kind is WayKind.WORDS for way in self.list()):
            return read_way(typed)
        return Passphrase(typed)

    def new_words(self) -> tuple[str, ...]:
        """Twelve new words, to be written down first and then added."""
        return new_words(self._random)

    def add_words(self, words: tuple[str, ...], *, given: Way | str) -> WayInfo:
        """From now on ``words`` open the wallet too, and the backups made from now on."""
        vault, way = self._opened(), RecoveryWords(words)
        added = vault.add_way(way, given=given)
        remember_way(vault, way, added.id)
        return added

    def add_passphrase(self, passphrase: str, *, given: Way | str) -> WayInfo:
        """From now on ``passphrase`` opens the wallet too, which had none."""
        return self._opened().add_way(Passphrase(passphrase), given=given)

    def add_passkey(
        self, credential_id: bytes, secret: bytes, *, given: Way | str, label: str = ""
    ) -> WayInfo:
        """From now on this passkey opens the wallet too.

        ``secret`` is its PRF output for ``passkey_input``; ``label`` can be read while locked.
        """
        return self._opened().add_way(Passkey(credential_id, secret), given=given, label=label)

    def change(self, way_id: str, new: Way, *, given: Way | str) -> WayInfo:
        """``new`` in the place of the way with this number, kind or id."""
        vault = self._opened()
        changed = vault.change_way(self._find(way_id).id, new, given=given)
        remember_way(vault, new, changed.id)
        return changed

    def remove(self, way_id: str, *, given: Way | str) -> WayInfo:
        """Take out the way with this number, kind or id; what was taken out."""
        way = self._find(way_id)
        self._opened().remove_way(way.id, given=given)
        return way

    def _find(self, way_id: str) -> WayInfo:
        """The way with this number on the list, this kind or this id."""
        ways, wanted = self.list(), way_id.strip()
        if wanted.isdecimal() and 1 <= int(wanted) <= len(ways):
            return ways[int(wanted) - 1]
        found = [way for way in ways if wanted in {way.kind.value, way.id}]
        if len(found) != 1:
            raise VaultError("vault.way_unknown")
        return found[0]
