"""The freshness rule that made a section old or unsure, as staff read it.

Rule and finding stand in one sentence, so that nobody has to know the hospital's policy by heart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from healthpassport.credential import FiredRule, Rule

_HOURS_TOLD: Final = timedelta(hours=48)


def rule_words(fired: FiredRule) -> str:
    """One sentence: what was found, and what this hospital allows."""
    return _WORDS[fired.rule](fired)


def _record_age(fired: FiredRule) -> str:
    return f"Old: {_span(fired.found)} old. The rule here: at most {_span(fired.limit)}."


def _record_date(fired: FiredRule) -> str:
    return f"Old: dated {_span(fired.found)} ahead of today, so its age cannot be told."


def _valid_until(fired: FiredRule) -> str:
    return f"Out of date: its issuer's own limit ended {_span(fired.found)} ago."


def _trust_list(fired: FiredRule) -> str:
    return (
        f"Could not check the issuer: the trust list is {_span(fired.found)} old."
        f" The rule here: at most {_span(fired.limit)}."
    )


def _status_list(fired: FiredRule) -> str:
    rule = f"The rule here: at most {_span(fired.limit)}."
    if fired.found is None:
        return f"Could not check whether it was withdrawn: no list is at hand. {rule}"
    if fired.found <= fired.limit:
        return "Could not check whether it was withdrawn: the issuer's list has run out."
    return f"Could not check whether it was withdrawn: the list is {_span(fired.found)} old. {rule}"


_WORDS: Final = MappingProxyType[Rule, Callable[[FiredRule], str]](
    {
        Rule.RECORD_AGE: _record_age,
        Rule.RECORD_DATE: _record_date,
        Rule.VALID_UNTIL: _valid_until,
        Rule.TRUST_LIST_AGE: _trust_list,
        Rule.STATUS_LIST_AGE: _status_list,
    }
)


def _span(time: timedelta | None) -> str:
    """Hours below two days, else whole days."""
    found = time or timedelta()
    if found < _HOURS_TOLD and found.seconds:
        hours = max(int(found.total_seconds() // 3600), 1)
        return f"{hours} hour{'s' if hours != 1 else ''}"
    return f"{found.days} day{'s' if found.days != 1 else ''}"
