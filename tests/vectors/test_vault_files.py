"""Every file of ``tests/vectors/vault``, opened by the wallet and by the literal reader."""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from literal_vault import Refused, read_vault

from healthpassport.errors import VaultError
from wallet.vault import Passkey, RecoveryWords, Vault, kdf, migration

FOLDER = Path(__file__).resolve().parent / "vault"
DOCUMENT = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
CASES = [pytest.param(case, id=case["name"]) for case in DOCUMENT["cases"]]
CODES = {"vault.corrupt", "vault.schema", "vault.version", "vault.kdf", "vault.way_unknown"} | {
    "vault.unlock_failed",
    "vault.recovery_words",
    "vault.anchor",
    "vault.rollback",
    "vault.row_missing",
    "vault.row_binding",
}


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(kdf.argon2id, "kdf", stretch)
    monkeypatch.setattr(migration, "NEW_COST", kdf.KdfCost())


slow = kdf.argon2id.kdf


@cache
def stretch(*given, **more):
    return slow(*given, **more)


def laid_out(case, folder):
    """The case's file and anchor where the wallet wants them."""
    data = bytearray((FOLDER / f"{case['file']}.db").read_bytes())
    length = case.get("length", len(data))
    data = data[:length] + bytes(length - len(data[:length]))
    for offset, new, *times in case.get("changes", ()):
        run = bytes.fromhex(new) * (times[0] if times else 1)
        data[offset : offset + len(run)] = run
    path = folder / "v" / "vault.db"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def way_of(case):
    way = case["way"]
    if "words" in way:
        return RecoveryWords(tuple(way["words"]))
    if "credential" in way:
        return Passkey(bytes.fromhex(way["credential"]), bytes.fromhex(way["secret"]))
    return way["passphrase"]


def by_wallet(case, path, anchors):
    """What the wallet reads: values by table and id, and what a search finds."""
    vault = Vault(
        path,
        anchor_folder=anchors,
        clock=lambda: datetime(2026, 11, 2, tzinfo=UTC),
        random=secrets.token_bytes,
    )
    try:
        if case["anchor"] is not None:
            anchors.mkdir(mode=0o700)
            (anchors / f"{vault._wallet.hex()}.anchor").write_bytes(bytes.fromhex(case["anchor"]))
        vault.unlock(way_of(case))
        vault.open_private(way_of(case))
        tables = vault.check()
        values = {t: {row: vault.read(t, row) for row in vault.rows(t)} for t in tables}
        found = {t: list(vault.search(t, text)) for t, text in case.get("search", {}).items()}
    finally:
        vault.close()
    return values, found


def by_document(case, path, _anchors):
    anchor = None if case["anchor"] is None else bytes.fromhex(case["anchor"])
    return read_vault(path, anchor, case["way"], case.get("search"))


@pytest.mark.parametrize("reader", [by_wallet, by_document])
@pytest.mark.parametrize("case", CASES)
def test_a_vault_is_read_or_refused_as_its_case_says(case, reader, tmp_path):
    if "refused" in case:
        try:
            path = laid_out(case, tmp_path)
            before = path.read_bytes()
            reader(case, path, tmp_path / "a")
        except VaultError as error:
            told = error.code
        except Refused as error:
            told = str(error)
        else:
            told = "opened"
        assert told == case["refused"]
        assert path.read_bytes() == before
        return
    values, found = reader(case, laid_out(case, tmp_path), tmp_path / "a")
    filled = {
        table: {str(row): value.hex() for row, value in rows.items()}
        for table, rows in values.items()
        if rows
    }
    assert filled == case["rows"]
    ids = {table: sorted(map(str, rows)) for table, rows in found.items()}
    assert ids == {t: sorted(rows) for t, rows in case.get("found", {}).items()}


def test_every_refusal_that_the_document_names_has_a_file():
    assert {case["refused"] for case in DOCUMENT["cases"] if "refused" in case} == CODES


@pytest.mark.skipif(
    DOCUMENT["sqlite"] != sqlite3.sqlite_version, reason="another SQLite lays pages out anew"
)
def test_the_script_beside_them_makes_the_same_files(tmp_path):
    command = [sys.executable, FOLDER / "make.py", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(p.name for p in FOLDER.iterdir() if p.suffix in {".db", ".json"})
    for name in made:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name
    shutil.rmtree(tmp_path)
