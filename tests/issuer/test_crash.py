"""Killed while it issues: nothing acknowledged is lost and no index is given twice (sta-020).

``PASSPORT_ISSUER_KILLS=200`` for the figure.
"""

from __future__ import annotations

import os
import time
from multiprocessing import get_context

from issuer_killed import issue
from sqlalchemy import func, select

from issuer.store import Offer, OfferState, offers, open_store
from issuer.store.tables import bitstring_entries, bitstring_lists, issuances, status_entries

KILLS = int(os.environ.get("PASSPORT_ISSUER_KILLS", "10"))
ROUNDS = KILLS // 2  # two workers are killed in each
PATIENCE = 180.0  # seconds for a worker to start
# A new process each, made from one that has imported what it needs.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["alembic.command", "issuer.store", "issuer.store.places"])


def start(folder, name):
    (folder / f"said-{name}").touch()
    process = PROCESSES.Process(target=issue, args=(folder, name), daemon=True)
    process.start()
    return process


def wait_until(folder, name, *, lines):
    until = time.monotonic() + PATIENCE
    while (folder / f"said-{name}").read_bytes().count(b"\n") < lines:
        assert time.monotonic() < until
        time.sleep(0.01)


def acknowledged_by(folder, name):
    """What a worker said; a last line that was cut short was not acknowledged."""
    lines = (folder / f"said-{name}").read_text().rpartition("\n")[0].splitlines()[1:]
    return {line.split()[0]: set(line.split()[1:]) for line in lines}


def test_sta_020_rel_001_two_workers_killed_again_and_again_give_no_index_twice(tmp_path):
    store = open_store(tmp_path / "issuer.sqlite")
    offer = Offer("o", "a", "c", "p", "practice", OfferState.REDEEMED, 0, 1, 2)
    with store.writing() as tx:
        offers.add(tx, offer, {"AllergySummary": b"sealed"})
    acknowledged = {}
    for count in range(ROUNDS):
        names = [f"{count}a", f"{count}b"]
        workers = [start(tmp_path, name) for name in names]
        for name in names:  # every other round they are killed at whatever they do first
            wait_until(tmp_path, name, lines=1 + count % 2)
        time.sleep(0.05 + 0.04 * (count % 10))
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()
        for name in names:
            acknowledged |= acknowledged_by(tmp_path, name)
    assert len(acknowledged) >= 2 * (ROUNDS // 2)
    assert store.sound()
    with store.reading() as tx:
        rows = tx.execute(select(status_entries)).all()
        kept = {}
        for row in rows:
            kept.setdefault(row.issuance, set()).add(f"{row.list}:{row.idx}")
        assert len({(row.list, row.idx) for row in rows}) == len(rows)
        assert tx.execute(select(func.count()).select_from(issuances)).scalar() == len(kept)
        places = tx.execute(select(bitstring_entries)).all()
        leased = tx.execute(select(func.sum(bitstring_lists.c.allocated))).scalar()
    assert {name: kept.get(name) for name in acknowledged} == acknowledged
    assert all(len(entries) == 2 for entries in kept.values())
    assert len({(row.list, row.idx) for row in places}) == len(places) == 4 * len(kept) <= leased
    assert {row.issuance for row in places} == set(kept)
    store.close()
