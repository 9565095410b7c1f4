"""``passport-issuer worker``: background work, and nothing else, with figures and readiness.

It logs as a server does. With a port for figures it answers there at `/metrics`, `/healthz` and
`/readyz`, in plain http. What is *not* here: the work (``issuer.service.job_kinds``).
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

from .memory import no_memory_images
from .opening import Config, opened, say

if TYPE_CHECKING:
    from issuer.service import IssuerContext

GRACE_SECONDS: Final = 25.0  # for the job under way; systemd and containers wait for thirty


def worker(config: Config = None) -> None:
    """Do background work until interrupted; start as many as you like over PostgreSQL."""
    from issuer.settings import load  # noqa: PLC0415 - cold start

    from .logs import log_to_stderr  # noqa: PLC0415

    no_memory_images()
    log_to_stderr(load(config).log_level)
    with opened(config) as issuer:
        say("The worker waits for jobs.")
        asyncio.run(_work(issuer))


async def _work(issuer: IssuerContext) -> None:
    from issuer.api.going_on import going_on, watch  # noqa: PLC0415 - cold start
    from issuer.api.working import work  # noqa: PLC0415
    from issuer.service import loops, pace  # noqa: PLC0415

    issuer.loops.vital = loops.WORKING
    issuer.pace.counter = pace.counted
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    own = {loops.WORK: lambda one: work(one, grace=GRACE_SECONDS), loops.WATCH: watch}
    async with going_on(issuer, own):
        if issuer.settings.metrics_port is None:
            await told.wait()
        else:
            await _answer(issuer, issuer.settings.metrics_port, told)


async def _answer(issuer: IssuerContext, port: int, told: asyncio.Event) -> None:
    """Serve figures and readiness until told to stop; a port that is taken ends the worker."""
    import uvicorn  # noqa: PLC0415 - a second that only serving needs

    from issuer.api.metrics import Metrics  # noqa: PLC0415
    from issuer.api.standing import Standing  # noqa: PLC0415

    from .together import serve_until  # noqa: PLC0415

    host = issuer.settings.metrics_host
    config = uvicorn.Config(
        Standing(issuer, Metrics(issuer)),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    say(f"Figures: http://{host}:{port}/metrics")
    await serve_until(config, told)
