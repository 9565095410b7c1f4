"""Today's list: what this desk asked in the last day, without anything clinical.

Rules: a time, a question and how it stands; a link only where there is still something in memory.
What is *not* here: results, and who a patient is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from healthpassport.languages import ENGLISH, Words, msg
from verifier.service import Progress, TransactionView
from verifier.service.card_readings import HeldReading

from .pages import moment

SPAN: Final = timedelta(days=1)
STATES: Final[Mapping[Progress, str]] = {
    Progress.WAITING: msg("Waiting for the patient"),
    Progress.FETCHED: msg("The patient is choosing"),
    Progress.ANSWERING: msg("Being checked"),
    Progress.CONFIRMING: msg("Waiting for the code"),
    Progress.ANSWERED: msg("Answered"),
    Progress.DECLINED: msg("Nothing was shared"),
    Progress.FAILED: msg("The answer was refused"),
    Progress.EXPIRED: msg("The time ran out"),
    Progress.CLOSED: msg("Closed and forgotten"),
}
CARD: Final = msg("Emergency card")
READ: Final = msg("Read")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list; ``link`` is empty where nothing is left to look at."""

    at: datetime
    time: str
    what: str
    state: str
    link: str


def today(
    views: Iterable[TransactionView],
    cards: Iterable[HeldReading],
    *,
    now: datetime,
    say: Words = ENGLISH,
) -> tuple[Line, ...]:
    """The lines of the last day, the newest first."""
    asked = [_asked(view, say) for view in views if view.created_at > now - SPAN]
    read = [
        Line(c.read_at, moment(c.read_at, say), say(CARD), say(READ), f"/cards/{c.id}")
        for c in cards
    ]
    return tuple(sorted([*asked, *read], key=lambda line: line.at, reverse=True))


def _asked(view: TransactionView, say: Words) -> Line:
    there = view.progress.may_change or (
        view.progress is Progress.ANSWERED and view.forget_at is not None
    )
    return Line(
        view.created_at,
        moment(view.created_at, say),
        view.template.words(say).title,
        say(STATES[view.progress]),
        f"/requests/{view.id}" if there else "",
    )
