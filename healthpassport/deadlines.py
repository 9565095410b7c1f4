"""A server's connection may not sit idle: a client that sends its headers by drops is let go.

uvicorn gives a client all the time in the world for the headers of a request. ``with_deadline``
makes a protocol class of its kind that does not. The class is an argument, since the core knows no
server; of it are used ``cycle`` (the request that was last begun, or None) and, of that,
``response_complete``.

Rule: two looks, ``seconds`` apart, that find no request under way and none begun in between end
the connection, with a 408 (RFC 9110 section 15.5.9): after one to two times ``seconds``.
What is *not* here: the time for a body (``asgi.BodyLimit``); the size of headers (the server's).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

HEADER_SECONDS: Final = 15.0  # as long as a connection is kept between two requests
TIMED_OUT: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def with_deadline(protocol: Any, *, seconds: float = HEADER_SECONDS) -> Any:  # noqa: ANN401 - a class of the server's
    """A class like ``protocol`` that lets go of a connection without a request.

    Args:
        protocol: an ``asyncio.Protocol`` of uvicorn's.
        seconds: how long a connection may be without a request under way.
    """

    class Timed(protocol):  # type: ignore[misc] # the base class is only known here
        """See ``with_deadline``."""

        def connection_made(self, transport: asyncio.Transport) -> None:
            """Begin to look."""
            super().connection_made(transport)
            self._next_look(transport, self.cycle)

        def _next_look(self, transport: asyncio.Transport, seen: object) -> None:
            asyncio.get_running_loop().call_later(seconds, self._look, transport, seen)

        def _look(self, transport: asyncio.Transport, seen: object) -> None:
            if transport.is_closing():
                return
            idle = self.cycle is None or self.cycle.response_complete
            if idle and self.cycle is seen:
                transport.write(TIMED_OUT)
                transport.close()
                return
            self._next_look(transport, self.cycle if idle else _BUSY)

    return Timed


_BUSY: Final = object()  # seen at a look that found a request under way
