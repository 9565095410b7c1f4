"""What patients say is wrong, at the console: which reports wait, their words, the answer.

Rules: the words are opened with the practice's own key, here alone, and that they were read is in
the audit trail before they are shown; an answer erases them. What is *not* here: sealing and
keeping (``issuer.service.reports``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.errors import PassportError
from issuer.service.context import utc
from issuer.service.reports import (
    AnswerRequest,
    all_reports,
    answer_report,
    one_report,
    open_report,
)
from issuer.store import Report, ReportState

from .opening import Console
from .staff import Action, StaffMember, require
from .trail import actor

SOON: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report as the queue shows it; it names nobody."""

    report: Report
    made_at: datetime
    due_at: datetime
    is_late: bool
    is_soon: bool

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.report.state is ReportState.OPEN


@dataclass(frozen=True, slots=True)
class Opened:
    """A report with the patient's words, or the code of why they cannot be read here."""

    waiting: Waiting
    words: str = ""
    closed: str = ""


def queue(console: Console, who: StaffMember, *, answered: bool = False) -> tuple[Waiting, ...]:
    """The reports that wait, the soonest due first; with ``answered`` those that were too.

    Raises:
        ServiceError: ``staff.role``.
    """
    require(who, Action.REPORTS)
    found = all_reports(console.issuer, answered=answered)
    return tuple(_waiting(console, one) for one in found)


def read(console: Console, who: StaffMember, report: str) -> Opened:
    """The report, with its words where this console has the key.

    Raises:
        ServiceError: ``staff.role``, ``report.unknown``.
    """
    require(who, Action.REPORTS)
    waiting = _waiting(console, one_report(console.issuer, report))
    if not waiting.is_open:
        return Opened(waiting)
    try:
        opened = open_report(console.issuer, report, who=actor(console.issuer, who))
    except PassportError as error:
        if error.code == "issuer.unavailable":
            raise  # what cannot be written into the trail is not shown
        return Opened(waiting, closed=error.code)
    return Opened(waiting, words=opened.words)


def answer(console: Console, who: StaffMember, report: str, told: AnswerRequest) -> Waiting:
    """Answer the report: its words are erased, and what is issued is no longer disputed.

    Raises:
        ServiceError: ``staff.role``, ``report.unknown``, ``report.answered``.
    """
    require(who, Action.REPORTS)
    by = actor(console.issuer, who)
    return _waiting(console, answer_report(console.issuer, report, told, who=by))


def _waiting(console: Console, report: Report) -> Waiting:
    due, now = utc(report.due_at), console.issuer.clock()
    waits = report.state is ReportState.OPEN
    return Waiting(
        report,
        utc(report.made_at),
        due,
        is_late=waits and now >= due,
        is_soon=waits and due - SOON <= now < due,
    )
