"""An event loop of its own thread, for as long as the tests last: requests are answered there.

A loop and its worker threads cost more than most requests.  It stands beside the test's thread,
since a browser's test has a running loop.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any


def answered(asked: Coroutine[Any, Any, Any]) -> Any:
    """What ``asked`` gives, or raises."""
    return asyncio.run_coroutine_threadsafe(asked, _loop(os.getpid())).result()


@cache
def _loop(_process: int) -> asyncio.AbstractEventLoop:
    """The loop of this process: a thread does not live on in a forked one."""
    started: list[asyncio.AbstractEventLoop] = []
    ready = threading.Event()

    async def stand() -> None:
        started.append(asyncio.get_running_loop())
        ready.set()
        await asyncio.Event().wait()

    threading.Thread(target=lambda: asyncio.run(stand()), daemon=True).start()
    ready.wait()
    return started[0]
