"""The task beside the requests that tells record systems, and lets go of what is old.

What is *not* here: what is told and how often it is tried (``issuer.service.telling``).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from healthpassport.errors import PassportError
from issuer.service import IssuerContext
from issuer.service.in_time import forget_in_time
from issuer.service.telling import deliver, webhook_fetcher

ROUND_SECONDS: Final = 1.0
FORGET_ROUNDS: Final = 60
_LOG: Final = logging.getLogger(__name__)


async def keep_telling(issuer: IssuerContext) -> None:
    """Send what is due, every second, for as long as the application lives."""
    fetcher = webhook_fetcher(issuer.settings)
    rounds = 0
    while True:
        try:
            if issuer.settings.webhook_hosts:
                await asyncio.to_thread(deliver, issuer, fetcher)
            if rounds % FORGET_ROUNDS == 0:
                await asyncio.to_thread(forget_in_time, issuer)
        except PassportError as error:  # a full disk, a database that is away: it is tried again
            _LOG.warning("Messages could not be sent and will be tried again: %s", error.code)
        rounds += 1
        await asyncio.sleep(ROUND_SECONDS)
