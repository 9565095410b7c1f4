"""Make the files and cases of this folder again: ``python tests/vectors/vault/make.py [FOLDER]``.

Good vaults are written by the wallet (version 2) and by ``tests/vault_version1.py`` (version 1)
from a fixed stream; a bad one is a good one with a few bytes changed, listed in ``cases.json``
as ``[offset, hex]`` or ``[offset, hex, how many times]``, a new length, or both. The same SQLite
makes the same bytes.
"""

# ruff: noqa: T201 - a script talks
from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[2])]

from bends import BENDS, HEADERS, OLD_STATEMENTS, STATEMENTS, rewrite  # noqa: E402
from vault_version1 import FOUR, NINE, write_version_1  # noqa: E402

from wallet.vault import KdfCost, Passkey, RecoveryWords, Vault, new_words  # noqa: E402
from wallet.vault.schema import TABLES  # noqa: E402

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
PASSPHRASE = "cafe\u0301 of three made-up words"
WORDS = new_words(lambda size: bytes(range(size)))
KEY = {"credential": b"credential 1".hex(), "secret": bytes(range(32)).hex()}
BY_PASSPHRASE = {"passphrase": PASSPHRASE}
SEARCH = {"records": "penicil", "cards": "penicillin"}


class Stream:
    """Bytes that look random and are the same each time."""

    def __init__(self, name: str) -> None:
        self._name, self._drawn = name.encode(), 0

    def __call__(self, size: int) -> bytes:
        self._drawn += 1
        seed = self._name + self._drawn.to_bytes(8, "big")
        return hashlib.shake_256(seed).digest(size)


