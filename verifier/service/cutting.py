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

from .seen import Cut, needed_for
from .staff import Action, StaffMember
from .transactions import TransactionView
from .words import IDENTITY, READABLE

CLOSED: Final = "Clinical sections are for clinicians: {count}. Do not read this as “none”."
UNSTATED: Final = (
    "Clinical sections are closed until you say how you care for this patient: {count}."
)
ONE: Final = "1 record was shared"
MANY: Final = "{count} records were shared"
ACTING: Final = "The wallet says that somebody acts for this person. A clinician sees the proof."


def cut(view: TransactionView, who: StaffMember, *, stated: bool) -> TransactionView:
    """``view`` as ``who`` may see it; ``stated`` says that they told how they care."""
    if view.summary is None or (who.may(Action.CLINICAL) and stated):
        return view
    if not who.may(Action.IDENTITY):
        return replace(view, summary=None, forget_at=None, differences=None, acting=False)
    opens = who.may(Action.CLINICAL)
    open_to: list[VerifiedSection] = []
    closed: list[VerifiedSection] = []
    for section in view.summary.sections:
        clerks = needed_for(section.record_type) is Action.IDENTITY
        (open_to if clerks else closed).append(section)
    count = sum(_came(section) for section in closed)
    said = ONE if count == 1 else MANY.format(count=count)
    return replace(
        view,
        summary=_only(view.summary, open_to),
        cut=Cut(
            records=count,
            words=(UNSTATED if opens else CLOSED).format(count=said),
            opens=opens,
            person=_person(view.summary),
        ),
    )


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
