"""The vault itself: create, unlock, read, write, lock.

Rules: nothing is readable before ``unlock``; every read and write first sees that the file's
counter is the one we know (another program may have written: then everything is checked again);
every change is one transaction that carries a new manifest; fifteen idle minutes lock. What Python
cannot promise: that no copy of a key stays in memory after ``lock`` (docs/vault-format.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from healthpassport.errors import VaultError

from .anchor import anchor_path, read_anchor, write_anchor
from .files import check_private_file, claim_folder, create_private_file, private_folder
from .header import WALLET_BYTES, Header, StoredHeader, read_header, unwrap, wrap
from .kdf import KEY_BYTES, SALT_BYTES, KdfCost, check_new_passphrase, purpose_key
from .manifest import Entry, Index, Manifest, compare, open_manifest, seal_manifest
from .opened import Keys, Open, Randomness, Writer
from .sealing import TAG_BYTES, is_whole, unseal
from .storage import TABLES, Storage

IDLE_LIMIT: Final = timedelta(minutes=15)  # security.md, wallet vault

Clock: TypeAlias = "Callable[[], datetime]"


class Vault:
    """A wallet's encrypted store.

    Args:
        path: the vault's file.
        anchor_folder: where the newest counter is remembered, outside the file.
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
            self._storage.check_shape(path)
            self._wallet = read_header(self._storage.header()).wallet
        except VaultError:
            self._storage.close()
            raise
        self._anchor = anchor_path(anchor_folder, self._wallet)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        passphrase: str,
        anchor_folder: Path,
        clock: Clock,
        random: Randomness,
        cost: KdfCost | None = None,
    ) -> Vault:
        """A new vault at ``path``, locked.

        Raises:
            VaultError: ``vault.exists``, ``vault.passphrase_weak``, ``vault.kdf``,
                ``vault.permissions``, ``vault.no_space``, ``vault.io``.
        """
        check_new_passphrase(passphrase)
        header = Header(random(WALLET_BYTES), cost or KdfCost(), random(SALT_BYTES))
        data_key = bytearray(random(KEY_BYTES))
        stored = wrap(data_key, header=header, passphrase=passphrase, random=random)
        keys = Keys.derive(data_key)
        claim_folder(path.parent)
        create_private_file(path)
        try:
            cls._lay_out(path, stored, keys)
            write_anchor(anchor_path(anchor_folder, header.wallet), counter=1, key=keys.anchor)
        except (OSError, VaultError) as error:
            path.unlink()
            if isinstance(error, VaultError):
                raise
            raise VaultError("vault.io") from error
        finally:
            keys.wipe()
        return cls(path, anchor_folder=anchor_folder, clock=clock, random=random)

    @staticmethod
    def _lay_out(path: Path, stored: StoredHeader, keys: Keys) -> None:
        index = Index({table: {} for table in TABLES})
        manifest = Manifest(1, index.counts(), index.digest(keys.rows), stored.digest())
        storage = Storage(path)
        try:
            storage.create(stored, seal_manifest(manifest, key=keys.manifest))
        finally:
            storage.close()

    @property
    def locked(self) -> bool:
        """Whether a passphrase is needed before anything can be read."""
        with self._guard:
            if self._open and self._idle(self._open):
                self.lock()
            return self._open is None

    def unlock(self, passphrase: str) -> None:
        """Open the vault and check that it is whole, unaltered and the newest known.

        Raises:
            VaultError: ``vault.unlock_failed`` for a wrong passphrase; ``vault.corrupt``,
                ``vault.row_missing``, ``vault.row_binding``, ``vault.rollback`` and
                ``vault.anchor`` for a file that is not as we left it (nothing is changed then).
        """
        with self._guard:
            keys = self._keys(passphrase)
            try:
                with self._storage.reading():
                    index, counter = self._checked_state(keys)
            except VaultError:
                keys.wipe()
                raise
            self.lock()
            self._open = Open(keys, index, counter, self._clock())

    def lock(self) -> None:
        """Forget all keys."""
        with self._guard:
            if self._open:
                self._open.keys.wipe()
            self._open = None

    def close(self) -> None:
        """Lock, and close the file."""
        self.lock()
        self._storage.close()

    def change_passphrase(self, old: str, new: str) -> None:
        """Wrap the data key anew; interrupted, the vault opens with exactly one of the two."""
        check_new_passphrase(new)
        with self._guard:
            self.unlock(old)
            state = self._state()
            cost = read_header(self._storage.header()).cost
            header = Header(self._wallet, cost, self._random(SALT_BYTES))
            stored = wrap(state.keys.data, header=header, passphrase=new, random=self._random)
            with self._storage.writing():
                self._refresh(state)
                self._storage.write_header(stored)
                self._commit_manifest(state, state.index)
            self._committed(state, state.index)

    def tag(self, value: str) -> bytes:
        """The blind tag of ``value``: rows can be found by it, and it tells nothing itself."""
        with self._guard:
            return bytes(purpose_key(self._state().keys.tags, value)[:TAG_BYTES])

    def rows(self, table: str, *, tag: bytes | None = None) -> tuple[int, ...]:
        """The ids of all rows of ``table``, or of those with ``tag``."""
        with self._guard:
            state = self._state()
            with self._storage.reading():
                self._refresh(state)
            entries = state.index.tables[table].items()
            return tuple(row for row, entry in entries if tag is None or entry.tag == tag)

    def read(self, table: str, row: int) -> bytes:
        """The value of ``row``.

        Raises:
            VaultError: ``vault.not_found``, ``vault.locked``, or what is wrong with the file.
        """
        with self._guard:
            state = self._state()
            with self._storage.reading():
                self._refresh(state)
                if row not in state.index.tables[table]:
                    raise VaultError("vault.not_found")
                place, sealed = self._storage.row(self._wallet, table, row)
            entry = state.index.tables[table][row]
            value = unseal(sealed, place=place, table_key=state.keys.tables[table])
            if entry != Entry(place.version, place.tag, sealed.nonce):
                raise VaultError("vault.row_binding", "a row was put back to an older version")
            return value

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Several changes that become durable together, or not at all."""
        with self._guard:
            state = self._state()
            with self._storage.writing():
                self._refresh(state)
                writer = Writer(self._storage, self._wallet, state, self._random)
                yield writer
                self._commit_manifest(state, writer.index)
            self._committed(state, writer.index)

    def check(self) -> dict[str, int]:
        """Open every row; returns how many each table holds, or raises what is wrong."""
        with self._guard:
            for table in TABLES:
                for row in self.rows(table):
                    self.read(table, row)
            return self._state().index.counts()

    def mend(self, passphrase: str) -> dict[str, int]:
        """Accept the file as it is: keep every row that is sound, drop the rest, anchor it anew.

        The caller keeps a copy of the file first. Returns how many rows of each table were dropped.
        """
        with self._guard:
            keys = self._keys(passphrase)
            with self._storage.writing():
                index, dropped = self._sound_rows(keys)
                counter = max(self._known_counter(keys), self._stored_counter(keys))
                state = Open(keys, index, counter, self._clock())
                self._commit_manifest(state, index)
            self._committed(state, index)
            self.lock()
            self._open = state
            return dropped

    def _keys(self, passphrase: str) -> Keys:
        self._storage.check_shape(self.path)
        return Keys.derive(unwrap(self._storage.header(), passphrase=passphrase))

    def _state(self) -> Open:
        if self.locked or self._open is None:
            raise VaultError("vault.locked")
        self._open.used = self._clock()
        return self._open

    def _idle(self, state: Open) -> bool:
        """A clock that ran backwards counts as idle: it cannot vouch for the time since."""
        now = self._clock()
        return now - state.used >= IDLE_LIMIT or now < state.used

    def _refresh(self, state: Open) -> None:
        """Within a transaction: when the file is not as we left it, check all of it again."""
        manifest = open_manifest(self._storage.manifest(), key=state.keys.manifest)
        if manifest.counter < state.counter:
            raise VaultError("vault.rollback")
        if manifest.counter > state.counter:
            state.index, state.counter = self._checked_state(state.keys)

    def _checked_state(self, keys: Keys) -> tuple[Index, int]:
        manifest = open_manifest(self._storage.manifest(), key=keys.manifest)
        if manifest.counter < read_anchor(self._anchor, key=keys.anchor):
            raise VaultError("vault.rollback")
        index = self._storage.index()
        header = self._storage.header().digest()
        wrong = compare(manifest, index=index, header=header, key=keys.rows)
        if wrong:
            self._refuse(wrong, index)
        return index, manifest.counter

    def _refuse(self, code: str, index: Index) -> None:
        """Damage is told apart from tampering: a damaged row does not match its own checksum."""
        for table, rows in index.tables.items():
            for row in rows:
                place, sealed = self._storage.row(self._wallet, table, row)
                if not is_whole(sealed, place=place):
                    raise VaultError("vault.corrupt", "a row is damaged")
        raise VaultError(code)

    def _commit_manifest(self, state: Open, index: Index) -> None:
        header = self._storage.header().digest()
        digest = index.digest(state.keys.rows)
        manifest = Manifest(state.counter + 1, index.counts(), digest, header)
        self._storage.write_manifest(seal_manifest(manifest, key=state.keys.manifest))

    def _committed(self, state: Open, index: Index) -> None:
        state.index = index
        state.counter += 1
        # The vault is durable already; an anchor that lags only notices a rollback one step later.
        with suppress(OSError, VaultError):
            write_anchor(self._anchor, counter=state.counter, key=state.keys.anchor)

    def _sound_rows(self, keys: Keys) -> tuple[Index, dict[str, int]]:
        index = self._storage.index()
        dropped = dict.fromkeys(TABLES, 0)
        for table in TABLES:
            for row in tuple(index.tables[table]):
                place, sealed = self._storage.row(self._wallet, table, row)
                try:
                    unseal(sealed, place=place, table_key=keys.tables[table])
                except VaultError:
                    self._storage.delete_row(table, row)
                    del index.tables[table][row]
                    dropped[table] += 1
        return index, dropped

    def _known_counter(self, keys: Keys) -> int:
        try:
            return read_anchor(self._anchor, key=keys.anchor)
        except VaultError:
            return 0

    def _stored_counter(self, keys: Keys) -> int:
        try:
            return open_manifest(self._storage.manifest(), key=keys.manifest).counter
        except VaultError:
            return 0
