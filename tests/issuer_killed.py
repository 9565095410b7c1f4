"""Issues in a loop until it is killed; says each issuance once it was acknowledged.

Run in processes of their own by tests/issuer/test_crash.py.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlalchemy import select

from healthpassport.status.permutation import SecretOrder
from issuer.store import Issuance, Store, bitstrings, issuances, journal, open_store, statuses
from issuer.store.places import TOKEN, bitstring_kind, lease
from issuer.store.tables import offers

KINDS = {
    "token": (TOKEN, statuses.give),
    "revocation": (bitstring_kind("revocation"), bitstrings.give),
    "suspension": (bitstring_kind("suspension"), bitstrings.give),
}


class Places:
    """Places of each kind, two at a time; a block of them is leased when none is left."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.left = {name: [] for name in KINDS}

    def taken(self, name: str) -> list[tuple[int, int]]:
        left = self.left[name]
        if not left:
            with self.store.writing() as tx:
                block = lease(
                    tx,
                    KINDS[name][0],
                    count=8,
                    list_size=131_072,
                    now=1,
                    random=secrets.token_bytes,
                )
            order = SecretOrder(block.seed, block.size)
            left += [(block.number, order.place(n)) for n in range(block.start, block.end)]
        return [left.pop(), left.pop()]


def issue(folder: Path, worker: str) -> None:
    """Say so in ``said-WORKER``, a line each, after a first one that is ``ready``."""
    store = open_store(folder / "issuer.sqlite")
    journal.attach(store.engine, folder / "journal", name=worker)
    with store.reading() as tx:
        offer = tx.execute(select(offers.c.id)).scalar_one()
    left, count = Places(store), 0
    with (folder / f"said-{worker}").open("wb", buffering=0) as said:
        said.write(b"ready\n")
        while True:
            count += 1
            name = f"{worker}-{count}-{secrets.token_hex(4)}"
            places = {kind: left.taken(kind) for kind in KINDS}
            with store.writing() as tx:
                issuances.add(tx, Issuance(name, offer, "practice", name, 2, 0, 1, 2, name))
                for kind, (_, give) in KINDS.items():
                    give(tx, issuance=name, places=places[kind])
            told = " ".join([name, *(f"{number}:{index}" for number, index in places["token"])])
            said.write(f"{told}\n".encode())
