"""Makes the test vectors of docs/backup-format.md: one good file, and changes that make it bad.

Run once for a version of the format (``python backup_vectors.py`` in this folder): every other run
draws other random numbers.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from backup_files import NOW, PART, header_end, with_header, with_part

from healthpassport.encoding import b64url_encode
from wallet.backup.content import First, Row
from wallet.backup.keys import RandomSecret, SlotKind, passphrase_recipient, recipient
from wallet.backup.split import new_split
from wallet.backup.writing import write_backup

FOLDER = Path(__file__).parent / "vectors" / "backup"
PASSPHRASE = "tri gair gwneud, ŵy"
ROWS = (
    Row("copies", 5, bytes(range(16)), b"", b'{"shown":0,"text":"made up"}'),
    Row("grants", 2**56 - 1, bytes(16), b"", bytes(range(256))),
    Row("records", 1, b"\xff" * 16, bytes(192), b'{"iss":"https://surgery.example"}'),
    Row("records", 7, bytes(16), b"", b"Penisilin, brech" + bytes(70_000)),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    words = RandomSecret(secrets.token_bytes(16), SlotKind.WORDS)
    split, shares = new_split(secrets.token_bytes)
    _other, others = new_split(secrets.token_bytes)
    first = First(
        secrets.token_bytes(16),
        {"cards": 0, "copies": 1, "grants": 1, "records": 2},
        {"tags": secrets.token_bytes(32), "words records": secrets.token_bytes(32)},
    )
    path = FOLDER / "good.hpb"
    way = passphrase_recipient(PASSPHRASE, random=secrets.token_bytes)
    write_backup(
        path,
        first=first,
        rows=ROWS,
        recipients=(way, recipient(words, {}), split),
        now=NOW,
        random=secrets.token_bytes,
        replace=True,
    )
    data = path.read_bytes()
    document = {
        "about": "docs/backup-format.md; a change replaces bytes FROM to TO (as in Python) by hex",
        "passphrase": PASSPHRASE,
        "words": words.secret.hex(),
        "shares": [share.text() for share in shares],
        "otherShares": [share.text() for share in others],
        "wallet": first.wallet.hex(),
        "counts": dict(first.counts),
        "finding": {name: key.hex() for name, key in first.finding.items()},
        "rows": [
            {
                "table": row.table,
                "id": row.row,
                "tag": row.tag.hex(),
                "words": row.words.hex(),
                "size": len(row.value),
                "sha256": hashlib.sha256(row.value).hexdigest(),
            }
            for row in ROWS
        ],
        "bad": list(bad(data)),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (FOLDER / "backup.json").write_text(text + "\n", encoding="utf-8")


def bad(data):
    end = header_end(data)
    start = end + 48
    header = json.loads(data[14:end])
    slots = header["slots"]

    def told(**members):
        changed = header | members
        text = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
        return with_header(data, text)

    def flip(place):
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

    def other_place(part):
        return (1).to_bytes(8, "big") + part[8:]

    def other_backup(part):
        return part[:9] + bytes(16) + part[25:]

    weak = [{**slots[0], "memory": 8192}, *slots[1:]]
    cases = {
        "empty": (b"", "not_a_backup"),
        "another first byte": (flip(0), "not_a_backup"),
        "cut in the first bytes": (data[:13], "cut_short"),
        "cut in the header": (data[: end - 9], "cut_short"),
        "no part": (data[:start], "cut_short"),
        "cut in a part": (data[: start + 70_000], "cut_short"),
        "the last part is missing": (data[:-PART], "cut_short"),
        "one byte more": (data + b"\0", "damaged"),
        "a bit of the version": (flip(9), "damaged"),
        "a bit of the header": (flip(100), "damaged"),
        "a bit of the MAC": (flip(end + 3), "damaged"),
        "a bit of a part": (flip(start + 99_999), "damaged"),
        "a bit of a checksum": (flip(len(data) - 1), "damaged"),
        "a later version": (with_header(data[:9] + b"\x02" + data[10:], b"{}"), "version"),
        "a member more": (told(more=1), "damaged"),
        "a slot of another kind": (told(slots=[{"kind": "pin", "sealed": "AA"}]), "damaged"),
        "two passphrases": (told(slots=[slots[0], slots[0]]), "damaged"),
        "a cheap passphrase": (told(slots=weak), "kdf"),
        "another date": (told(made="2026-11-25T18:00:01Z"), "altered"),
        "another wallet": (told(wallet=b64url_encode(bytes(16))), "altered"),
        "a slot taken away": (told(slots=slots[:2]), "altered"),
        "a part in another place": (with_part(data, 2, other_place), "parts_mixed"),
        "a part of another backup": (with_part(data, 0, other_backup), "parts_mixed"),
        "a forged part": (
            with_part(data, 3, lambda part: part[:-1] + bytes([part[-1] ^ 1])),
            "altered",
        ),
        "a part that says it is the last": (
            with_part(data, 1, lambda part: part[:8] + b"\x01" + part[9:]),
            "altered",
        ),
    }
    for name, (changed, code) in cases.items():
        yield {"name": name, "code": f"backup.{code}", "change": difference(data, changed)}


def difference(data, changed):
    """The one stretch of ``data`` that ``changed`` replaces."""
    same = 0
    while same < min(len(data), len(changed)) and data[same] == changed[same]:
        same += 1
    tail = 0
    limit = min(len(data), len(changed)) - same
    while tail < limit and data[-1 - tail] == changed[-1 - tail]:
        tail += 1
    # A part's place and its checksum lie 64 KiB apart: two stretches say that in fewer bytes.
    stretches = [[same, len(data) - tail, changed[same : len(changed) - tail]]]
    if len(data) == len(changed) and len(data) - tail - same > 1000:
        gap = len(data) - tail - 16
        if data[same + 64 : gap] == changed[same + 64 : gap]:
            stretches = [
                [same, same + 64, changed[same : same + 64]],
                [gap, gap + 16, changed[gap : gap + 16]],
            ]
    return [[first, last, new.hex()] for first, last, new in stretches]


if __name__ == "__main__":
    main()
