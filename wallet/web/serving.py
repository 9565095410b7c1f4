"""The pages on loopback: both of its addresses, so that nobody else answers under the name.

What is *not* here: the pages (``app``), and what the link means (``visit``).
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Final

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from healthpassport.deadlines import with_deadline
from healthpassport.errors import ServiceError
from wallet.service import Wallet
from wallet.settings import WalletSettings

from .app import create_app
from .gate import START
from .rendering import warm
from .visit import Visit

TRIES: Final = 8  # free ports of one address that are taken on the other
SHUTDOWN_SECONDS: Final = 2


def serve(
    wallet: Wallet, settings: WalletSettings, *, port: int, ready: Callable[[str], None]
) -> None:
    """Serve the pages of ``wallet`` until the process is told to stop, then lock it.

    Args:
        wallet: locked or not.
        settings: brand and language.
        port: 0 for any that is free.
        ready: is given the start link when the port is ours.

    Raises:
        ServiceError: ``wallet.port`` when somebody else listens there.
    """
    visit = Visit(wallet, random=secrets.token_bytes)
    config = uvicorn.Config(
        create_app(settings, visit),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        http=with_deadline(AutoHTTPProtocol),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    with ExitStack() as held:
        listeners = listen(port)
        for listener in listeners:
            held.enter_context(listener)
        held.callback(lambda: visit.wallet.close())  # noqa: PLW0108 - a language makes another one
        threading.Thread(target=warm, args=(settings.language,), daemon=True).start()
        # A browser that starts now finds the port open: connections wait in its queue.
        ready(f"http://localhost:{listeners[0].getsockname()[1]}{START}?token={visit.token}")
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=listeners)


def listen(port: int) -> list[socket.socket]:
    """Sockets that listen on ``port`` of 127.0.0.1 and, where there is one, of ::1.

    A browser that opens ``localhost`` may try either: whoever held the other would get the link.
    """
    for _ in range(TRIES if port == 0 else 1):
        first = _bound(socket.AF_INET, "127.0.0.1", port)
        if first is None:
            break
        if not _has_ipv6():
            return [first]
        second = _bound(socket.AF_INET6, "::1", first.getsockname()[1])
        if second is not None:
            return [first, second]
        first.close()
    raise ServiceError("wallet.port", f"port {port}")


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address, port))
        made.listen()
    except OSError:
        made.close()
        return None
    return made


def _has_ipv6() -> bool:
    """Whether ::1 is an address of this machine."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
