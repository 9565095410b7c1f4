"""``wallet.backups``: make, test and bring back one encrypted file, and share its key.

Rules: making one and changing who can open it need a way in given again; a test never touches the
wallet; bringing back never touches a wallet that stands. What is *not* here: the file itself
(``wallet.backup``), printed pages (``sheets``), the words (``backup_words``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from healthpassport.encoding import b64url_decode, b64url_encode, dump_json, parse_json_object
from healthpassport.errors import BackupError
from wallet.backup.content import First, Row
from wallet.backup.keys import SlotKind
from wallet.backup.reading import look, opened
from wallet.backup.sheet import sheet_groups
from wallet.backup.split import Share, new_split
from wallet.backup.writing import write_backup
from wallet.vault import (
    PRIVATE_TABLES,
    KdfCost,
    Passphrase,
    RecoveryWords,
    Vault,
    Way,
    WayKind,
    new_words,
)
from wallet.vault.ways import as_way

from . import recipients as known
from .backup_words import day_words, said, way_words
from .comparing import BackupTest, compare, told
from .grants import mark_restored
from .recipients import HelpersParts
from .restoring import BACKED_UP, build, put_in_place, workshop
from .shelf import mark_shown, read_copy
from .surroundings import Surroundings

REMIND_AFTER: Final = timedelta(days=30)
LAST: Final = "backup last"  # tag of what is remembered of the last backup; in none itself
RESTORED: Final = "backup restored"
_THROWAWAY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup that is on the disk: when, how long (bytes), and what kinds of secret open it."""

    path: Path
    made: datetime
    size: int
    opens_with: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """Whether it is time for a backup. ``last`` is None before the first one."""

    last: datetime | None
    due: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A wallet that was brought back, locked: as it was when, and what it holds."""

    made: datetime
    records: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """Three parts for three people, and what its owner must know of them."""

    shares: tuple[Share, ...]
    lines: tuple[str, ...]


class Backups:
    """The backups of one wallet.

    Args:
        opened: the vault, locked or not.
        around: files, clock, randomness and language.
        cost: of the passphrase's slot; None for that of a new vault.
    """

    def __init__(
        self, opened: Callable[[], Vault], around: Surroundings, *, cost: KdfCost | None = None
    ) -> None:
        self._opened = opened
        self._around = around
        self._cost = cost

    @property
    def language(self) -> str:
        """The language of the lines."""
        return self._around.language

    def read_way(self, typed: str) -> Way:
        """What was typed at the one prompt: 12 words, a sheet's code, or a passphrase."""
        return known.read_way(typed)

    def make(
        self, path: Path, *, way: Way | str, with_history: bool = False, replace: bool = False
    ) -> BackupMade:
        """Write all of this wallet to ``path``, to be opened by ``way`` and what is remembered.

        Raises:
            VaultError: ``vault.unlock_failed`` for a way that does not open this wallet.
            BackupError: ``backup.way``, ``backup.in_the_way``, ``backup.no_space``, ``backup.io``.
        """
        around, given = self._around, as_way(way)
        with self._proven(given) as vault:
            openers = known.recipients(vault, given, random=around.random, cost=self._cost)
            tables = (*BACKED_UP, *sorted(PRIVATE_TABLES)) if with_history else BACKED_UP
            with vault.snapshot(tables, without=[vault.tag(LAST)]) as now:
                made = write_backup(
                    path,
                    first=First(now.wallet, now.counts, now.finding),
                    rows=(Row(r.table, r.row, r.tag, r.words, r.value) for r in now.rows()),
                    recipients=openers,
                    now=around.clock(),
                    random=around.random,
                    replace=replace,
                )
            self._note(vault, made.made)
        kinds = tuple(dict.fromkeys(one.kind.value for one in openers))
        words = "; ".join(way_words(kind, around.language) for kind in kinds)
        lines = (
            self.said("made"),
            self.said("opens", what=words),
            self.said("history_in" if with_history else "history_out"),
            self.said("test_it"),
        )
        return BackupMade(path, made.made, made.size, kinds, lines)

    def test(self, path: Path, way: Way | HelpersParts | str) -> BackupTest:
        """Bring the backup back into a folder that is wiped, and compare it with this wallet.

        Raises:
            BackupError: whatever would stop it from being brought back, ``backup.other_wallet``.
        """
        live = self._opened()
        header = look(path).header
        if header.wallet not in self._own_ids(live):
            raise BackupError("backup.other_wallet")
        secret = known.secret_for(_as_backup_way(way), path)
        throwaway = Passphrase(self._around.random(_THROWAWAY_BYTES).hex())
        with workshop(self._around) as folder:
            built = build(
                path, secret, folder=folder, way=throwaway, around=self._around, cost=KdfCost()
            )
            try:
                tables = tuple(built.first.counts)
                found = compare(live, built.vault, tables=tables, without=live.tag(LAST))
            finally:
                built.vault.close()
        return told(
            found,
            live=live,
            made=header.made,
            rows=built.first.counts,
            language=self._around.language,
            now=self._around.clock(),
        )

    def restore(
        self,
        path: Path,
        way: Way | HelpersParts | str,
        *,
        new: Way | str,
        cost: KdfCost | None = None,
    ) -> Restored:
        """A new wallet from the backup at ``path``, opened by ``new`` from now on; it is locked.

        Its id and keys are new. Each copy counts as shown: nobody can tell whether it was after the
        backup. No grant is used before it moves to this device, which gives it a new token
        and key: ``updates.stop_old_device`` comes next.

        Raises:
            BackupError: ``backup.wallet_here``, or what is wrong with the file or the secret.
            VaultError: ``vault.passphrase_weak``.
        """
        around = self._around
        if around.vault_file.exists():
            raise BackupError("backup.wallet_here")
        made = look(path).header.made
        secret = known.secret_for(_as_backup_way(way), path)
        with workshop(around) as folder:
            built = build(path, secret, folder=folder, way=as_way(new), around=around, cost=cost)
            try:
                self._settle(built.vault, wallet=built.first.wallet, made=made)
            finally:
                built.vault.close()
            put_in_place(folder, around)
        records = built.first.counts.get("records", 0)
        day = day_words(made, around.language)
        lines = (
            self.said("restored", day=day, count=str(records)),
            self.said("stop_old"),
            self.said("ways_gone"),
        )
        return Restored(made, records, lines)

    def due(self) -> Due:
        """When the last backup was made, and whether it is time for a new one."""
        vault = self._opened()
        rows = vault.rows("state", tag=vault.tag(LAST))
        if not rows:
            return Due(None, bool(vault.rows("records")), (self.said("never"),))
        noted = parse_json_object(vault.read("state", rows[0]))
        last = datetime.fromisoformat(str(noted["made"]))
        lines = [self.said("last", day=day_words(last, self._around.language))]
        if noted["records"] != _records_digest(vault):
            lines.append(self.said("records_changed"))
        elif self._around.clock() - last > REMIND_AFTER:
            lines.append(self.said("long_ago"))
        return Due(last, len(lines) > 1, tuple(lines))

    def split(self, *, way: Way | str) -> Parts:
        """Three parts, any two of which open the backups made from now on; older parts do not."""
        with self._proven(as_way(way)) as vault:
            before = any(one.recipient.kind is SlotKind.SPLIT for one in known.remembered(vault))
            opener, shares = new_split(self._around.random)
            known.remember(vault, known.Remembered(opener))
        names = ["split", "split_file", "split_now"] + (["split_old"] if before else [])
        return Parts(shares, tuple(self.said(name) for name in names))

    def join(self, path: Path, parts: HelpersParts) -> tuple[str, ...]:
        """Whether these parts open the backup at ``path``, all of it; nothing is kept."""
        with opened(path, known.secret_for(parts, path)) as content:
            for _row in content.rows():
                pass
        return (self.said("joined"),)

    def sheet(self, *, way: Way | str) -> tuple[str, ...]:
        """The code of a printed sheet, as groups: of ``way`` itself when that is 12 words.

        Else new words are made for it, which open this wallet and its backups from now on.

        Raises:
            BackupError: ``backup.sheet_words`` when the wallet has other words already.
        """
        given = as_way(way)
        with self._proven(given) as vault:
            if isinstance(given, RecoveryWords):
                return sheet_groups(given.words)
            if any(found.kind is WayKind.WORDS for found in vault.ways()):
                raise BackupError("backup.sheet_words")
            words = new_words(self._around.random)
            added = vault.add_way(RecoveryWords(words), given=given)
            known.remember_way(vault, RecoveryWords(words), added.id)
        return sheet_groups(words)

    def said(self, name: str, **values: str) -> str:
        """A sentence of ``backup_words``, for example ``reissue``: what to do without a backup."""
        return said(name, self._around.language, **values)

    @contextmanager
    def _proven(self, given: Way) -> Iterator[Vault]:
        """The vault, once ``given`` is seen to open it; its history is open meanwhile."""
        vault = self._opened()
        closed = vault.private_locked
        vault.open_private(given)
        try:
            yield vault
        finally:
            if closed:
                vault.close_private()

    def _note(self, vault: Vault, made: datetime) -> None:
        tag = vault.tag(LAST)
        value = dump_json({"made": made.isoformat(), "records": _records_digest(vault)})
        rows = vault.rows("state", tag=tag)
        with vault.transaction() as writer:
            if rows:
                writer.replace("state", rows[0], value)
            else:
                writer.add("state", value, tag=tag)

    def _settle(self, vault: Vault, *, wallet: bytes, made: datetime) -> None:
        """What a restored vault must know, written before it gets its place."""
        mark_restored(vault)
        copies = [read_copy(vault, row) for row in vault.rows("copies")]
        openers = vault.rows("state", tag=vault.tag(known.TAG))
        values = {row: vault.read("state", row) for row in openers}
        noted = dump_json({"wallet": b64url_encode(wallet), "made": made.isoformat()})
        tag = vault.tag(RESTORED)
        with vault.transaction() as writer:
            for copy in copies:
                if not copy.shown:
                    mark_shown(writer, copy)
            known.loosen(writer, values)
            writer.add("state", noted, tag=tag)
        mark_restored(vault)

    def _own_ids(self, vault: Vault) -> set[bytes]:
        """This wallet's id, and those of the wallets that it was brought back from."""
        rows = vault.rows("state", tag=vault.tag(RESTORED))
        noted = (parse_json_object(vault.read("state", row)) for row in rows)
        return {vault.wallet_id} | {b64url_decode(str(one["wallet"])) for one in noted}


def _as_backup_way(way: Way | HelpersParts | str) -> Way | HelpersParts:
    return way if isinstance(way, HelpersParts) else as_way(way)


def _records_digest(vault: Vault) -> str:
    ids = b"".join(row.to_bytes(8, "big") for row in sorted(vault.rows("records")))
    return hashlib.blake2b(ids, digest_size=16).hexdigest()
