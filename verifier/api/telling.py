"""The task beside the requests that tells the hospital's systems how far a request is.

What is *not* here: what is told and how often it is tried (``service.webhooks``).
"""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Final

import structlog

from healthpassport.errors import PassportError
from verifier.service import Desk

ROUND_SECONDS: Final = 1.0
PURGE_ROUNDS: Final = 3600

_log = structlog.get_logger("verifier")


async def keep_telling(desk: Desk) -> None:
    """Send what is due, every second; returns at once where nobody wants to be told."""
    rounds = 0
    while desk.webhooks.receivers:
        try:
            await asyncio.to_thread(_round, desk, purge=rounds % PURGE_ROUNDS == 0)
        except PassportError as error:  # a full disk, a database that is away: it is tried again
            _log.warning("webhooks.not_sent", code=error.code)
        rounds += 1
        await asyncio.sleep(ROUND_SECONDS)


def _round(desk: Desk, *, purge: bool) -> None:
    now = desk.clock().astimezone(UTC)
    if purge:
        desk.webhooks.outbox.purge(now=now)
    done = desk.webhooks.deliver(now)
    if done.sent or done.failed:
        _log.info("webhooks.sent", sent=done.sent, failed=done.failed)
