"""Issues in a loop until it is killed; prints each issuance once it was acknowledged.

Run by tests/issuer/test_crash.py: ``crash_worker.py FOLDER WORKER``.
"""

import secrets
import sys
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import select

from issuer.service.places import Pool, reserving
from issuer.settings import LDP_VC, SD_JWT_VC
from issuer.store import Issuance, issuances, journal, open_store
from issuer.store.tables import offers

folder, worker = Path(sys.argv[1]), sys.argv[2]
store = open_store(folder / "issuer.sqlite")
journal.attach(store.engine, folder / "journal", name=worker)
issuer = SimpleNamespace(
    store=store,
    places=Pool(),
    settings=SimpleNamespace(status_list_size=131_072),
    now=lambda: 1,
    random=secrets.token_bytes,
)
with store.reading() as tx:
    offer = tx.execute(select(offers.c.id)).scalar_one()
sys.stdout.write("ready\n")
sys.stdout.flush()
count = 0
while True:
    count += 1
    name = f"{worker}-{count}-{secrets.token_hex(4)}"
    with (
        reserving(issuer, SD_JWT_VC, copies=2) as places,
        reserving(issuer, LDP_VC, copies=2) as entries,
        store.writing() as tx,
    ):
        issuances.add(
            tx,
            Issuance(name, offer, "practice", name, 2, 0, 1, 2, name),
        )
        (given,) = places.give(tx, name)
        entries.give(tx, name)
    said = " ".join([name, *(f"{number}:{index}" for number, index in given)])
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
