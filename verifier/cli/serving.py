"""``serve``: wallets' endpoints over https and the page for staff, in one process.

One process, because a result is in memory alone and both sides need it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from healthpassport.deadlines import with_deadline
from healthpassport.errors import SettingsError
from healthpassport.vc_api.settings import VcApiSettings
from verifier import api, web
from verifier.api.app import utc_now
from verifier.service import Tenants, open_tenants
from verifier.settings import VerifierSettings

from .events import to_stderr
from .output import deployment, say

WEB_HOST: Final = "127.0.0.1"  # never anything but this machine
GRACE_SECONDS: Final = 10  # for what is under way when the process is told to stop


class _Server(uvicorn.Server):
    """One of several servers in a process: signals are for the process, which ends them all."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


def serve(*, tls_cert: Path | None, tls_key: Path | None, web: bool) -> None:
    """Serve until interrupted."""
    VcApiSettings().refuse_beside_real_keys()
    given = {"tls_cert": tls_cert, "tls_key": tls_key}
    own = deployment().model_copy(update={k: v for k, v in given.items() if v is not None})
    if own.tls_cert is None or own.tls_key is None:
        raise SettingsError("verifier.setup", "https needs --tls-cert and --tls-key")
    to_stderr(logging.INFO)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(own, with_web=web))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Libuv's loop, at half the cost of a connection with TLS; Python's own where it is not."""
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(own: VerifierSettings, *, with_web: bool) -> None:
    tenants = open_tenants(own, clock=utc_now, random=secrets.token_bytes)
    wallets, pages = _applications(own, tenants)
    servers = [_server(wallets, own.api_host, own.api_port, own)]
    if with_web:
        servers.append(_server(pages, WEB_HOST, own.web_port, None))
    _announce(own, tenants, with_web=with_web)
    _set_aside()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows, where Ctrl-C raises
            loop.add_signal_handler(name, stop)
    try:
        await asyncio.gather(*(server.serve() for server in servers))
    finally:
        tenants.shut()


def _set_aside() -> None:
    """Whatever was made until now stays, so that collecting garbage need not look at it again."""
    gc.collect()
    gc.freeze()


def _applications(own: VerifierSettings, tenants: Tenants) -> tuple[ASGIApp, ASGIApp]:
    """Wallets' endpoints and pages; one organisation answers under every name that reaches it."""
    if own.organisations is not None:
        return api.create_organisations_app(tenants), web.create_organisations_app(tenants)
    desk = tenants.desks[own.tenant]
    return api.create_app(own, desk=desk), web.create_app(own, desk)


def _announce(own: VerifierSettings, tenants: Tenants, *, with_web: bool) -> None:
    for desk in tenants.desks.values():
        if own.organisations is not None:
            say(f"{desk.settings.tenant} ({desk.settings.organisation})")
        say(f"Wallets: {desk.settings.public_url} on {own.api_host}:{own.api_port}")
        if with_web:
            say(f"Staff:   http://{desk.settings.web_hosts[0]}:{own.web_port}")


def _server(app: ASGIApp, host: str, port: int, tls: VerifierSettings | None) -> _Server:
    """A server that logs no paths: they hold identifiers of transactions."""
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ssl_certfile=None if tls is None else tls.tls_cert,
            ssl_keyfile=None if tls is None or tls.tls_key is None else str(tls.tls_key),
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_level="warning",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=GRACE_SECONDS,
            http=with_deadline(AutoHTTPProtocol),
        )
    )
