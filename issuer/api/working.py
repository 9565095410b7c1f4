"""Background work inside a serving process, one job at a time beside the requests.

What is *not* here: the work, and a process that does nothing else (``passport-issuer worker``).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Final

from starlette.concurrency import run_in_threadpool

from healthpassport.errors import ServiceError
from issuer.service import IssuerContext
from issuer.service.job_kinds import Timetable, work_round

PAUSE_SECONDS: Final = 2.0  # between two looks for what is due
HOUR_SECONDS: Final = 3_600.0  # between two looks at the journal, which are once a day
GRACE_SECONDS: Final = 5.0  # for the job that is under way when a server stops
_LOG: Final = logging.getLogger(__name__)


async def keep_working(issuer: IssuerContext) -> None:
    """Do what is due in a server, if that is to be done there, again and again until cancelled."""
    if issuer.settings.jobs_in_process:
        await work(issuer, grace=GRACE_SECONDS)
    else:
        await _keep_journal_short(issuer)


async def work(issuer: IssuerContext, *, grace: float) -> None:
    """Do what is due until cancelled; a job that is under way has ``grace`` seconds to end then."""
    stopped, timetable = threading.Event(), Timetable({})
    round_: asyncio.Task[int] | None = None
    try:
        while True:
            round_ = asyncio.create_task(
                run_in_threadpool(work_round, issuer, timetable, stop=stopped.is_set)
            )
            await asyncio.wait({round_})
            error = round_.exception()
            if isinstance(error, ServiceError):
                _LOG.warning("Background work failed and will be tried again: %s", error)
            elif error is not None:  # its claim runs out, and after some tries the job is dead
                raise error
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        stopped.set()
        if round_ is not None:
            await asyncio.wait({round_}, timeout=grace)


async def _keep_journal_short(issuer: IssuerContext) -> None:
    """The one thing that no worker of another machine can do for this one."""
    timetable = Timetable({})
    while True:
        try:
            await run_in_threadpool(timetable.tend_here, issuer)
        except ServiceError as error:
            _LOG.warning("The journal of status changes stays as long as it is: %s", error)
        await asyncio.sleep(HOUR_SECONDS)
