"""The freshness rule that made a section old or unsure, as staff read it.

Rule and finding stand in one sentence, so that nobody has to know the hospital's policy by heart.
"""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import Final

from healthpassport.credential import FiredRule, Rule
from healthpassport.languages import ENGLISH, Words, msg

_HOURS_TOLD: Final = timedelta(hours=48)


NO_LIST: Final = msg(
    "Could not check whether it was withdrawn: no list is at hand."
    " The rule here: at most %(limit)s."
)
RUN_OUT: Final = msg("Could not check whether it was withdrawn: the issuer's list has run out.")
LIST_OLD: Final = msg(
    "Could not check whether it was withdrawn: the list is %(found)s old."
    " The rule here: at most %(limit)s."
)
_MESSAGES: Final = MappingProxyType[Rule, str](
    {
        Rule.RECORD_AGE: msg("Old: %(found)s old. The rule here: at most %(limit)s."),
        Rule.RECORD_DATE: msg("Old: dated %(found)s ahead of today, so its age cannot be told."),
        Rule.VALID_UNTIL: msg("Out of date: its issuer's own limit ended %(found)s ago."),
        Rule.TRUST_LIST_AGE: msg(
            "Could not check the issuer: the trust list is %(found)s old."
            " The rule here: at most %(limit)s."
        ),
    }
)


def rule_words(fired: FiredRule, say: Words = ENGLISH) -> str:
    """One sentence: what was found, and what this hospital allows."""
    found = span_words(fired.found, say)
    return say(_message(fired), found=found, limit=span_words(fired.limit, say))


def _message(fired: FiredRule) -> str:
    if fired.rule is not Rule.STATUS_LIST_AGE:
        return _MESSAGES[fired.rule]
    if fired.found is None:
        return NO_LIST
    return RUN_OUT if fired.found <= fired.limit else LIST_OLD


def span_words(time: timedelta | None, say: Words = ENGLISH) -> str:
    """Hours below two days, else whole days."""
    found = time or timedelta()
    if found < _HOURS_TOLD and found.seconds:
        hours = max(int(found.total_seconds() // 3600), 1)
        return say.many(msg("%(num)s hour"), msg("%(num)s hours"), hours)
    return say.many(msg("%(num)s day"), msg("%(num)s days"), found.days)
