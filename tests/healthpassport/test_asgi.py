"""What stands in front of the applications: limits, refusals, headers."""

import asyncio
import json

import pytest

from healthpassport.asgi import BodyLimit, Problems, SecurityHeaders
from healthpassport.errors import EncodingError, ServiceError

pytestmark = pytest.mark.filterwarnings("error")


def call(app, *, chunks=(b"",), headers=(), path="/", kind="http", gone=False):
    sent = []
    messages = [
        {"type": "http.request", "body": chunk, "more_body": i + 1 < len(chunks)}
        for i, chunk in enumerate(chunks)
    ]
    if gone:
        messages = [{"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "path": path, "headers": list(headers), "method": "POST"}
    asyncio.run(app(scope, receive, send))
    return sent, messages


async def echo(scope, receive, send):
    message = await receive()
    after = await receive()
    assert after["type"] == "http.disconnect"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": message["body"]})


def wrapped(app=echo, **limits):
    return SecurityHeaders(Problems(BodyLimit(app, **limits)))


def test_a_body_within_the_limit_reaches_the_application_whole():
    sent, _ = call(wrapped(limit=6), chunks=[b"abc", b"", b"def"])
    assert sent[1]["body"] == b"abcdef"


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ([b"abcdefg"], []),
        ([b"abc", b"defg", b"never read"], []),
        ([b""], [(b"content-length", b"7")]),
        ([b""], [(b"content-length", b"9" * 400)]),
    ],
)
def test_a_body_beyond_the_limit_is_refused_before_it_is_read(chunks, headers):
    sent, left = call(wrapped(limit=6), chunks=chunks, headers=headers)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "limit.size"
    assert (b"connection", b"close") in sent[0]["headers"]
    assert len(left) == (1 if headers or len(chunks) == 3 else 0)


def test_a_path_may_have_a_limit_of_its_own():
    app = wrapped(limit=2, limits={"/offers": 10})
    assert call(app, chunks=[b"abcdef"], path="/offers")[0][0]["status"] == 200
    assert call(app, chunks=[b"abcdef"], path="/offers/1")[0][0]["status"] == 413


def test_a_client_that_went_away_gets_nothing():
    assert call(wrapped(), gone=True)[0] == []


def test_a_refusal_is_a_problem_object_with_code_and_help():
    async def refuse(_scope, _receive, _send):
        raise ServiceError("not_found")

    sent, _ = call(wrapped(refuse))
    assert sent[0]["status"] == 404
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]
    problem = json.loads(sent[1]["body"])
    assert problem["code"] == "not_found"
    assert problem["help"]
    assert "Traceback" not in sent[1]["body"].decode()


def test_an_error_after_the_answer_began_is_raised_on():
    async def late(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise EncodingError("json.invalid")

    with pytest.raises(EncodingError):
        call(wrapped(late))


def test_a_websocket_passes_untouched():
    async def socket(scope, _receive, send):
        assert scope["type"] == "websocket"
        await send({"type": "websocket.close"})

    assert call(wrapped(socket), kind="websocket")[0] == [{"type": "websocket.close"}]


def test_every_answer_carries_the_security_headers_unless_it_sets_its_own():
    async def own(_scope, _receive, send):
        headers = [(b"Cache-Control", b"max-age=5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = call(wrapped(own))[0][0]["headers"]
    assert (b"Cache-Control", b"max-age=5") in headers
    assert (b"cache-control", b"no-store") not in headers
    assert (b"x-content-type-options", b"nosniff") in headers
    assert any(name == b"content-security-policy" for name, _ in headers)
