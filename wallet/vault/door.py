"""The door of a vault: who gets in, by which way, for how long, and how the ways are changed.

Rules: a way in opens the vault by itself; a change of ways needs the open vault and one way given
again; fifteen idle minutes lock; the second unlock, for history and receipts, ends after five
minutes. What Python cannot promise: that no copy of a key stays in memory after ``lock``
(docs/vault-format.md). What is *not* here: what the vault holds (``vault``).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from nacl import bindings

from healthpassport.errors import VaultError

from .anchor import anchor_path
from .copying import take_carried
from .files import check_private_file, private_folder
from .guesses import Guesses
from .header import Header, read_header
from .ledger import Ledger
from .making import new_slot
from .migration import Migration
from .opened import Keys, Open, Randomness
from .schema import TABLES
from .slots import Secrets, Slot, open_data, open_secrets, seal_slot
from .storage import Storage
from .version1 import read_old_header
from .ways import Passphrase, Way, WayInfo, WayKind, as_way, check_new_way

IDLE_LIMIT: Final = timedelta(minutes=15)  # security.md, wallet vault
PRIVATE_LIMIT: Final = timedelta(minutes=5)  # from the second unlock on, idle or not

Clock: TypeAlias = "Callable[[], datetime]"
_Found = TypeVar("_Found")


class Door:
    """One vault file and whether it is open.

    Args:
        path: the vault's file.
        anchor_folder: where the newest counter and wrong guesses are kept, outside the file.
        clock: the time, for locking when idle.
        random: where salts, nonces, keys and ids come from.
    """

    def __init__(
        self, path: Path, *, anchor_folder: Path, clock: Clock, random: Randomness
    ) -> None:
        check_private_file(path)
        private_folder(path.parent)
        self.path = path
        self._clock = clock
        self._random = random
        self._guard = threading.RLock()
        self._open: Open | None = None
        self._storage = Storage(path)
        try:
            old = self._storage.check_shape(path) == 1
            header = read_old_header(self._storage) if old else self._header()
        except VaultError:
            self._storage.close()
            raise
        self._wallet = header.wallet
        anchor = anchor_path(anchor_folder, self._wallet)
        self._ledger = Ledger(self._storage, anchor)
        self._guesses = Guesses(anchor.with_suffix(".guesses"))

    @property
    def wallet_id(self) -> bytes:
        """The vault's random id (16 bytes); readable while locked."""
        with self._guard:
            return self._header().wallet

    @property
    def anchor(self) -> Path:
        """The file with the newest counter of this vault."""
        return self._ledger.anchor

    @property
    def locked(self) -> bool:
        """Whether a way in is needed before anything can be read."""
        with self._guard:
            if self._open and self._idle(self._open):
                self.lock()
            return self._open is None

    @property
    def private_locked(self) -> bool:
        """Whether history and receipts need a second unlock before they can be read."""
        with self._guard:
            return self.locked or self._open is None or not self._private(self._open)

    def unlock(self, way: Way | str) -> None:
        """Open the vault and check that it is whole, unaltered and the newest known.

        Raises:
            VaultError: ``vault.unlock_failed`` for what does not open it, ``vault.wait`` after too
                many guesses, ``vault.way_unknown`` for a kind that it has not; ``vault.corrupt``,
                ``vault.row_missing``, ``vault.row_binding``, ``vault.rollback`` and
                ``vault.anchor`` for a file that is not as we left it (nothing is changed then).
        """
        with self._guard:
            self._bring_up_to_date(way)
            header = self._header()
            keys = Keys.derive(self._given(header, way, open_data))
            try:
                with self._storage.reading():
                    index, counter = self._ledger.checked(keys)
                    state = Open(keys, header, index, counter, self._clock())
                    take_carried(self._storage, state)
            except VaultError:
                keys.wipe()
                raise
            self.lock()
            self._open = state

    def open_private(self, way: Way | str) -> None:
        """The second unlock: history and receipts can be read for five minutes.

        Raises:
            VaultError: as ``unlock``; ``vault.locked`` before it.
        """
        with self._guard:
            state = self._state()
            secrets = self._given(self._header(), way, open_secrets)
            self._take_private(state, secrets)

    def close_private(self) -> None:
        """End the second unlock."""
        with self._guard:
            if self._open:
                self._open.close_private()

    def lock(self) -> None:
        """Forget all keys."""
        with self._guard:
            if self._open:
                self._open.wipe()
            self._open = None

    def close(self) -> None:
        """Lock, and close the file."""
        self.lock()
        self._storage.close()

    def ways(self) -> tuple[WayInfo, ...]:
        """The ways in; readable while locked."""
        with self._guard:
            if self._storage.check_shape(self.path) == 1:  # it knows no other, and no date
                return (WayInfo("", WayKind.PASSPHRASE, "", self._clock().date()),)
            return tuple(slot.info() for slot in self._header().slots)

    @property
    def passkey_input(self) -> bytes:
        """What a passkey's PRF is asked for (32 bytes), the same for every passkey of this vault.

        W3C WebAuthn section 10.1.4, ``eval.first``; readable while locked.
        """
        return hashlib.blake2b(self._wallet, digest_size=32, person=b"hp-vault-prf").digest()

    def add_way(self, new: Way, *, given: Way | str, label: str = "") -> WayInfo:
        """One more way in; ``given`` is one that the vault has.

        Raises:
            VaultError: ``vault.way_exists``, ``vault.passphrase_weak``, ``vault.recovery_words``,
                ``vault.passkey``; as ``unlock`` for ``given``.
        """
        check_new_way(new)
        with self._guard:
            secrets, header = self._both(given)
            return self._with_way(new, header, secrets, label=label)

    def remove_way(self, way_id: str, *, given: Way | str) -> None:
        """One way in fewer (``vault.last_way``, ``vault.way_unknown``)."""
        with self._guard:
            header = self._header()
            left = header.without(header.slot(way_id))
            self._both(given)
            self._write_header(left, instead_of=header)

    def change_way(self, way_id: str, new: Way, *, given: Way | str) -> WayInfo:
        """``new`` in the place of a way in; interrupted, exactly one of the two opens."""
        check_new_way(new)
        with self._guard:
            secrets, header = self._both(given)
            return self._with_way(new, header, secrets, instead_of=header.slot(way_id))

    def change_passphrase(self, old: str, new: str) -> None:
        """Unlock with ``old``; from now on ``new`` opens the vault."""
        check_new_way(Passphrase(new))
        with self._guard:
            self.unlock(old)
            ids = {way.kind: way.id for way in self.ways()}
            self.change_way(ids[WayKind.PASSPHRASE], Passphrase(new), given=old)

    def _bring_up_to_date(self, way: Way | str, *, mend: bool = False) -> dict[str, int]:
        """Make a vault of version 1 one of version 2; rows dropped of each table (``mend``)."""
        if self._storage.check_shape(self.path) != 1:
            return dict.fromkeys(TABLES, 0)
        old, given = read_old_header(self._storage), as_way(way)
        if not isinstance(given, Passphrase):
            raise VaultError("vault.way_unknown")
        self._guesses.before(self._clock())
        data_key = old.data_key(given.text)
        self._guesses.forget()
        migration = Migration(self._storage, self._ledger, self.path, self._random, mend)
        return migration.run(old, data_key, given, self._clock())

    def _header(self) -> Header:
        return read_header(self._storage.header())

    def _given(self, header: Header, way: Way | str, opened_with: Callable[..., _Found]) -> _Found:
        """What ``way`` opens in ``header``; tries of the passphrase are counted."""
        given = as_way(way)
        slot = next((found for found in header.slots if found.fits(given)), None)
        if slot is None:
            raise VaultError("vault.way_unknown")
        if isinstance(given, Passphrase):
            self._guesses.before(self._clock())
        found = opened_with(slot, way=given, vault=header.name)
        self._guesses.forget()
        return found

    def _both(self, given: Way | str) -> tuple[Secrets, Header]:
        """Both secrets by ``given``, in a vault that is open."""
        self._state()
        header = self._header()
        return self._given(header, given, open_secrets), header

    def _with_way(
        self,
        new: Way,
        header: Header,
        secrets: Secrets,
        *,
        label: str = "",
        instead_of: Slot | None = None,
    ) -> WayInfo:
        """Write ``header`` with a slot for ``new``; label and cost are those of its predecessor."""
        slot = new_slot(
            new,
            label=instead_of.label if instead_of else label,
            today=self._clock().date(),
            random=self._random,
            cost=instead_of.cost if instead_of else None,
        )
        header.with_slot(slot, instead_of=instead_of)
        sealed = seal_slot(slot, way=new, secrets=secrets, vault=header.name, random=self._random)
        fresh = header.with_slot(sealed, instead_of=instead_of)
        self._write_header(fresh, instead_of=header)
        return sealed.info()

    def _write_header(self, header: Header, *, instead_of: Header) -> None:
        state = self._state()
        with self._storage.writing():
            self._ledger.refresh(state)
            if state.header != instead_of:
                raise VaultError("vault.locked", "some other program changes the ways in")
            self._storage.write_header(header.stored())
            self._ledger.commit(state, state.index)
        self._ledger.committed(state, state.index)
        state.header = header

    def _take_private(self, state: Open, secrets: Secrets) -> None:
        if bindings.crypto_scalarmult_base(bytes(secrets.private)) != state.header.public:
            raise VaultError("vault.corrupt", "the key of the private tables does not fit")
        state.private = bytearray(secrets.private)
        state.private_since = self._clock()

    def _state(self) -> Open:
        if self.locked or self._open is None:
            raise VaultError("vault.locked")
        self._open.used = self._clock()
        return self._open

    def _private(self, state: Open) -> bool:
        """Whether the second unlock still holds; a clock that ran backwards ends it."""
        now, since = self._clock(), state.private_since
        if since is None or not since <= now < since + PRIVATE_LIMIT:
            state.close_private()
        return bool(state.private)

    def _idle(self, state: Open) -> bool:
        """A clock that ran backwards counts as idle: it cannot vouch for the time since."""
        now = self._clock()
        return now - state.used >= IDLE_LIMIT or now < state.used
