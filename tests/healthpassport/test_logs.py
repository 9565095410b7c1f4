"""What a line of the log may hold, whatever is given to it."""

from __future__ import annotations

import json
import logging
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.errors import ServiceError, SourceError
from healthpassport.logs import JsonLines

SECRET = "Quillon Zephyrine 9990000018"
FORMATTER = JsonLines(own=("issuer",), words=("http.method", "offer.made", "internal"))


def line(message, *args, name="issuer.somewhere", error=None, **extra):
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, logging.WARNING, "a/file.py", 7, message, args, info)
    record.__dict__.update(extra)
    text = FORMATTER.format(record)
    assert "\n" not in text
    return text, json.loads(text)


def test_a_line_says_when_how_bad_who_and_what():
    _, told = line("The sweep failed: %s", ServiceError("http.method"))
    assert told["event"] == "The sweep failed: http.method"
    assert (told["level"], told["logger"]) == ("warning", "issuer.somewhere")
    assert told["at"].endswith("+00:00")


@pytest.mark.parametrize(
    "value", [SECRET, SECRET.encode(), 9990000018, {"nhsNumber": SECRET}, [SECRET], None, "latex"]
)
def test_prv_006_a_value_in_a_message_is_hidden(value):
    text, told = line("Something about %s", value)
    assert told["event"] == "Something about …"
    assert str(value) not in text


@pytest.mark.parametrize("value", [7, 2.5, True, "offer.made"])
def test_a_count_and_a_name_of_ours_are_told(value):
    assert line("Told %s", value)[1]["event"] == f"Told {value}"


def test_a_message_whose_values_do_not_fit_is_told_without_them():
    assert line("Number %d", SECRET)[1]["event"] == "Number %d"
    assert line("Number %s %s", 7)[1]["event"] == "Number %s %s"


@pytest.mark.parametrize("name", ["asyncio", "uvicorn.error", "sqlalchemy.engine", "issuers"])
def test_prv_006_what_another_library_says_is_told_by_its_place(name):
    text, told = line(f"Task of {SECRET} broke", name=name)
    assert told["event"] == "file:7"
    assert "Quillon" not in text
    text, told = line("Started by %s", SECRET, name=name)
    assert told["event"] == "Started by %s"
    assert "Quillon" not in text


def look_up(table, name):
    try:
        return table[name]
    except KeyError as cause:
        raise SourceError("fhir.restricted", name) from cause


def test_prv_006_an_exception_is_told_by_kind_and_place_without_its_text():
    with pytest.raises(SourceError) as caught:
        look_up({}, SECRET)
    text, told = line("Broke off", error=caught.value)
    assert [one["kind"] for one in told["error"]] == [
        "healthpassport.errors.SourceError",
        "builtins.KeyError",
    ]
    assert told["error"][0]["code"] == "fhir.restricted"
    assert "look_up" in told["error"][0]["at"][0]
    for word in SECRET.split():
        assert word not in text


@pytest.mark.parametrize(
    "extra",
    [
        {"route": SECRET},
        {"code": "somebody"},
        {"code": SECRET},
        {"request": "9990000018"},
        {"status": 9990000018},
        {"status": SECRET},
        {"patient": SECRET},
        {"reason": SECRET},
        {"method": SECRET},
        {"head": SECRET},
    ],
)
def test_prv_006_a_field_that_is_not_of_its_form_is_left_out(extra):
    assert set(line("request", **extra)[1]) == {"at", "level", "logger", "event"}


def test_the_fields_of_a_request_are_told():
    extra = {"app": "wallets", "request": "0123456789abcdef", "method": "POST"}
    extra |= {"route": "/offers/{offer_id}", "status": 404, "ms": 1.5, "code": "http.method"}
    assert extra.items() <= line("request", **extra)[1].items()


@settings(max_examples=60, deadline=None)
@given(st.text(string.printable + "é\u2028\x00", min_size=1), st.integers(), st.binary(max_size=9))
def test_prv_006_no_text_breaks_a_line_or_comes_through(text, number, data):
    told = line("a %s b %s c %s", text, number, data, route=text, code=text, app=number)[1]
    assert told["event"].startswith("a … b ")
    assert "code" not in told
