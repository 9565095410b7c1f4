"""Clients that take their time: the connection ends, and others are served meanwhile."""

from __future__ import annotations

import time

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from wire import connect, get, rest, served, status

from healthpassport.asgi import BodyLimit, Problems

SECONDS = 0.2
PROTOCOLS = [H11Protocol, HttpToolsProtocol]


async def slow_answer(scope, receive, send):
    """An application whose answer takes longer than the deadline where that is asked for."""
    import asyncio  # noqa: PLC0415 - what this application waits with

    if scope["path"] == "/slow":
        await asyncio.sleep(3 * SECONDS)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module", params=PROTOCOLS, ids=lambda p: p.__name__)
def port(request):
    app = Problems(BodyLimit(slow_answer, seconds=SECONDS))
    with served(app, protocol=request.param, seconds=SECONDS) as number:
        yield number


@pytest.mark.parametrize(
    "sent",
    [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "],
    ids=["htt-001-nothing", "htt-001-a-letter", "htt-001-a-line", "htt-001-no-end"],
)
def test_htt_001_headers_that_do_not_come_to_an_end_are_not_waited_for(port, sent):
    with connect(port) as client:
        client.sendall(sent)
        began = time.monotonic()
        assert status(rest(client)) == 408
    assert SECONDS * 0.9 < time.monotonic() - began < 100 * SECONDS


def test_htt_001_a_byte_now_and_then_buys_no_time(port):
    with connect(port) as client:
        began = time.monotonic()
        client.settimeout(SECONDS / 4)
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        answer = b""
        while not answer and time.monotonic() - began < 200 * SECONDS:
            client.sendall(b"a")
            try:
                answer = client.recv(4096)
            except TimeoutError:
                continue
    assert status(answer) == 408


def test_htt_001_nor_does_a_good_request_before(port):
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status(client.recv(4096)) == 200
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert status(rest(client)) == 408


def test_htt_001_a_body_that_does_not_come_to_an_end_is_not_waited_for(port):
    with connect(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
        answer = rest(client)
    assert status(answer) == 408
    assert b'"http.timeout"' in answer


def test_an_answer_may_take_longer_than_a_header(port):
    assert status(get(port, "/slow")) == 200


def test_a_connection_between_two_requests_is_kept_for_a_while(port):
    with connect(port) as client:
        for _ in range(3):
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert status(client.recv(4096)) == 200
            time.sleep(SECONDS / 2)
