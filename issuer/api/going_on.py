"""The loops of a process, each begun again when it breaks off, and the watch over the database.

What is *not* here: what a loop does, and how long it waits (``issuer.service.loops``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Final, TypeAlias

from starlette.concurrency import run_in_threadpool

from healthpassport.errors import ServiceError
from issuer import service
from issuer.service.in_time import sweep_in_time
from issuer.service.loops import Loops
from issuer.service.set_back import keep_up

Loop: TypeAlias = Callable[[service.IssuerContext], Coroutine[None, None, None]]

SWEEP_SECONDS: Final = 15.0  # between two looks for offers whose time is over
WATCH_SECONDS: Final = 5.0  # between two looks whether the database was set back
_LOG: Final = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def going_on(issuer: service.IssuerContext, loops: Mapping[str, Loop]) -> AsyncIterator[None]:
    """Let ``loops`` go on, by their names, for the length of the block."""
    tasks = [asyncio.create_task(keep_going(issuer, name, loops[name])) for name in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def keep_going(issuer: service.IssuerContext, name: str, loop: Loop) -> None:
    """Begin ``loop``, and begin it again when it breaks off, until cancelled or it returns."""
    while True:
        pause = await _gone(issuer.loops, name, loop(issuer))
        if pause is None:
            return
        await asyncio.sleep(pause)


async def sweep(issuer: service.IssuerContext) -> None:
    """Close offers whose time is over, again and again."""
    while True:
        try:
            await run_in_threadpool(sweep_in_time, issuer)
        except ServiceError as error:
            _LOG.warning("The sweep failed and will be tried again: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


async def watch(issuer: service.IssuerContext) -> None:
    """Look whether the database was set back, again and again."""
    while True:
        # Away or full: whoever needs it says so, and readiness does.
        with contextlib.suppress(ServiceError):
            await run_in_threadpool(keep_up, issuer)
        await asyncio.sleep(WATCH_SECONDS)


async def _gone(loops: Loops, name: str, loop: Coroutine[None, None, None]) -> float | None:
    """Run ``loop``; seconds until it is to begin again, None where it came to its end."""
    running = asyncio.create_task(loop)
    try:
        await asyncio.wait({running})
    finally:
        if not running.done():
            running.cancel()
            await asyncio.wait({running})
    error = None if running.cancelled() else running.exception()
    if error is None:
        return None
    pause = loops.broke_off(name)
    told = "The loop %s broke off and begins again in %s seconds"
    _LOG.error(told, name, int(pause), exc_info=error)
    return pause
