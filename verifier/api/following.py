"""Following a request: server-sent events (WHATWG HTML section 9.2) of its states.

The framework's own way from a generator to a stream runs two tasks and two queues for each screen,
at several times the cost of what is told. What is *not* here: who is woken when (``watching``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from healthpassport.encoding import dump_text
from verifier.service import TransactionView
from verifier.service.gate import GatedDesk
from verifier.service.watching import follow

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"cache-control": "no-cache", "x-accel-buffering": "no"}
STILL_THERE: Final = format_sse_event(comment="ping")
_MEMBERS: Final[dict[str, Any]] = {
    "data": {"type": "string"},
    "event": {"type": "string"},
    "id": {"type": "string"},
    "retry": {"type": "integer", "minimum": 0},
}
_ITEM: Final[dict[str, Any]] = {"type": "object", "properties": _MEMBERS}
EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    # The whole of a stream counts as the list of its events.
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "array"}, "itemSchema": _ITEM}}}
}


class EventStream(StreamingResponse):
    """A stream of server-sent events."""

    media_type = MEDIA_TYPE


async def event_stream(desk: GatedDesk, request_id: str, *, name: str) -> EventStream:
    """The states of a request as a stream; an unknown one is refused before it has begun.

    Raises:
        ServiceError: ``not_found``, ``verifier.database``.
    """
    views = follow(desk, request_id, name=name)
    first = await anext(views)
    return EventStream(_told(first, views), headers=HEADERS)


async def _told(
    first: TransactionView | None, later: AsyncIterator[TransactionView | None]
) -> AsyncIterator[bytes]:
    yield _event(first)
    async for view in later:
        yield _event(view)


def _event(view: TransactionView | None) -> bytes:
    if view is None:
        return STILL_THERE
    data = {"id": view.id, "state": view.progress.value}
    return format_sse_event(data_str=dump_text(data), event="state")
