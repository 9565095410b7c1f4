"""What docs/scale.md needs to be measured: rows and bytes an issuance, and lists full of marks.

python tests/bench/bench_scale.py [--people 200]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).parent)]

from measuring import table  # noqa: E402
from postgresql_world import running  # noqa: E402
from simulated_issuer import Site, Wallet  # noqa: E402
from sqlalchemy import text  # noqa: E402

from healthpassport.keys import generate_signer  # noqa: E402
from healthpassport.status import cwt  # noqa: E402
from healthpassport.status.entries import REPLACED, build, compress  # noqa: E402
from healthpassport.status.token_status_list import sign  # noqa: E402
from issuer.service.offers import sweep  # noqa: E402
from issuer.service.token_lists import gzipped  # noqa: E402

SIZE = 1 << 20
SHARES = (0.0, 0.01, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
COUNTED = (
    "SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables"
    " ORDER BY relname"
)


def lists():
    """CPU and bytes of a list by the share of its entries that are replaced."""
    signer, uri = generate_signer(), "https://issuer.example.nhs.uk/status/1"
    times = {"issued_at": NOW, "expires_at": NOW + timedelta(hours=72), "x5c": (b"c" * 600,)}
    for share in SHARES:
        chosen = random.Random(str(share)).sample(range(SIZE), int(SIZE * share))  # noqa: S311
        entries = [(index, REPLACED) for index in chosen]
        begun = time.process_time()
        array = build(bits=2, size=SIZE, entries=entries)
        packed = compress(array.data)
        common = {"uri": uri, "signer": signer, "ttl": timedelta(seconds=180), **times}
        token = sign(array, issuer="https://i.example", compressed=packed, **common)
        cpu = time.process_time() - begun
        twin = cwt.sign(array, compressed=packed, **common)
        sizes = (len(twin), len(token), len(gzipped(token.encode())))
        yield (f"{share:.0%}", f"{1_000 * cpu:.0f}", *(f"{one:,}" for one in sizes))


def database(people: int, url: str, folder: Path):
    """Rows and bytes of each table after everybody took two records in five copies."""
    site = Site(folder, changes={"database": None, "database_url": url})
    for number in range(people):
        wallet = Wallet(site, site.offer())
        wallet.ask_token(host=f"198.51.{number // 250}.{number % 250}")
        for name in ("AllergySummary", "PatientIdentity"):
            answer = wallet.ask_credential(name, copies=5).json()
            told = {"notification_id": answer["notification_id"], "event": "credential_accepted"}
            wallet.post("/notification", told)
        site.pass_time(seconds=1)
    site.pass_time(minutes=11)
    sweep(site.issuer)
    with site.issuer.store.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.execute(text("VACUUM FULL"))
        connection.execute(text("ANALYZE"))
        rows = connection.execute(text(COUNTED)).all()
    site.issuer.store.close()
    for name, count, size in rows:
        if count >= people:
            each = (f"{count / people / 2:.2f}", f"{size / count:.0f}", f"{size / people / 2:.0f}")
            yield (name, f"{count:,}", *each)


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--people", type=int, default=200)
    chosen = options.parse_args()
    forms = ("CPU ms", "CWT", "JWT", "JWT in gzip")
    table("A list of 2^20 entries by the share replaced", ("replaced", *forms), lists())
    with TemporaryDirectory() as folder, running() as server:
        rows = list(database(chosen.people, server.empty_database(), Path(folder)))
    columns = ("table", "rows", "rows a record", "bytes a row", "bytes a record")
    table("PostgreSQL, indexes included, five copies a record", columns, rows)


if __name__ == "__main__":
    main()
