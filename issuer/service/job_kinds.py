"""The kinds of job, and which of them come again and again.

A kind is one line here; what it does stands elsewhere. Every process enqueues what is due anew, and
the key, made of the kind and its turn, sees to it that it is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from issuer.store.again import tried_again

from . import bulk_work, jobs, reminders, shelves, status_journal
from .bulk_expiry import expire_results
from .clock_watch import is_right
from .context import IssuerContext
from .jobs import Job, Kind
from .keeping import forget_over
from .list_files import publish_files
from .offers import sweep
from .retention import retire

ERASE: Final = "erase"
REMIND: Final = "remind"
PUBLISH: Final = "publish-lists"
RETIRE: Final = "retire-lists"
EXPIRE: Final = "expire-results"
_JOURNAL: Final = "journal"
_DAY: Final = 86_400  # seconds


def _erase(issuer: IssuerContext, _job: Job) -> None:
    """Close what is over, give its space back for writing over, forget old jobs."""
    if is_right(issuer):
        shelves.forget_ended(issuer)
        sweep(issuer)
        jobs.forget_ended(issuer)
    issuer.store.vacuum()


def _publish(issuer: IssuerContext, _job: Job) -> None:
    """Status lists as files, where a folder is named; one process does so for all."""
    if issuer.settings.status_folder is not None:
        publish_files(issuer, issuer.settings.status_folder)


def _retire(issuer: IssuerContext, _job: Job) -> None:
    """What expired, the lists that this ends, and what nobody needs any more."""
    if is_right(issuer):
        retire(issuer)
        forget_over(issuer)


def _expire(issuer: IssuerContext, _job: Job) -> None:
    if is_right(issuer):
        expire_results(issuer)


def _remind(issuer: IssuerContext, _job: Job) -> None:
    if is_right(issuer):
        reminders.note_due(issuer)


KINDS: Final[Mapping[str, Kind]] = {
    bulk_work.LINE: Kind(
        bulk_work.offer_line,
        ends_itself=True,
        gives_up=bulk_work.give_up,
        together=bulk_work.offer_lines,
    ),
    ERASE: Kind(_erase),
    REMIND: Kind(_remind),
    PUBLISH: Kind(_publish),
    RETIRE: Kind(_retire),
    EXPIRE: Kind(_expire),
}
EVERY: Final[Mapping[str, int]] = {  # seconds
    ERASE: 300,
    REMIND: 3_600,
    PUBLISH: 60,  # so that a withdrawal shows within five minutes (docs/status.md)
    RETIRE: 21_600,
    EXPIRE: 3_600,
}


@dataclass(slots=True)
class Timetable:
    """Enqueues what comes again, once for each turn; remembers which turns it has seen to."""

    seen: dict[str, int]

    def enqueue_due(self, issuer: IssuerContext) -> None:
        """Enqueue each kind whose turn has come."""
        now = issuer.now()
        turns = {kind: now // seconds for kind, seconds in EVERY.items()}
        if due := {kind: turn for kind, turn in turns.items() if self.seen.get(kind) != turn}:
            _enqueue(issuer, due)
            self.seen.update(due)

    def tend_here(self, issuer: IssuerContext) -> None:
        """What each machine does for itself, once a day: make its journal shorter."""
        turn = issuer.now() // _DAY
        if self.seen.get(_JOURNAL) != turn:
            self.seen[_JOURNAL] = turn  # before: what fails is tried again tomorrow
            if is_right(issuer):
                status_journal.shorten(issuer, least=status_journal.WORTH_IT)


@tried_again
def _enqueue(issuer: IssuerContext, due: Mapping[str, int]) -> None:
    with issuer.store.writing() as tx:
        for kind, turn in due.items():
            jobs.enqueue(issuer, tx, kind, {}, key=f"{kind}@{turn}")


def work_round(
    issuer: IssuerContext, timetable: Timetable, *, stop: Callable[[], bool] = lambda: False
) -> int:
    """Enqueue what comes again and do what is due; how many jobs were done.

    Raises:
        ServiceError: ``issuer.unavailable``; the next round may do better.
    """
    timetable.enqueue_due(issuer)
    timetable.tend_here(issuer)
    return jobs.run_due(issuer, KINDS, stop=stop)
