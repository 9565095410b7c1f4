"""Issues in a loop until it is killed; prints each issuance once it was acknowledged.

Run by tests/issuer/test_crash.py: ``crash_worker.py FOLDER WORKER``.
"""

import secrets
import sys
from pathlib import Path

from sqlalchemy import select

from healthpassport.status.permutation import SecretOrder
from issuer.store import Issuance, bitstrings, issuances, journal, open_store, statuses
from issuer.store.places import TOKEN, bitstring_kind, lease
from issuer.store.tables import offers

folder, worker = Path(sys.argv[1]), sys.argv[2]
store = open_store(folder / "issuer.sqlite")
journal.attach(store.engine, folder / "journal", name=worker)
with store.reading() as tx:
    offer = tx.execute(select(offers.c.id)).scalar_one()
KINDS = {
    "token": (TOKEN, statuses.give),
    "revocation": (bitstring_kind("revocation"), bitstrings.give),
    "suspension": (bitstring_kind("suspension"), bitstrings.give),
}
left = {name: [] for name in KINDS}


def taken(name):
    """Two places; a block of them is leased when none is left."""
    if not left[name]:
        with store.writing() as tx:
            block = lease(
                tx, KINDS[name][0], count=8, list_size=131_072, now=1, random=secrets.token_bytes
            )
        order = SecretOrder(block.seed, block.size)
        left[name] = [(block.number, order.place(n)) for n in range(block.start, block.end)]
    return [left[name].pop(), left[name].pop()]


sys.stdout.write("ready\n")
sys.stdout.flush()
count = 0
while True:
    count += 1
    name = f"{worker}-{count}-{secrets.token_hex(4)}"
    places = {kind: taken(kind) for kind in KINDS}
    with store.writing() as tx:
        issuances.add(
            tx,
            Issuance(name, offer, "practice", name, 2, 0, 1, 2, name),
        )
        for kind, (_, give) in KINDS.items():
            give(tx, issuance=name, places=places[kind])
    said = " ".join([name, *(f"{number}:{index}" for number, index in places["token"])])
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
