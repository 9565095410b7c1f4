"""What the issuer keeps of a record that was collected, and what a wallet that comes back costs.

Wallets collect one record in five copies, say that they hold it, and come back a day later for a
newer one, whose source, a FHIR bundle of two allergies in a folder, is read again. CPU time is that
of the issuer alone, without HTTP and TLS; bytes are those of the database once offers have ended
and their answers are forgotten, with the audit trail bound.

    python tests/bench/bench_keeping.py [--wallets 200]
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from measuring import table  # noqa: E402
from postgresql_world import running  # noqa: E402
from returning_wallet import Returning, offered, source_site  # noqa: E402
from simulated_issuer import Site  # noqa: E402
from sqlalchemy import text  # noqa: E402

from issuer import service  # noqa: E402
from issuer.service.audit_keeping import tend  # noqa: E402
from issuer.store.tables import metadata  # noqa: E402

COPIES: Final = 5
OK: Final = (200, 204)
LARGEST: Final = 8  # tables that are shown


class Timed(Site):
    """An issuer whose own CPU time is counted, and not that of the wallets beside it."""

    spent: float = 0.0
    hosts = count()

    def call(self, *args: Any, **options: Any) -> Any:
        """As in ``Site``, each time from another address, so that no limit is met."""
        options["host"] = f"198.51.100.{next(self.hosts) % 250}"
        began = time.process_time()
        answer = super().call(*args, **options)
        self.spent += time.process_time() - began
        assert answer.status in OK, answer.body
        return answer

    def cost(self, work: Any) -> float:
        """Seconds of the issuer's in ``work``."""
        before = self.spent
        work()
        return self.spent - before


def sizes(site: Site) -> dict[str, int]:
    """Bytes of every table with its indexes, without pages that are free."""
    with site.issuer.store.reading() as tx:
        if site.issuer.store.is_shared:
            query = "SELECT pg_total_relation_size('{}')"
            names = [one.name for one in metadata.sorted_tables]
            return {n: int(tx.execute(text(query.format(n))).scalar_one()) for n in names}
        rows = tx.execute(
            text(
                "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d"
                " JOIN sqlite_master m ON m.name = d.name GROUP BY 1"
            )
        )
        return {str(name): int(size) for name, size in rows}


def settled(site: Site) -> dict[str, int]:
    """``sizes`` a day later, once everything that ends has ended."""
    site.pass_time(days=1)
    service.sweep(site.issuer)
    site.pass_time(days=1)
    service.sweep(site.issuer)
    site.issuer.audit.settle(everything=True)
    tend(site.issuer)
    if site.issuer.store.is_shared:
        with site.issuer.store.engine.connect() as raw:
            raw.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM FULL"))
    return sizes(site)


def collected(wallet: Returning) -> None:
    """One record, and word that it is held."""
    wallet.accept(wallet.ask_credential(copies=COPIES))


def measured(folder: Path, wanted: int, **changes: Any) -> tuple[list[Any], list[dict[str, int]]]:
    """CPU seconds of first and later collections, and the sizes before, between and behind."""
    site = source_site(folder, **changes)
    site.__class__ = Timed
    kept, costs = [settled(site)], []
    wallets = [Returning.of(site, offered(site)) for _ in range(wanted)]
    costs.append([site.cost(lambda one=one: collected(one)) for one in wallets])
    kept.append(settled(site))
    costs.append([site.cost(one.refresh) for one in wallets])
    costs.append([site.cost(lambda one=one: collected(one)) for one in wallets])
    kept.append(settled(site))
    site.issuer.store.close()
    return costs, kept


def shown(words: str, wanted: int, costs: list[Any], kept: list[dict[str, int]]) -> None:
    """Two tables."""
    median = [f"{1_000 * sorted(some)[wanted // 2]:.1f}" for some in costs]
    columns = ("database", "first collection", "refresh token", "collected again")
    title = f"CPU ms of the issuer, one record in {COPIES} copies, {wanted} wallets"
    table(title, columns, [(words, *median)])
    grown = [
        {name: after[name] - before.get(name, 0) for name in after}
        for before, after in pairwise(kept)
    ]
    names = sorted(grown[0], key=lambda name: -grown[0][name])[:LARGEST]
    rows = [(n, *(f"{some[n] / wanted:,.0f}" for some in grown)) for n in names]
    whole = ("all", *(f"{sum(some.values()) / wanted:,.0f}" for some in grown))
    table(f"Bytes that stay, {words}", ("table", "first", "each later one"), [whole, *rows])


def main() -> None:
    """Print what is kept, and what coming back costs."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--wallets", type=int, default=200)
    wanted = options.parse_args().wallets
    with TemporaryDirectory() as folder:
        shown("SQLite", wanted, *measured(Path(folder), wanted))
    with TemporaryDirectory() as folder, running() as server:
        url = {"database": None, "database_url": server.empty_database()}
        shown("PostgreSQL", wanted, *measured(Path(folder), wanted, **url))


if __name__ == "__main__":
    main()
