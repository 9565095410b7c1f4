"""Who shows it, and what is not shown: somebody acting for the person, and safeguarding.

Rules (clinical.md rule 13): the wallet's own word that its owner acts for somebody proves nothing;
proof is a checked record of the authority, in force today and issued since the birthdays at which
it is looked at anew. For under-18s and pregnancy the desk says that safeguarding is not shown here.
What is *not* here: whether the person at the desk is the one who is named: staff look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from healthpassport.credential import DeskState, VerifiedSection, VerifiedSummary
from healthpassport.languages import ENGLISH, Words, msg
from healthpassport.summary import Item

from .words import IDENTITY, READABLE, age_in_years

PROXIES: Final = "ProxyAuthority"
PREGNANCY: Final = "PregnancyStatus"
SUMMARY: Final = "EmergencySummary"
REVIEW_AGES: Final = (11, 16)  # clinical.md rule 13
ADULT: Final = 18
SAFEGUARDING: Final = msg("Safeguarding is not shown here; check CP-IS.")
WITH_PROOF: Final = msg(
    "Shown by a person acting for %(name)s, with proof of authority: %(proxies)s."
)
WITHOUT_PROOF: Final = msg("Shown by a person acting for %(name)s, without proof of authority.")
PROOF_ALONE: Final = msg("Proof of authority to act for %(name)s was shown: %(proxies)s.")
UNUSABLE: Final = msg("What was shown of it is old, ended, or could not be checked.")
LOOK: Final = msg("Check who is with you.")
NOBODY: Final = msg("somebody who is not named")
_PROVEN: Final = frozenset({DeskState.ITEMS, DeskState.PARTLY_SHARED})
_OVER: Final = frozenset({"inactive", "rejected", "draft", "proposed", "entered-in-error"})


def acting_words(summary: VerifiedSummary, *, said: bool, say: Words = ENGLISH) -> str:
    """Whether somebody acts for the person, and with what proof; empty where nothing says so.

    ``said`` is the wallet's own word.
    """
    shown = [s for s in summary.sections if s.record_type == PROXIES and s.state in READABLE]
    today = summary.verified_at.date()
    named = [_named(item) for s in shown for item in s.items if _is_proof(s, item, today)]
    name = person_name(summary.sections, say)
    if named:
        told = WITH_PROOF if said else PROOF_ALONE
        proxies = "; ".join(dict.fromkeys(named))
        return f"{say(told, name=name, proxies=proxies)} {say(LOOK)}"
    if not said:
        return ""
    more = f" {say(UNUSABLE)}" if any(s.items for s in shown) else ""
    return f"{say(WITHOUT_PROOF, name=name)}{more} {say(LOOK)}"


def safeguarding_words(summary: VerifiedSummary, say: Words = ENGLISH) -> str:
    """The sentence for under-18s and pregnancy; empty for others, and where no age is shown."""
    readable = [s for s in summary.sections if s.state in READABLE]
    today = summary.verified_at.date()
    young = any(_is_young(s, today) for s in readable)
    return say(SAFEGUARDING) if young or any(map(_tells_of_pregnancy, readable)) else ""


def person_cautions(
    summary: VerifiedSummary, *, said: bool, say: Words = ENGLISH
) -> tuple[str, ...]:
    """Both, as far as there is something to say."""
    told = (acting_words(summary, said=said, say=say), safeguarding_words(summary, say))
    return tuple(words for words in told if words)


def person_name(sections: Iterable[VerifiedSection], say: Words = ENGLISH) -> str:
    """The person as a readable record names them, as on the banner."""
    named = [s for s in sections if s.state in READABLE and (s.subject or {}).get("familyName")]
    named.sort(key=lambda section: section.record_type != IDENTITY)
    if not named:
        return say(NOBODY)
    subject = named[0].subject or {}
    given = subject.get("givenNames")
    first = " ".join(map(str, given)) if isinstance(given, list | tuple) else ""
    return ", ".join(part for part in (str(subject["familyName"]).upper(), first) if part)


def _is_proof(section: VerifiedSection, item: Item, today: date) -> bool:
    unit = item.unit
    if section.state not in _PROVEN or section.old or unit.get("status") in _OVER:
        return False
    start, end = (_text(unit.get(name)) for name in ("start", "end"))
    # A part of a date covers all of it: an end in 2026 is not over in 2026.
    day = today.isoformat()
    ended = bool(end) and day[: len(end)] > end[: len(day)]
    ahead = bool(start) and day[: len(start)] < start[: len(day)]
    return not (ended or ahead or _looked_at_too_early(section, today))


def _looked_at_too_early(section: VerifiedSection, today: date) -> bool:
    """Whether a birthday of review lies between the issue of the record and ``today``."""
    born = _text((section.subject or {}).get("birthDate"))
    if section.issued_at is None or not born:
        return False
    then, now = (age_in_years(_earliest(born), day) for day in (section.issued_at.date(), today))
    return any(
        then is not None and now is not None and then < years <= now for years in REVIEW_AGES
    )


def _is_young(section: VerifiedSection, today: date) -> bool:
    subject = section.subject or {}
    if subject.get("ageOver18") is False:
        return True
    born = _text(subject.get("birthDate"))
    years = age_in_years(_latest(born), today) if born else None
    return years is not None and years < ADULT


def _tells_of_pregnancy(section: VerifiedSection) -> bool:
    if section.record_type == SUMMARY:
        return any(item.unit.get("section") == "pregnancy" for item in section.items)
    return section.record_type == PREGNANCY and bool(section.items)


def _named(item: Item) -> str:
    relation = item.unit.get("relationship")
    called = _text(relation.get("text")) if isinstance(relation, Mapping) else ""
    return f"{_text(item.unit.get('text'))} ({called})" if called else _text(item.unit.get("text"))


def _earliest(born: str) -> str:
    """The first day that a date, or a part of one, can be."""
    return f"{born}-01-01"[:10] if len(born) == len("2000") else f"{born}-01"[:10]


def _latest(born: str) -> str:
    """A day so late that nobody is taken for older than they can be."""
    year, _, month = born.partition("-")
    if len(born) == len("2000-01") and year.isdecimal() and month.isdecimal():
        return f"{int(year) + 1:04}-01-01" if month == "12" else f"{year}-{int(month) + 1:02}-01"
    return f"{born}-12-31" if len(born) == len("2000") else born


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
