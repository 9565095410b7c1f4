"""The timetable: the wallet's seed and the time decide, and nothing that its owner does."""

from __future__ import annotations

import random
import secrets
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.verification.policy import OTHER_RECORDS, RECORD_AGES
from wallet.service.timetable import MONTH, last_slot, next_slot, period_of

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
LIVES = st.integers(1, 400).map(lambda days: timedelta(days=days))
TYPES = st.sampled_from([*RECORD_AGES, "ProblemSummary", "ProxyAuthority"])
MOMENTS = st.integers(0, 20 * 365 * 86_400).map(lambda s: NOW + timedelta(seconds=s))
SEEDS = st.binary(min_size=32, max_size=32)


def slots(seed, period, *, days=365, name="allergies"):
    """Every slot of a year."""
    found, moment = [], NOW
    while moment < NOW + timedelta(days=days):
        moment = next_slot(seed, name, period, moment)
        found.append(moment)
    return found


@given(kind=TYPES, life=LIVES, seed=SEEDS, now=MOMENTS)
def test_a_slot_comes_before_the_record_is_old_and_before_half_its_life(kind, life, seed, now):
    period = period_of(kind, life)
    limit = min(RECORD_AGES.get(kind, OTHER_RECORDS), life / 2)
    gap = next_slot(seed, kind, period, now) - last_slot(seed, kind, period, now)
    assert timedelta(0) < gap <= limit
    assert period <= MONTH


@given(seed=SEEDS, now=MOMENTS)
def test_the_last_slot_is_past_and_the_next_is_to_come(seed, now):
    period = period_of("AllergySummary", timedelta(days=90))
    last, coming = (f(seed, "x", period, now) for f in (last_slot, next_slot))
    assert last <= now < coming
    assert last_slot(seed, "x", period, coming) == coming
    assert next_slot(seed, "x", period, coming) > coming


def test_two_wallets_and_two_records_have_slots_of_their_own():
    period = MONTH
    one, other = secrets.token_bytes(32), secrets.token_bytes(32)
    assert slots(one, period) != slots(other, period)
    assert slots(one, period) != slots(one, period, name="medicines")
    assert slots(one, period) == slots(one, period)


def test_the_jitter_is_spread_over_a_fifth_of_the_period():
    starts = [slots(secrets.token_bytes(32), MONTH)[1] for _ in range(200)]
    spread = max(starts) - min(starts)
    assert MONTH / 6 < spread <= MONTH / 5


@pytest.mark.parametrize("kind", ["MedicationSummary", "AllergySummary", "ProblemSummary"])
def test_prv_008_over_a_year_refreshes_and_presentations_meet_by_chance_alone(kind):
    """A wallet that is shown often, and one that never is, ask at the very same times."""
    chance = random.Random(8)  # noqa: S311 - a repeatable year, no secret
    period = period_of(kind, timedelta(days=365))
    near, expected = 0, 0.0
    for _ in range(60):
        seed = chance.randbytes(32)
        times = slots(seed, period, name=kind)
        shown = [NOW + timedelta(minutes=chance.randrange(365 * 1440)) for _ in range(24)]
        # What the owner does is no argument of the timetable: the same year again is the same.
        assert slots(seed, period, name=kind) == times
        near += sum(timedelta(0) <= t - s < timedelta(days=1) for s in shown for t in times)
        expected += len(shown) * len(times) / 365
    assert abs(near - expected) < 4 * expected**0.5


def test_slots_keep_coming_year_after_year():
    gaps = [b - a for a, b in pairwise(slots(b"s" * 32, MONTH, days=3_650))]
    assert len(gaps) > 110
    assert min(gaps) >= MONTH * 4 / 5
    assert max(gaps) <= MONTH * 6 / 5
