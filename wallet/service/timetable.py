"""When records are brought up to date: slots that nothing but the wallet's own seed decides.

Each record type has a period: a month, or less where a desk would call the record old before, or
where half of its life would be over. In each period one slot lies at a place that a secret seed of
the wallet chooses, so that no issuer sees a rhythm of the person, and two wallets of one household
do not ask together. Rules: the seed, the type and the time decide, and nothing that its owner does
with a record; the next slot comes before the record grows old.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from healthpassport.verification.policy import OTHER_RECORDS, RECORD_AGES
from wallet.vault import Vault

MONTH: Final = timedelta(days=30)
SEED_BYTES: Final = 32
_JITTER: Final = 5  # a slot lies in the first fifth of its period
_TAG: Final = "timetable seed"
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)


def period_of(record_type: str, life: timedelta) -> timedelta:
    """How often a record of ``record_type`` that is good for ``life`` is brought up to date.

    Two slots are at most a period and a fifth apart, so that it is fresh until the next.
    """
    longest = min(RECORD_AGES.get(record_type, OTHER_RECORDS), life / 2)
    return min(MONTH, longest * _JITTER / (_JITTER + 1))


def last_slot(seed: bytes, name: str, period: timedelta, now: datetime) -> datetime:
    """The newest slot of ``name`` that is not after ``now``."""
    number = (now - _EPOCH) // period
    slot = _slot(seed, name, period, number)
    return slot if slot <= now else _slot(seed, name, period, number - 1)


def next_slot(seed: bytes, name: str, period: timedelta, after: datetime) -> datetime:
    """The first slot of ``name`` after ``after``."""
    number = (after - _EPOCH) // period
    slot = _slot(seed, name, period, number)
    return slot if slot > after else _slot(seed, name, period, number + 1)


def seed_of(vault: Vault, random: Callable[[int], bytes]) -> bytes:
    """The wallet's seed, made at the first need; it never leaves the vault."""
    rows = vault.rows("state", tag=vault.tag(_TAG))
    if rows:
        return vault.read("state", rows[0])
    seed = random(SEED_BYTES)
    with vault.transaction() as writer:
        writer.add("state", seed, tag=vault.tag(_TAG))
    return seed


def _slot(seed: bytes, name: str, period: timedelta, number: int) -> datetime:
    place = hmac.digest(seed, f"{name} {number}".encode(), hashlib.sha256)
    room = int(period / _JITTER / _SECOND)
    # 64 random bits over at most half a million seconds leave no bias that matters.
    jitter = int.from_bytes(place[:8], "big") % max(room, 1)
    return _EPOCH + number * period + timedelta(seconds=jitter)
