"""The vault itself: create, read, search, write, check, mend.

Rules: nothing is readable before ``unlock``, and nothing private before ``open_private``; every
read and write first sees that the file's counter is the one we know (another program may have
written: then everything is checked again); every change is one transaction that carries a new
manifest. What is *not* here: ways in and keys (``door``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from healthpassport.errors import VaultError

from .copying import CopiedRow, Snapshot, fill, take_carried
from .door import Clock, Door
from .files import keep_copy
from .kdf import KdfCost, purpose_key
from .making import make_vault
from .manifest import Entry
from .opened import Keys, Open, Randomness, Writer
from .place import TAG_BYTES
from .schema import PRIVATE_TABLES, TABLES
from .sealing import is_whole, unseal
from .slots import open_secrets
from .travelling import put_away
from .ways import Way, as_way
from .words import matches, split


class Vault(Door):
    """A wallet's encrypted store; see ``Door`` for its arguments."""

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        passphrase: Way | str,
        anchor_folder: Path,
        clock: Clock,
        random: Randomness,
        cost: KdfCost | None = None,
    ) -> Vault:
        """A new vault at ``path``, locked. ``passphrase`` is its first way in, of any kind.

        Raises:
            VaultError: ``vault.exists``, ``vault.passphrase_weak``, ``vault.kdf``,
                ``vault.permissions``, ``vault.no_space``, ``vault.io``.
        """
        make_vault(
            path,
            way=as_way(passphrase),
            anchor_folder=anchor_folder,
            today=clock().date(),
            random=random,
            cost=cost,
        )
        return cls(path, anchor_folder=anchor_folder, clock=clock, random=random)

    def tag(self, value: str) -> bytes:
        """The blind tag of ``value``: rows can be found by it, and it tells nothing itself."""
        with self._guard:
            return bytes(purpose_key(self._state().keys.tags, value)[:TAG_BYTES])

    def rows(self, table: str, *, tag: bytes | None = None) -> tuple[int, ...]:
        """The ids of all rows of ``table``, or of those with ``tag``."""
        with self._guard:
            entries = self._fresh().index.tables[table].items()
            return tuple(row for row, entry in entries if tag is None or entry.tag == tag)

    def search(self, table: str, text: str) -> tuple[int, ...]:
        """The ids of the rows of ``table`` whose words begin with all words of ``text``.

        A word of fewer than three letters is found whole only; a text without words finds nothing.
        """
        wanted = split(text)
        with self._guard:
            state = self._fresh()
            key = state.keys.words(table)
            return tuple(
                row
                for row, entry in state.index.tables[table].items()
                if wanted and matches(wanted, entry.words, row=row, key=key)
            )

    def read(self, table: str, row: int) -> bytes:
        """The value of ``row``.

        Raises:
            VaultError: ``vault.not_found``, ``vault.locked``, ``vault.private_locked``, or what is
                wrong with the file.
        """
        with self._guard:
            state = self._state()
            if table in PRIVATE_TABLES and not self._private(state):
                raise VaultError("vault.private_locked")
            return self._checked_row(state, table, row)

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Several changes that become durable together, or not at all."""
        with self._guard:
            state = self._state()
            with self._storage.writing():
                self._ledger.refresh(state)
                writer = Writer(self._storage, state, self._random)
                yield writer
                self._ledger.commit(state, writer.index)
            self._ledger.committed(state, writer.index)

    @contextmanager
    def snapshot(
        self, tables: Iterable[str], *, without: Iterable[bytes] = ()
    ) -> Iterator[Snapshot]:
        """The rows of ``tables`` as they stand now, but those with a tag of ``without``.

        Other programs cannot write meanwhile. Private tables need the second unlock.
        """
        with self._guard:
            state, wanted = self._state(), tuple(tables)
            if set(wanted) & PRIVATE_TABLES and not self._private(state):
                raise VaultError("vault.private_locked")
            with self._storage.reading():
                self._ledger.refresh(state)
                yield Snapshot(self._storage, state, wanted, frozenset(without))

    def fill(self, rows: Iterable[CopiedRow], finding: Mapping[str, bytes]) -> None:
        """Put all ``rows`` of another vault into this new, empty one, or none of them."""
        with self._guard:
            if any(self._fresh().index.counts().values()):
                raise VaultError("vault.exists")
            with self.transaction() as writer:
                fill(writer, rows, finding)
            self._state().keys.carry(finding)

    def check(self) -> dict[str, int]:
        """Open every row that can be opened; how many each table holds, or raises what is wrong.

        Without the second unlock, private rows are seen to be in place and whole, not opened.
        """
        with self._guard:
            state = self._fresh()
            for table in TABLES:
                for row in self.rows(table):
                    self._checked_row(state, table, row)
            return state.index.counts()

    def keep_copy(self, path: Path) -> None:
        """The bytes of the whole file as they stand, in a private file at ``path``.

        SQLite reads them through the open file: a second handle on it, once closed, would drop the
        locks that this process holds (POSIX ties these to the file, not to the handle).
        """
        with self._guard, self._storage.reading():
            keep_copy(path, self._storage.image())

    def mend(self, way: Way | str) -> dict[str, int]:
        """Accept the file as it is: keep every row that is sound, drop the rest, anchor it anew.

        The caller keeps a copy of the file first. Returns how many rows of each table were dropped.
        """
        with self._guard:
            gone = self._bring_up_to_date(way, mend=True)
            header = self._header()
            secrets = self._given(header, way, open_secrets)
            keys = Keys.derive(bytearray(secrets.data))
            with self._storage.writing():
                counter = self._ledger.newest_counter(keys)
                state = Open(keys, header, self._storage.index(), counter, self._clock())
                self._take_private(state, secrets)
                dropped = self._ledger.drop_unsound(state)
                take_carried(self._storage, state)
                self._ledger.commit(state, state.index)
            self._ledger.committed(state, state.index)
            state.close_private()
            self.lock()
            self._open = state
            return {table: count + gone[table] for table, count in dropped.items()}

    def put_away(self, to: Path) -> bytes:
        """Move the open vault into the new file ``to`` and wipe it here (``travelling``)."""
        with self._guard:
            wallet = self._fresh().header.wallet
            anchor = self._ledger.anchor
            checksum = put_away(self._storage, self.path, wallet=wallet, anchor=anchor, to=to)
            self.close()
            return checksum

    def _fresh(self) -> Open:
        state = self._state()
        with self._storage.reading():
            self._ledger.refresh(state)
        return state

    def _checked_row(self, state: Open, table: str, row: int) -> bytes:
        """The value of a row; empty for a sound private row while the private key is away."""
        with self._storage.reading():
            self._ledger.refresh(state)
            if row not in state.index.tables[table]:
                raise VaultError("vault.not_found")
            place, sealed = self._storage.row(state.header.wallet, table, row)
        value = b""
        if table not in PRIVATE_TABLES or self._private(state):
            value = unseal(sealed, place=place, lock=state.lock(table))
        elif not is_whole(sealed, place=place):
            raise VaultError("vault.corrupt", "a row is damaged")
        if state.index.tables[table][row] != Entry(
            place.version, place.tag, sealed.nonce, place.words
        ):
            raise VaultError("vault.row_binding", "a row was put back to an older version")
        return value
