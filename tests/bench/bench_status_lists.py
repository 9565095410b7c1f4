"""Status lists of a million entries: how long they take to make, and how long they are.

Read from the marks to the signed token: built, compressed, signed. The size is set beside what
cannot be undercut: the entropy of marks at random, and that times 16/9 where base64url stands
twice around it, as in a JWT. A list is made of up to 100,000 marks, which shows that it grows in
a straight line; giving places and publishing from a database are measured as an issuer does both.

    python tests/bench/bench_status_lists.py
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import log2
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from measuring import each_once, milliseconds, table  # noqa: E402
from simulated_issuer import Site  # noqa: E402
from sqlalchemy import insert  # noqa: E402

from healthpassport.encoding import b64url_encode  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from healthpassport.status import bitstring_writing, cwt  # noqa: E402
from healthpassport.status.entries import build, compress  # noqa: E402
from healthpassport.status.permutation import SecretOrder  # noqa: E402
from healthpassport.status.token_status_list import sign  # noqa: E402
from issuer.service.list_files import publish_files  # noqa: E402
from issuer.service.places import reserving  # noqa: E402
from issuer.service.token_lists import gzipped  # noqa: E402
from issuer.settings import SD_JWT_VC  # noqa: E402
from issuer.store.tables import issuances, offers, status_entries, status_lists  # noqa: E402

MILLION: Final = 1_000_000
SIZES: Final = (MILLION, 1 << 20)
MARKS: Final = (1_000, 10_000, 25_000, 50_000, 100_000)
SHARES: Final = (0.0, 0.001, 0.01, 0.02, 0.05)
SIGNER: Final = generate_signer()
CHAIN: Final = b"c" * 600  # as long as a leaf in DER
NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
URI: Final = "https://issuer.example.nhs.uk/status/1"
TIMES: Final[dict[str, Any]] = {
    "uri": URI,
    "signer": SIGNER,
    "issued_at": NOW,
    "expires_at": NOW + timedelta(hours=72),
    "ttl": timedelta(seconds=180),
    "x5c": (CHAIN,),
}


def marks(size: int, count: int) -> list[tuple[int, int]]:
    """``count`` withdrawn entries at random places, the same at each call."""
    chosen = random.Random(f"{size} {count}").sample(range(size), count)  # noqa: S311 - a bench
    return [(index, 1) for index in chosen]


def made(size: int, entries: list[tuple[int, int]]) -> str:
    """A signed list, from the marks on."""
    return sign(build(bits=2, size=size, entries=entries), issuer="https://i.example", **TIMES)


def times() -> Iterator[tuple[str, ...]]:
    """CPU milliseconds of a list by the number of its marks."""
    for count in MARKS:
        entries = marks(1 << 20, count)
        whole = milliseconds(lambda entries=entries: made(1 << 20, entries))  # type: ignore[misc]
        yield (f"{count:,}", f"{whole:.0f}", f"{1_000 * whole / count:.1f}")


def sizes() -> Iterator[tuple[str, ...]]:
    """Bytes of one list in each form, by size and share of marks."""
    for size in SIZES:
        for share in SHARES:
            entries = marks(size, int(size * share))
            array = build(bits=2, size=size, entries=entries)
            packed = compress(array.data)
            text = sign(array, issuer="https://i.example", compressed=packed, **TIMES)
            twin = cwt.sign(array, compressed=packed, **TIMES)
            bits = bitstring_writing.build(size=size, marked=[index for index, _ in entries])
            yield (
                f"{size:,}, {100 * share:g} %",
                f"{entropy(share) * size / 8:,.0f}",
                f"{len(packed):,}",
                f"{len(twin):,}",
                f"{len(text):,}",
                f"{len(gzipped(text.encode())):,}",
                f"{len(bitstring_writing.encode(bits)):,}",
                f"{len(b64url_encode(b64url_encode(packed).encode())):,}",
            )


def entropy(share: float) -> float:
    """Bits that one entry needs, marked with probability ``share``, whoever encodes it."""
    if not share:
        return 0.0
    return -share * log2(share) - (1 - share) * log2(1 - share)


def served(folder: Path) -> Iterator[tuple[str, str]]:
    """What an issuer does with a full list: places given, a change published."""
    site = Site(folder)
    order = SecretOrder(bytes(32), 1 << 20)
    yield "one place by the secret order", f"{milliseconds(lambda: order.place(77)):.4f}"

    def take() -> None:
        with reserving(site.issuer, SD_JWT_VC, copies=5) as reserved:
            reserved.used = 5

    yield "five places, leasing and its journal included", f"{milliseconds(take):.4f}"
    fill(site)

    def publish() -> None:
        with site.issuer.store.writing() as tx:
            tx.execute(status_lists.update().values(version=status_lists.c.version + 1))
        publish_files(site.issuer, folder / "out")

    work = [publish for _ in range(5)]
    words = "2^20 entries of SQLite, 1 % marked, one changed: read, signed, written as files"
    yield words, f"{each_once(work):.0f}"


def fill(site: Site) -> None:
    """Every place of list 1 is given, and 1 % of them withdrawn."""
    size = 1 << 20
    withdrawn = dict(marks(size, size // 100))
    with site.issuer.store.writing() as tx:
        offer = dict.fromkeys(("id", "address_hash", "code_hash", "pin_mac", "client"), "x")
        tx.execute(insert(offers), {**offer, "state": "done", "created_at": 1, "expires_at": 2})
        row = {"id": "i", "offer": "x", "client": "x", "record_type": "x", "copies": size}
        row |= {"issued_at": 1, "expires_at": 2**31, "notification_hash": "n", "status": 0}
        tx.execute(insert(issuances), row)
        for start in range(0, size, 10_000):
            indexes = range(start, min(start + 10_000, size))
            one = {"list": 1, "issuance": "i"}
            rows = [{**one, "idx": i, "status": withdrawn.get(i, 0)} for i in indexes]
            tx.execute(insert(status_entries), rows)


def main() -> None:
    """Print times, sizes, and what an issuer takes."""
    columns = ("marks in 2^20 entries", "CPU ms: built, compressed, signed", "us a mark")
    table("Status lists by marks", columns, times())
    forms = ("array, zlib", "CWT", "JWT", "JWT in gzip", "bitstring (encodedList)", "lst in a JWT")
    table("Bytes of a status list", ("entries, marked", "entropy", *forms), sizes())
    with TemporaryDirectory() as folder:
        table("An issuer's lists", ("what", "CPU ms"), served(Path(folder)))


if __name__ == "__main__":
    main()