class Maker:
    """Writes files into ``folder`` and collects cases."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder, self.work = folder, work
        self.cases: list[dict] = []
        self.anchors: dict[str, str] = {}

    def keep(self, name: str, path: Path, anchors: Path) -> None:
        """``path`` becomes a file of this folder, with its anchor."""
        shutil.copyfile(path, self.folder / f"{name}.db")
        (anchor,) = anchors.glob("*.anchor")
        self.anchors[name] = anchor.read_bytes().hex()

    def good(self, name: str, file: str, rows: dict, way: dict, **more: object) -> None:
        """A case that opens and holds ``rows``."""
        self.cases.append(
            {"name": name, "file": file, "anchor": self.anchors[file], "way": way}
            | more
            | {"rows": rows}
        )

    def bad(self, name: str, file: str, code: str, **more: object) -> None:
        """A case that is refused with ``code``."""
        case = {"name": name, "file": file, "anchor": self.anchors[file], "way": BY_PASSPHRASE}
        self.cases.append(case | more | {"refused": code})

    def bent(
        self, name: str, file: str, code: str, bend: Callable[[sqlite3.Connection], None], **more
    ) -> None:
        """``file`` as SQL in ``bend`` leaves it is refused with ``code``."""
        before = (self.folder / f"{file}.db").read_bytes()
        copy = self.work / "bent.db"
        copy.write_bytes(before)
        with sqlite3.connect(copy) as connection:
            bend(connection)
        connection.close()
        self.bad(name, file, code, **difference(before, copy.read_bytes()), **more)


def difference(before: bytes, after: bytes) -> dict:
    """The bytes of ``after`` that differ, in runs, and its length where that differs."""
    found: dict = {} if len(before) == len(after) else {"length": len(after)}
    changes: list[list] = []
    at = 0
    while at < len(after):
        if at < len(before) and before[at] == after[at]:
            at += 1
            continue
        end = at + 1
        while end < len(after) and (end >= len(before) or before[end] != after[end]):
            end += 1
        changes += runs(at, after[at:end])
        at = end
    return found | ({"changes": changes} if changes else {})


def runs(at: int, data: bytes) -> list[list]:
    """``data`` at an offset; its long runs of zeros are counted, not spelled."""
    found: list[list] = []
    for part in re.finditer(rb"\0{64,}|(?:(?!\0{64}).)+", data, re.DOTALL):
        zeros = not any(part[0])
        change = ["00", len(part[0])] if zeros else [part[0].hex()]
        found.append([at + part.start(), *change])
    return found


def make_version_2(maker: Maker) -> None:
    """An empty vault and one with three ways in, words, private rows and a deleted row."""
    random = Stream("version 2")
    home = maker.work / "two"
    path, anchors = home / "v" / "vault.db", home / "a"

    def clock() -> datetime:
        return NOW

    vault = Vault.create(
        path,
        passphrase=PASSPHRASE,
        anchor_folder=anchors,
        clock=clock,
        random=random,
        cost=KdfCost(),
    )
    maker.keep("empty", path, anchors)
    maker.good("an empty vault", "empty", {}, BY_PASSPHRASE)
    vault.unlock(PASSPHRASE)
    vault.add_way(RecoveryWords(WORDS), given=PASSPHRASE)
    key = Passkey(bytes.fromhex(KEY["credential"]), bytes.fromhex(KEY["secret"]))
    vault.add_way(key, given=PASSPHRASE, label="The laptop's own key, \u2713")
    with vault.transaction() as writer:
        first = writer.add(
            "records", b"first", tag=vault.tag("a"), words=["Penicillin V", "r\u00f4le"]
        )
        writer.add("records", b"second", tag=vault.tag("a"), words=["penicillamine 2"])
        gone = writer.add("records", b"gone")
        writer.add("cards", bytes(5000), words=["penicillin"])
        writer.add("history", b"shared with Example Hospital")
        writer.add("receipts", b"")
    maker.keep("older", path, anchors)
    with vault.transaction() as writer:
        writer.replace("records", first, b"first, changed")
        writer.delete("records", gone)
    rows = contents(vault)
    with vault.snapshot(TABLES) as snapshot:
        copied, finding = list(snapshot.rows()), snapshot.finding
    vault.close()
    maker.keep("three-ways", path, anchors)
    for name, way in (
        ("a passphrase", BY_PASSPHRASE),
        ("a passphrase in another spelling", {"passphrase": "caf\u00e9 of three made-up words"}),
        ("twelve words", {"words": list(WORDS)}),
        ("a passkey", KEY),
    ):
        hits = {"search": SEARCH, "found": found_in(rows)}
        maker.good(f"three ways in, opened with {name}", "three-ways", rows, way, **hits)
    copy_path, copy_anchors = home / "c" / "vault.db", home / "b"
    copy = Vault.create(
        copy_path,
        passphrase=PASSPHRASE,
        anchor_folder=copy_anchors,
        clock=clock,
        random=random,
        cost=KdfCost(),
    )
    copy.unlock(PASSPHRASE)
    copy.fill(copied, finding)
    kept = contents(copy)
    copy.close()
    maker.keep("copied", copy_path, copy_anchors)
    hits = {"search": SEARCH, "found": found_in(kept)}
    maker.good("rows copied from another vault", "copied", kept, BY_PASSPHRASE, **hits)
    lagging = maker.anchors["older"]
    maker.good("an anchor that lags", "three-ways", rows, BY_PASSPHRASE, anchor=lagging)


def contents(vault: Vault) -> dict:
    """Every value as hex, by table and id."""
    vault.open_private(PASSPHRASE)
    counts = vault.check()
    return {
        table: {str(row): vault.read(table, row).hex() for row in vault.rows(table)}
        for table, count in counts.items()
        if count
    }


def found_in(rows: dict) -> dict:
    """The ids that ``SEARCH`` finds: both records begin with it, and the one card."""
    return {table: sorted(rows[table]) for table in SEARCH}


def make_version_1(maker: Maker) -> None:
    """Vaults of version 1 with nine tables and with four."""
    rows = {
        ("records", "a"): [b"first", b"second"],
        ("copies", None): [b"a copy"],
        ("history", None): [b"shared with Example Hospital"],
    }
    for name, tables in (("version-1", NINE), ("version-1-four", FOUR)):
        home = maker.work / name
        path, anchors = home / "v" / "vault.db", home / "a"
        kept = write_version_1(
            path,
            anchors,
            passphrase="caf\u00e9 of three made-up words",
            rows=rows,
            random=Stream(name),
            tables=tables,
        )
        maker.keep(name, path, anchors)
        maker.good(f"version 1 with {len(tables)} tables", name, kept, BY_PASSPHRASE)


def make_bad(maker: Maker) -> None:
    """Every refusal that docs/vault-format.md names."""
    base = "three-ways"
    size = (maker.folder / f"{base}.db").stat().st_size
    anchor = bytes.fromhex(maker.anchors[base])
    for name, way, code in (
        ("a wrong passphrase", {"passphrase": "three other made-up words"}, "unlock_failed"),
        ("an empty passphrase", {"passphrase": ""}, "unlock_failed"),
        ("a passphrase of a megabyte's length", {"passphrase": "x" * 1025}, "unlock_failed"),
        ("other words", {"words": ["abandon"] * 11 + ["about"]}, "unlock_failed"),
        ("words that do not belong together", {"words": ["abandon"] * 12}, "recovery_words"),
        ("a passkey's wrong answer", KEY | {"secret": "ff" * 32}, "unlock_failed"),
        ("another passkey", KEY | {"credential": "00"}, "way_unknown"),
    ):
        maker.bad(name, base, f"vault.{code}", way=way)
    maker.bad(
        "words for a vault that has none", "empty", "vault.way_unknown", way={"words": list(WORDS)}
    )
    maker.bad("a passkey for version 1", "version-1", "vault.way_unknown", way=KEY)
    maker.bad("half a file", base, "vault.corrupt", length=size // 8192 * 4096)
    maker.bad("a file that ends within a page", base, "vault.corrupt", length=size - 100)
    maker.bad("a page too many", base, "vault.corrupt", length=size + 4096)
    maker.bad("no anchor", base, "vault.anchor", anchor=None)
    maker.bad("an altered anchor", base, "vault.anchor", anchor=(anchor[:-1] + b"\0").hex())
    maker.bad("another vault's anchor", base, "vault.anchor", anchor=maker.anchors["version-1"])
    maker.bad("an older file", "older", "vault.rollback", anchor=maker.anchors[base])
    for name, statement, code in STATEMENTS:
        maker.bent(name, base, f"vault.{code}", lambda file, text=statement: file.execute(text))
    for name, old, new, code in HEADERS:
        maker.bent(name, base, f"vault.{code}", lambda file, o=old, n=new: rewrite(file, o, n))
    for name, bend, code in BENDS:
        maker.bent(name, base, f"vault.{code}", bend)
    for name, statement, code in OLD_STATEMENTS:
        text = f"version 1: {name}"
        maker.bent(text, "version-1", f"vault.{code}", lambda file, t=statement: file.execute(t))


def make(folder: Path) -> None:
    """Everything, into ``folder``."""
    with tempfile.TemporaryDirectory() as work:
        maker = Maker(folder, Path(work))
        make_version_2(maker)
        make_version_1(maker)
        make_bad(maker)
    document = {"sqlite": sqlite3.sqlite_version, "cases": maker.cases}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / "cases.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(maker.cases)} cases")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
