"""Real servers on loopback, started and stopped by hand: the demo has no pretend network.

Each server is an ASGI application under uvicorn in a thread of its own. What is *not* here: what
the applications do.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from healthpassport.deadlines import with_deadline
from healthpassport.errors import ServiceError

from .tls import TlsFiles

START_SECONDS: Final = 60.0


def free_ports(count: int) -> list[int]:
    """Different TCP ports of the loopback interface that nothing listened on a moment ago."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@dataclass(slots=True)
class LoopbackServer:
    """One ASGI ``app`` on ``port``: https when ``tls`` is given, else http for people's pages."""

    name: str
    app: Any
    port: int
    tls: TlsFiles | None = None
    _server: uvicorn.Server | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The server's base URL without a slash at its end."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def start(self) -> None:
        """Start to listen; returns when requests are answered.

        Raises:
            ServiceError: ``demo.server`` when it did not come up, perhaps because of its port.
        """
        config = uvicorn.Config(
            self.app,
            log_level="warning",
            access_log=False,
            server_header=False,
            # A wallet may take its time between two requests, and keeps the connection meanwhile.
            timeout_keep_alive=15,
            http=with_deadline(AutoHTTPProtocol),
            ssl_certfile=str(self.tls.certificate) if self.tls else None,
            ssl_keyfile=str(self.tls.key) if self.tls else None,
        )
        listener = self._listen()
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=self.name, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ServiceError("demo.server", f"{self.name} on port {self.port}")
            time.sleep(0.01)

    def _listen(self) -> socket.socket:
        """The bound socket: here, since the server ends its thread when a port is taken."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self.port))
        except OSError as error:
            listener.close()
            raise ServiceError("demo.server", f"{self.name} on port {self.port}") from error
        return listener

    def stop(self) -> None:
        """Stop to listen; returns when the port is closed."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._server = self._thread = None
