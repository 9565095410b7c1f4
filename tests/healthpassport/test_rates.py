"""How often one caller may do something: fair, bounded, and by an address that cannot be chosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asgi_calls import call
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.asgi import Problems, Throttle, client_address
from healthpassport.errors import ServiceError
from healthpassport.rates import RateLimit

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
PROXY = "10.0.0.1"


def taken(limit, caller, times, now=NOW):
    return sum(allowed(limit, caller, now) for _ in range(times))


def allowed(limit, caller, now):
    try:
        limit.take(caller, now)
    except ServiceError:
        return False
    return True


def test_a_burst_passes_and_then_one_each_time_that_time_allows():
    limit = RateLimit(2.0, 5)
    assert taken(limit, "a", 9) == 5
    assert taken(limit, "a", 9, NOW + timedelta(seconds=1)) == 2
    assert taken(limit, "a", 9, NOW + timedelta(days=1)) == 5


def test_one_caller_takes_nothing_from_another():
    limit = RateLimit(1.0, 2)
    assert taken(limit, "a", 9) == 2
    assert taken(limit, "b", 9) == 2


def test_a_clock_that_goes_back_gives_nothing():
    limit = RateLimit(1.0, 2)
    taken(limit, "a", 9)
    assert taken(limit, "a", 9, NOW - timedelta(days=1)) == 0


def test_callers_without_number_are_not_remembered_without_number():
    limit = RateLimit(1.0, 1, most=100)
    for number in range(1000):
        limit.take(str(number), NOW)
    assert len(limit) == 100
    assert taken(limit, "999", 1) == 0


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 10)), max_size=40),
    st.integers(1, 5),
)
@settings(max_examples=30, deadline=None)
def test_nobody_gets_more_than_the_burst_and_what_time_gave(steps, burst):
    limit, passed, done = RateLimit(1.0, burst), 0, {"a": 0, "b": 0}
    for caller, seconds in steps:
        passed += seconds
        done[caller] += taken(limit, caller, 1, NOW + timedelta(seconds=passed))
    assert all(count <= burst + passed for count in done.values())


def scope(client, *forwarded):
    return {
        "client": (client, 1) if client else None,
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("192.0.2.7", (), "192.0.2.7"),
        ("192.0.2.7", ("198.51.100.1",), "192.0.2.7"),  # not a proxy of ours
        (PROXY, ("198.51.100.1",), "198.51.100.1"),
        (PROXY, ("203.0.113.9, 198.51.100.1",), "198.51.100.1"),  # the first is the caller's word
        (PROXY, ("203.0.113.9", "198.51.100.1"), "198.51.100.1"),
        (PROXY, (f"198.51.100.1, {PROXY}",), "198.51.100.1"),
        (PROXY, (), PROXY),
        (PROXY, ("nonsense",), ""),
        (PROXY, ("1," * 5000,), ""),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("", (), ""),
    ],
)
def test_the_address_is_the_one_that_the_last_proxy_of_ours_heard(client, forwarded, address):
    assert client_address(scope(client, *forwarded), {PROXY}) == address


async def plain(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_requests_under_a_path_are_counted_and_others_pass():
    app = Problems(Throttle(plain, limit=RateLimit(1.0, 3), clock=lambda: NOW, under="/oid4vp"))
    answers = [call(app, "GET", "/oid4vp/codes/AAAA-AAAA").status for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert call(app, "GET", "/healthz").status == 200
