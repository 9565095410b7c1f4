"""What those who watch requests are told of them."""

from __future__ import annotations

import logging

import pytest
from asgi_calls import call
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from healthpassport.asgi import Problems
from healthpassport.errors import ServiceError
from healthpassport.refused import refusals_heard, say_refused
from healthpassport.watching import Watched

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def refuse():
    say_refused("http.conflict")


def made():
    app = FastAPI()

    @app.get("/people/{number}")
    async def person(number: str):
        return {"number": number}

    @app.get("/refused/{number}")
    async def refused(number: str):
        raise ServiceError("http.method", number)

    @app.get("/paged")
    async def paged():
        await run_in_threadpool(refuse)
        return {}

    @app.get("/broken/{number}")
    async def broken(number: str):
        raise RuntimeError(number)

    app.add_middleware(Problems)
    seen = []
    ticks = iter(range(100))
    return seen, Watched(
        app,
        name="wallets",
        watchers=(seen.append,),
        new_id=lambda: "0123456789abcdef",
        clock=lambda: next(ticks),
    )


def test_a_request_is_told_by_its_route_and_never_by_its_address():
    seen, app = made()
    answer = call(app, "GET", "/people/9990000018?name=Quillon", headers={"x-request-id": "mine"})
    [one] = seen
    assert (one.app, one.method, one.route, one.status) == (
        "wallets",
        "GET",
        "/people/{number}",
        200,
    )
    assert (one.seconds, one.code) == (1, "")
    assert answer.headers["x-request-id"] == one.request == "0123456789abcdef"
    assert "9990000018" not in repr(one)
    assert "Quillon" not in repr(one)


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "code"),
    [
        ("GET", "/refused/9990000018", "/refused/{number}", 405, "http.method"),
        ("GET", "/paged", "/paged", 200, "http.conflict"),
        ("GET", "/9990000018", "other", 404, ""),
        ("BREW", "/9990000018", "other", 404, ""),
    ],
)
def test_a_refusal_is_told_by_its_code(method, path, route, status, code):
    seen, app = made()
    call(app, method, path)
    [one] = seen
    assert (one.route, one.status, one.code) == (route, status, code)
    assert one.method in {"GET", "other"}


def test_an_exception_is_told_as_internal_and_goes_on(caplog):
    seen, app = made()
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError):
        call(app, "GET", "/broken/9990000018")
    [one] = seen
    assert (one.route, one.status, one.code) == ("/broken/{number}", 500, "internal")
    [record] = caplog.records
    assert record.message == "A request broke off"


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (PARENT, PARENT),
        (PARENT.upper(), ""),
        (PARENT + "-more", ""),
        ("00-" + "0" * 32 + PARENT[35:], ""),
        (PARENT[:36] + "0" * 16 + "-01", ""),
        ("ff" + PARENT[2:], ""),
        ("9990000018", ""),
        ("", ""),
    ],
)
def test_a_traceparent_is_taken_only_in_its_form(told, believed):
    seen, app = made()
    call(app, "GET", "/people/1", headers={"traceparent": told})
    assert seen[0].traceparent == believed


def test_where_nobody_listens_a_refusal_is_said_to_nobody():
    say_refused("http.method")
    with refusals_heard() as codes:
        assert codes == []
