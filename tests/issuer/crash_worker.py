"""Issues in a loop until it is killed; prints each issuance once it was acknowledged.

Run by tests/issuer/test_crash.py: ``crash_worker.py FOLDER WORKER``.
"""

import secrets
import sys
from pathlib import Path

from sqlalchemy import select

from issuer.store import Issuance, bitstrings, issuances, open_store, statuses
from issuer.store.tables import offers

folder, worker = Path(sys.argv[1]), sys.argv[2]
store = open_store(folder / "issuer.sqlite")
with store.reading() as tx:
    offer = tx.execute(select(offers.c.id)).scalar_one()
sys.stdout.write("ready\n")
sys.stdout.flush()
count = 0
while True:
    count += 1
    name = f"{worker}-{count}-{secrets.token_hex(4)}"
    with store.writing() as tx:
        issuances.add(
            tx,
            Issuance(name, offer, "practice", name, 2, 0, 1, 2, name),
        )
        given = statuses.allocate(
            tx, issuance=name, copies=2, list_size=131_072, now=1, random=secrets.token_bytes
        )
        for purpose in ("revocation", "suspension"):
            bitstrings.allocate(
                tx,
                issuance=name,
                purpose=purpose,
                copies=2,
                list_size=131_072,
                now=1,
                random=secrets.token_bytes,
            )
    said = " ".join([name, *(f"{number}:{index}" for number, index in given)])
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
