"""Real processes over one PostgreSQL, killed, restarted one by one, and its database killed too.

Nothing that was acknowledged is lost and no status entry is given twice (rel-002).
``PASSPORT_ISSUER_KILLS=20`` for the figure.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa
from desk_processes import one_address
from issuer_processes import several
from postgresql_world import running

KILLS = int(os.environ.get("PASSPORT_ISSUER_KILLS", "1"))
RECOVERY = 180.0  # seconds, on a machine with ten times as much to do as it can; else two or three
WALLETS = 3


@pytest.fixture(scope="module")
def server():
    with running(durable=True) as made:
        yield made


@pytest.fixture(scope="module")
def site(server, tmp_path_factory):
    with several(tmp_path_factory.mktemp("issuer"), server.empty_database()) as made:
        made.url = f"postgresql+psycopg://desk@/desk1?host={server.folder}"
        yield made


@asynccontextmanager
async def busy(site, port):
    """Wallets that collect one record after the other while the block runs."""
    over = asyncio.Event()

    async def collect():
        while not over.is_set():
            await site.collect(port)
            await asyncio.sleep(0.1)  # as people are slower than the machine

    wallets = [asyncio.create_task(collect()) for _ in range(WALLETS)]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*wallets)


async def until_more(site, number):
    """Wait until ``number`` more records were collected; how many seconds that took."""
    begun, wanted = time.monotonic(), len(site.acknowledged) + number
    while len(site.acknowledged) < wanted:
        assert time.monotonic() - begun < 600
        await asyncio.sleep(0.01)
    return time.monotonic() - begun


def kept(site):
    """What the database knows: the places of each offer's copies."""
    engine = sa.create_engine(site.url)
    query = """
        SELECT i.offer, e.list, e.idx FROM status_entries e JOIN issuances i ON i.id = e.issuance
    """
    with engine.connect() as connection:
        rows = connection.execute(sa.text(query)).all()
    engine.dispose()
    assert len({(row.list, row.idx) for row in rows}) == len(rows)
    found = {}
    for row in rows:
        found.setdefault(row.offer, set()).add(f"{row.list}:{row.idx}")
    return {offer: tuple(sorted(places)) for offer, places in found.items()}


def nothing_is_lost(site):
    found = kept(site)
    assert {offer: found.get(offer) for offer in site.acknowledged} == site.acknowledged
    assert {len(places) for places in found.values()} == {2}


def test_a_killed_process_and_a_rolling_restart_lose_nothing(site):
    async def story():
        for port in site.ports:
            await site.ready(port)
        async with one_address(site.ports) as address, busy(site, address):
            await until_more(site, 2)
            site.serving[0].kill()
            await until_more(site, 2)
            site.serving[0].start()  # of the next release, say: old and new side by side
            await site.ready(site.serving[0].port)
            site.serving[1].stop()
            await until_more(site, 2)

    asyncio.run(story())
    nothing_is_lost(site)


def test_rel_002_a_killed_database_comes_back_by_itself_and_nothing_is_lost(site, server):
    took = []

    async def story():
        await site.ready(site.serving[0].port)
        async with busy(site, site.serving[0].port):
            for _ in range(KILLS):
                await until_more(site, 2)
                await asyncio.to_thread(server.crash)
                begun = time.monotonic()
                status, _ = await site.call(site.serving[0].port, "GET", "/readyz")
                assert status == 503
                await asyncio.to_thread(server.start)
                await until_more(site, 1)
                took.append(time.monotonic() - begun)

    asyncio.run(story())
    nothing_is_lost(site)
    assert max(took) < RECOVERY, took
