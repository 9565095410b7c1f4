"""A result cut to what somebody may see, with a plain word on what is closed to them.

Rules (clinical.md, fear no. 1): what is closed is counted and said to be closed, and nothing takes
its place that could be read as an absence: no heading, no state, no "not shared". Who the patient
is stays, from whichever record tells it. What is *not* here: who may see what (``seen``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from healthpassport.credential import VerifiedSection, VerifiedSummary
from healthpassport.encoding import Json
from healthpassport.languages import ENGLISH, Words, msg

from .seen import Cut, needed_for
from .staff import Action, StaffMember
from .transactions import TransactionView
from .words import IDENTITY, READABLE

CLOSED: Final = msg("Clinical sections are for clinicians: %(count)s. Do not read this as “none”.")
UNSTATED: Final = msg(
    "Clinical sections open once you say how you care for this patient: %(count)s."
)
ACTING: Final = msg(
    "The wallet says that somebody acts for this person. A clinician sees the proof."
)


def cut(view: TransactionView, who: StaffMember, *, stated: bool) -> TransactionView:
    """``view`` as ``who`` may see it; ``stated`` says that they told how they care."""
    if view.summary is None or (who.may(Action.CLINICAL) and stated):
        return view
    if not who.may(Action.IDENTITY):
        return replace(view, summary=None, forget_at=None, differences=None, acting=False)
    open_to: list[VerifiedSection] = []
    closed: list[VerifiedSection] = []
    for section in view.summary.sections:
        clerks = needed_for(section.record_type) is Action.IDENTITY
        (open_to if clerks else closed).append(section)
    return replace(
        view,
        summary=_only(view.summary, open_to),
        cut=Cut(
            records=sum(_came(section) for section in closed),
            opens=who.may(Action.CLINICAL),
            person=_person(view.summary),
        ),
    )


def closed_words(found: Cut, say: Words = ENGLISH) -> str:
    """What is closed, counted; and that this is no absence."""
    count = say.many(
        msg("%(num)s record was shared"), msg("%(num)s records were shared"), found.records
    )
    return say(UNSTATED if found.opens else CLOSED, count=count)


def _only(summary: VerifiedSummary, sections: list[VerifiedSection]) -> VerifiedSummary:
    codes = tuple(dict.fromkeys(section.code for section in sections if section.code))
    return replace(summary, sections=tuple(sections), codes=codes)


def _came(section: VerifiedSection) -> bool:
    """Whether a record came at all, be it readable or not."""
    return section.record_state is not None or bool(section.checks)


def _person(summary: VerifiedSummary) -> Mapping[str, Json]:
    named = [s for s in summary.sections if s.state in READABLE and s.subject]
    named.sort(key=lambda section: section.record_type != IDENTITY)
    person: dict[str, Json] = {}
    for section in named:
        person = {**(section.subject or {}), **person}
    return person
