"""Following a request: what the stream says while nothing changes, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from healthpassport.encoding import jcs
from healthpassport.errors import ServiceError
from healthpassport.receipts import request_hash
from verifier.api.following import event_stream
from verifier.service import Progress, Templates, watch, watching


@dataclass
class Standing:
    """A desk that tells one state after the other; an error ends the list."""

    states: list[Progress]
    look_seconds: float = 0.001
    watched: list[str] = field(default_factory=list)

    def standing(self, transaction_id: str, *, desk: str) -> Any:
        if not self.states:
            raise ServiceError("not_found")
        return SimpleNamespace(id=transaction_id, progress=self.states.pop(0))

    @contextmanager
    def watching(self, transaction_id: str, wake: Any) -> Iterator[None]:
        self.watched.append(transaction_id)
        try:
            yield
        finally:
            self.watched.remove(transaction_id)


async def _sent(desk: Standing) -> bytes:
    stream = await event_stream(desk, "one", name="ward")
    return b"".join([bytes(part) async for part in stream.body_iterator])


def test_a_state_is_told_once_and_the_stream_ends_when_nothing_can_change() -> None:
    desk = Standing([Progress.WAITING, Progress.WAITING, Progress.FETCHED, Progress.ANSWERED])
    told = asyncio.run(_sent(desk)).decode()
    assert [line for line in told.splitlines() if line.startswith("data")] == [
        f'data: {{"id":"one","state":"{state}"}}' for state in ("waiting", "fetched", "answered")
    ]
    assert not desk.watched


def test_a_quiet_stream_says_that_it_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET_SECONDS", 0.0)
    desk = Standing([Progress.WAITING, Progress.WAITING, Progress.CLOSED])
    assert asyncio.run(_sent(desk)).count(b": ping\n\n") == 1


def test_an_unknown_request_is_refused_before_the_stream_begins() -> None:
    desk = Standing([])
    with pytest.raises(ServiceError, match="not_found"):
        asyncio.run(event_stream(desk, "one", name="ward"))
    assert not desk.watched


def test_a_page_that_watches_sees_the_end_where_a_request_is_gone() -> None:
    async def seen() -> list[Progress]:
        desk = Standing([Progress.WAITING])
        return [view.progress async for view in watch(desk, "one", name="ward")]

    assert asyncio.run(seen()) == [Progress.WAITING]


def test_a_query_in_canonical_form_at_hand_changes_no_hash_of_a_request() -> None:
    for template in Templates(None).all():
        claims = {"nonce": "n", "dcql_query": template.dcql, "state": "s"}
        made = request_hash(claims, canonical_query=template.canonical_query)
        assert made == request_hash(claims)
        assert template.canonical_query == jcs(template.dcql)
