"""Audit trails as files, made without a database, and ways to tamper with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from healthpassport.audit import Place, Sealed
from healthpassport.audit.entries import Actor, Happened, digest, first_hash, seal
from healthpassport.audit.heads import sign_head
from healthpassport.keys import Signer

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
TRAIL = "dHJhaWwtb2YtdGVzdHMuLg"
WARD = Actor("RXX01", "ward 9", "dr.jones@example", "clinician")
STEPS = (
    ("trail.begun", {}),
    ("desk.started", {}),
    ("request.made", {"template": "emergency_admission"}),
    ("answer.accepted", {"acting": False}),
    ("receipt.given", {"kind": "presentation"}),
    ("result.opened", {}),
    ("result.exported", {"form": "fhir", "presentation": True}),
    ("result.closed", {}),
)


def entries(count: int = len(STEPS), *, tenant: str = "main", trail: str = TRAIL) -> list[Sealed]:
    made: list[Sealed] = []
    for place in range(count):
        event, facts = STEPS[place % len(STEPS)]
        previous = made[-1].hash if made else first_hash(tenant, trail)
        happened = Happened(
            START + timedelta(seconds=place), event, WARD, digest(b"%d" % (place // 4)), facts
        )
        made.append(seal(happened, Place(trail, place + 1, previous), tenant))
    return made


def head(last: Sealed, signer: Signer, chain: Sequence[bytes], **changes) -> str:
    told = {"tenant": "main", "trail": TRAIL, "seq": last.seq, "entry_hash": last.hash, "at": START}
    return sign_head(**(told | changes), signer=signer, chain=chain)


def line(sealed: Sealed) -> bytes:
    return f'{{"entry":{sealed.entry},"hash":"{sealed.hash}"}}\n'.encode()


def token_line(kind: str, token: str) -> bytes:
    return f'{{"{kind}":"{token}"}}\n'.encode()


def altered(sealed: Sealed, *, hashed: bool = True, **changes) -> Sealed:
    """The entry with other members; ``hashed`` puts the hash right as well."""
    told = json.loads(sealed.entry)
    told.update(changes)
    entry = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    found = digest(entry.encode()) if hashed else sealed.hash
    return replace(sealed, seq=told["seq"], entry=entry, hash=found)


def rewritten(made: Sequence[Sealed], at: int, change: Callable[[Sealed], Sealed]) -> list[Sealed]:
    """The trail with entry ``at`` changed and everything behind it written anew, but the heads."""
    out = list(made[: at - 1])
    out.append(change(made[at - 1]))
    for later in made[at:]:
        out.append(altered(later, prev=out[-1].hash))
    return out
