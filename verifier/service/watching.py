"""Following a transaction until it cannot change any more.

The store wakes whoever waits when something was kept, in every process with PostgreSQL; looking
unwoken, now and then, sees what only time changes. What is *not* here: the wire form of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, suppress
from typing import Final, Protocol

from healthpassport.errors import ServiceError
from verifier.store import Wake

from .transactions import Progress, TransactionView

QUIET_SECONDS: Final = 15.0  # after which a stream says that it is still there


class Follows(Protocol):
    """Whatever knows how far a transaction is."""

    def standing(self, transaction_id: str, *, desk: str) -> TransactionView:
        """How the transaction stands, without its result."""
        ...

    def watching(self, transaction_id: str, wake: Wake) -> AbstractContextManager[None]:
        """Call ``wake``, from any thread, whenever the transaction may have changed."""
        ...

    @property
    def look_seconds(self) -> float:
        """How long to wait at most before looking unwoken."""
        ...


async def watch(desk: Follows, transaction_id: str, *, name: str) -> AsyncIterator[TransactionView]:
    """The transaction now, and again each time its progress changes; ends when it is settled."""
    with suppress(ServiceError):
        async for view in follow(desk, transaction_id, name=name):
            if view is not None:
                yield view


async def follow(
    desk: Follows, transaction_id: str, *, name: str
) -> AsyncIterator[TransactionView | None]:
    """As ``watch``, and None now and then while nothing changes, so that a connection is kept.

    Raises:
        ServiceError: ``not_found`` for any that is not this desk's; whatever keeps from looking.
    """
    seen: Progress | None = None
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    told = loop.time()

    def wake() -> None:
        with suppress(RuntimeError):  # the server has stopped meanwhile, and nobody waits
            loop.call_soon_threadsafe(woken.set)

    with desk.watching(transaction_id, wake):
        while True:
            woken.clear()
            view = await asyncio.to_thread(desk.standing, transaction_id, desk=name)
            if view.progress is not seen or loop.time() - told >= QUIET_SECONDS:
                told = loop.time()
                yield view if view.progress is not seen else None
                seen = view.progress
            if not view.progress.may_change:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(desk.look_seconds):
                    await woken.wait()
