"""Messages to other systems: what is signed is believed once, and nothing else ever."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.errors import EncodingError, ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.webhooks import (
    MAX_ATTEMPTS,
    event_body,
    is_genuine,
    key_of,
    new_id,
    new_secret,
    require_allowed,
    sign,
    signed_request,
    wait_after,
)

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SECRET = new_secret(secrets.token_bytes)
OTHER = new_secret(secrets.token_bytes)
BODY = event_body("offer.expired", {"id": "abc"}, now=NOW)
URL = "https://epr.example/told"


def sent(*secret: str, now: datetime = NOW):
    keys = [key_of(one) for one in secret or (SECRET,)]
    name = new_id(secrets.token_bytes)
    return signed_request(name, URL, BODY, keys=keys, now=now, agent="test")


def genuine(request, *, body=None, now=NOW, known=(SECRET,), **headers):
    said = {**request.headers, **headers}
    return is_genuine(said, request.body if body is None else body, secrets=known, now=now)


def test_a_message_is_believed_by_whoever_has_the_secret():
    assert genuine(sent())
    assert not genuine(sent(), known=(OTHER,))
    assert not genuine(sent(), known=())


def test_while_a_secret_is_replaced_either_is_enough():
    both = sent(OTHER, SECRET)
    assert genuine(both)
    assert genuine(both, known=(OTHER,))
    assert genuine(sent(), known=(OTHER, SECRET))


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
def test_a_message_of_another_time_is_refused(minutes):
    assert not genuine(sent(), now=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_other"),
        ("webhook-id", ""),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "now"),
        ("webhook-timestamp", "-5"),
        ("webhook-timestamp", "\u0661\u0662"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v2,AAAA v1a,AAAA"),
        ("webhook-signature", "\u00e9"),
    ],
)
def test_a_header_that_was_changed_is_refused(name, value):
    assert not genuine(sent(), **{name: value})


@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_a_body_of_which_one_bit_was_changed_is_refused(place, bit):
    data = bytearray(BODY.encode())
    data[place] ^= 1 << bit
    assert not genuine(sent(), body=bytes(data))


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_AAAA", SECRET.removeprefix("whsec_"), "whsec_" + "A" * 400, "é"],
    ids=["nothing", "no key", "a short one", "no prefix", "a long one", "no letters of base64"],
)
def test_what_is_no_secret_is_refused(secret):
    with pytest.raises(EncodingError):
        key_of(secret)


def test_the_published_vectors_hold():
    table = json.loads((Path(__file__).parents[1] / "vectors" / "webhooks.json").read_text())
    for row in table["vectors"]:
        keys = [key_of(one) for one in row["secrets"]]
        assert sign(row["id"], row["timestamp"], row["body"], keys=keys) == row["signature"]


@pytest.mark.parametrize(
    "url",
    [
        "http://epr.example/told",
        "https://other.example/told",
        "https://epr.example:8443/told",
        "https://user@epr.example/",
        "https://epr.example/#x",
        "https://epr.example/ x",
        "https://[::1/",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_no_setting_names_is_refused(url):
    with pytest.raises(ServiceError) as caught:
        require_allowed(url, ["epr.example:443"], setting="SOME_SETTING")
    assert caught.value.code == "webhook.host"


def test_the_waits_end_in_number_and_age():
    def wait(tried, *, since=NOW, answer=None):
        return wait_after(tried, since=since, now=NOW, answer=answer, random=bytes)

    assert wait(1) == timedelta(seconds=2.5)
    assert wait(1, answer=HttpResponse(503, {"retry-after": "600"}, b"")) == timedelta(minutes=10)
    assert wait(MAX_ATTEMPTS - 1) == timedelta(hours=1)
    assert wait(MAX_ATTEMPTS) is None
    assert wait(2, since=NOW - timedelta(days=1)) is None
