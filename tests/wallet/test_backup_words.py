"""What people read about backups: short, plain, in both languages."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from PIL import Image
from reading import grade, too_hard

import schemas
from wallet.backup.split import Share
from wallet.service.backup_words import TABLES, WAYS, WORDS
from wallet.service.erasing import BEFORE, LEFT
from wallet.service.sheets import OWN, PART, part_sheet

BANNED = re.compile(r"\b(credential|verifier|claim|disclos|revo[ck])", re.IGNORECASE)
VALUES = {"day": "1 May 2026", "what": "records", "count": "2", "number": "1", "people": "3"}


SET = "Two of these people together can open everything."  # its words are laid down by the design


def english():
    for name, words in WORDS.items():
        yield name, words["en"].removeprefix(SET)
    for name, table in (("own", OWN), ("part", PART), ("before", BEFORE), ("left", LEFT)):
        yield from ((f"{name} {line}", line) for line in table["en"])
    for code, entry in schemas.load_errors().items():
        if code.startswith("backup."):
            yield f"{code} title", entry["title"]
            yield f"{code} hint", entry["hint"]


@pytest.mark.parametrize(("where", "text"), list(english()))
def test_every_sentence_is_easy_to_read(where, text):
    text = text.format(**VALUES)
    assert not too_hard(text), f"{where}: grade {grade(text):.1f}"
    assert not BANNED.search(text)


def test_every_sentence_has_welsh_with_the_same_values():
    for words in (*WORDS.values(), *TABLES.values(), *WAYS.values()):
        assert words["cy"] != words["en"]
        assert sorted(re.findall(r"{\w+}", words["cy"])) == sorted(
            re.findall(r"{\w+}", words["en"])
        )
    for table in (OWN, PART, BEFORE, LEFT):
        assert len(table["cy"]) == len(table["en"])


def test_a_printed_code_is_small_and_reads_back():
    sheet = part_sheet(Share(b"abcd", 2, bytes(range(16))))
    matrix = [bytes(255 * (1 - dark) for dark in row) for row in modules(sheet.svg)]
    assert len(matrix) <= 45  # version 5 and its margin
    scaled = b"".join(b"".join(bytes([c]) * 4 for c in row) * 4 for row in matrix)
    image = Image.frombytes("L", (len(matrix) * 4, len(matrix) * 4), scaled)
    assert [
        found.text for found in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    ] == [sheet.text]


def modules(svg):
    """The dark modules of segno's SVG: lines of ``M x y h n`` at half heights."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg).group(1)) // 6
    rows = [[0] * side for _ in range(side)]
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+) ?(-?[\d.]+)?", svg):
        if command == "h":
            for column in range(int(x), int(x) + int(first)):
                rows[int(y)][column] = 1
            x += float(first)
        elif command == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return rows
