"""Following a transaction until it cannot change any more.

Looking is a short read of the database, so it needs no channel between the threads and processes
that take answers and those that show them. What is *not* here: the wire form of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from healthpassport.errors import ServiceError

from .transactions import Progress, TransactionView

LOOK_SECONDS: Final = 0.4  # what a person at a screen does not notice


class Follows(Protocol):
    """Whatever knows how far a transaction is."""

    def standing(self, transaction_id: str, *, desk: str) -> TransactionView:
        """How the transaction stands, without its result."""
        ...


async def watch(desk: Follows, transaction_id: str, *, name: str) -> AsyncIterator[TransactionView]:
    """The transaction now, and again each time its progress changes; ends when it is settled."""
    seen: Progress | None = None
    while True:
        try:
            view = await asyncio.to_thread(desk.standing, transaction_id, desk=name)
        except ServiceError:
            return
        if view.progress is not seen:
            seen = view.progress
            yield view
        if not view.progress.may_change:
            return
        await asyncio.sleep(LOOK_SECONDS)
