"""The test vectors of docs/backup-format.md, read by us and by the reader written from it."""

from __future__ import annotations

import hashlib
import json

import pytest
from backup_by_the_book import line_through, read
from backup_files import refused
from cryptography.exceptions import InvalidTag
from nacl.exceptions import CryptoError
from repository import ROOT

from wallet.backup.keys import PassphraseSecret, RandomSecret, SlotKind
from wallet.backup.reading import joined, opened
from wallet.backup.split import read_share

pytestmark = pytest.mark.usefixtures("as_slow_as_it_is")
FOLDER = ROOT / "tests" / "vectors" / "backup"
VECTORS = json.loads((FOLDER / "backup.json").read_text(encoding="utf-8"))
GOOD = FOLDER / "good.hpb"
WORDS = bytes.fromhex(VECTORS["words"])


def summed(table, row, tag, words, value):
    return {
        "table": table,
        "id": row,
        "tag": tag.hex(),
        "words": words.hex(),
        "size": len(value),
        "sha256": hashlib.sha256(value).hexdigest(),
    }


def secrets_of_the_vectors():
    first, second, third = map(read_share, VECTORS["shares"])
    yield PassphraseSecret(VECTORS["passphrase"])
    yield RandomSecret(WORDS, SlotKind.WORDS)
    for two in ((first, second), (first, third), (third, second)):
        yield joined(GOOD, two)


def test_the_good_file_opens_with_every_secret():
    for secret in secrets_of_the_vectors():
        with opened(GOOD, secret) as content:
            first = content.first
            assert first.wallet.hex() == VECTORS["wallet"]
            assert dict(first.counts) == VECTORS["counts"]
            assert {name: key.hex() for name, key in first.finding.items()} == VECTORS["finding"]
            rows = [summed(r.table, r.row, r.tag, r.words, r.value) for r in content.rows()]
        assert rows == VECTORS["rows"]


def test_the_reader_written_from_the_document_reads_the_same():
    data = GOOD.read_bytes()
    for kind, secret in (
        ("passphrase", VECTORS["passphrase"]),
        ("words", WORDS),
        ("split", line_through(*VECTORS["shares"][1:])),
    ):
        book = read(data, kind, secret)
        assert [summed(*row) for row in book.rows] == VECTORS["rows"]
        assert {name: key.hex() for name, key in book.finding.items()} == VECTORS["finding"]
        assert book.counts == VECTORS["counts"]


@pytest.mark.parametrize("case", VECTORS["bad"], ids=lambda case: case["name"])
def test_a_bad_file_is_refused_by_its_name(tmp_path, case):
    data = GOOD.read_bytes()
    for start, end, new in reversed(case["change"]):
        data = data[:start] + bytes.fromhex(new) + data[end:]
    (tmp_path / "bad.hpb").write_bytes(data)
    with (
        refused(case["code"]),
        opened(tmp_path / "bad.hpb", RandomSecret(WORDS, SlotKind.WORDS)) as content,
    ):
        list(content.rows())
    with pytest.raises((AssertionError, InvalidTag, CryptoError)):
        read(data, "words", WORDS)


def test_shares_of_another_split_do_not_fit():
    others = tuple(map(read_share, VECTORS["otherShares"]))
    with refused("backup.share_old"):
        joined(GOOD, others[:2])
