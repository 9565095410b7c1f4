"""Two servers in one process: wallets' endpoints, and the console for staff.

Signals are for the process and end both; where one of them ends by itself, so does the other. What
is *not* here: what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import uvicorn


class _Server(uvicorn.Server):
    """One of several servers in a process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


def run_together(*configs: uvicorn.Config) -> None:
    """Serve all of ``configs`` until the process is told to stop."""
    with asyncio.Runner(loop_factory=configs[0].get_loop_factory()) as runner:
        runner.run(_serve([_Server(config) for config in configs]))


async def serve_until(config: uvicorn.Config, told: asyncio.Event) -> None:
    """Serve ``config`` in the running loop until ``told``, or until it ends by itself."""
    server = _Server(config)
    serving, waiting = asyncio.create_task(server.serve()), asyncio.create_task(told.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    waiting.cancel()
    await serving


async def _serve(servers: list[_Server]) -> None:
    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    running = [asyncio.create_task(server.serve()) for server in servers]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*running)
