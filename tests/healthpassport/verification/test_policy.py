from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from healthpassport.credential import FiredRule, Rule
from healthpassport.verification.policy import FreshnessPolicy


def is_old(policy, record_type, **times):
    return policy.age_rule(record_type, **times) is not None


NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("record_type", "days"),
    [
        ("MedicationSummary", 7),
        ("AllergySummary", 30),
        ("PregnancyStatus", 14),
        ("AdvanceCarePlan", 90),
        ("ProblemSummary", 365),
        ("SomethingNew", 365),
    ],
)
def test_a_record_is_old_the_day_after_its_limit(record_type, days):
    policy = FreshnessPolicy()
    limit = date(2026, 11, 20) - timedelta(days=days)
    assert not is_old(policy, record_type, as_of=limit, now=NOW)
    assert is_old(policy, record_type, as_of=limit - timedelta(days=1), now=NOW)


def test_a_record_of_a_day_that_has_not_come_is_old_and_not_fresh_for_ever():
    policy = FreshnessPolicy()
    assert not is_old(policy, "AllergySummary", as_of=date(2026, 11, 21), now=NOW)
    assert is_old(policy, "AllergySummary", as_of=date(2026, 11, 22), now=NOW)


def test_a_hospital_may_set_its_own_limit():
    policy = FreshnessPolicy(records={"AllergySummary": timedelta(days=1)})
    assert is_old(policy, "AllergySummary", as_of=date(2026, 11, 18), now=NOW)


def test_the_rule_that_fired_says_what_it_allows_and_what_was_found():
    policy = FreshnessPolicy()
    fired = policy.age_rule("MedicationSummary", as_of=date(2026, 11, 10), now=NOW)
    assert fired == FiredRule(Rule.RECORD_AGE, timedelta(days=7), timedelta(days=10))
    fired = policy.age_rule("MedicationSummary", as_of=date(2026, 12, 20), now=NOW)
    assert fired == FiredRule(Rule.RECORD_DATE, timedelta(days=1), timedelta(days=30))
