"""Which rules of the freshness policy one record, or a list that vouches for it, did not keep.

What is *not* here: the rules (``policy``) and what follows from them (``answer``, ``card``).
"""

from __future__ import annotations

from datetime import date, datetime

from healthpassport.credential import FiredRule, Rule
from healthpassport.trust.model import TrustView
from healthpassport.verification.policy import NO_TIME, FreshnessPolicy
from healthpassport.verification.status import StatusFound


def fired_rules(
    policy: FreshnessPolicy,
    *,
    record_type: str,
    as_of: date,
    ended_at: datetime | None,
    trust: TrustView | None,
    status: StatusFound | None,
    now: datetime,
) -> tuple[FiredRule, ...]:
    """Every rule that fired.

    Args:
        policy: what the hospital allows.
        record_type: whose age is judged.
        as_of: the day that the record speaks for.
        ended_at: the issuer's own end, where that is over.
        trust: the trust list that named the issuer; None for what a person states themselves.
        status: what the status lists said; None as for ``trust``.
        now: aware.
    """
    aged = policy.age_rule(record_type, as_of=as_of, now=now)
    found = [aged] if aged else []
    if ended_at is not None:
        found.append(FiredRule(Rule.VALID_UNTIL, NO_TIME, now - ended_at))
    if trust is not None and trust.stale:
        found.append(FiredRule(Rule.TRUST_LIST_AGE, policy.trust_list, trust.age))
    if status is not None and status.unsure is not None:
        found.append(FiredRule(Rule.STATUS_LIST_AGE, policy.status_list, status.age))
    return tuple(found)


def is_old(rules: tuple[FiredRule, ...]) -> bool:
    """Whether the record itself is to be called old."""
    return any(fired.rule in {Rule.RECORD_AGE, Rule.RECORD_DATE} for fired in rules)
