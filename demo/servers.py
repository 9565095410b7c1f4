"""Real servers on loopback, started and stopped by hand: the demo has no pretend network.

Each server is an ASGI application under uvicorn in a thread of its own. What is *not* here: what
the applications do.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn

from .tls import TlsFiles

START_SECONDS: Final = 20.0


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listened on a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
            RuntimeError: when the server did not come up, for example because the port is taken.
        """
        config = uvicorn.Config(
            self.app,
            host="127.0.0.1",
            port=self.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            ssl_certfile=str(self.tls.certificate) if self.tls else None,
            ssl_keyfile=str(self.tls.key) if self.tls else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name=self.name, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                message = f"{self.name} did not start on port {self.port}"
                raise RuntimeError(message)
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop to listen; returns when the port is closed."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._server = self._thread = None
