"""A record system that lies, hangs or breaks off gives nothing: never a part that looks whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from fhir_examples import ASTHMA, PATIENT, PEANUT, allergy, problem
from hypothesis import given, settings
from hypothesis import strategies as st
from record_system import BASE, MANY, NOW, Clock, RecordSystem, numbered, outcome, served, wrong

from healthpassport.errors import FetchError, SourceError
from issuer.client import Person
from issuer.client.fhir_server import Way
from issuer.client.limits import Limits
from issuer.fhir import extract

ALLERGIES = f"{BASE}/AllergyIntolerance"


def bent(change, *, url=ALLERGIES, page=2):
    """A system whose answers from ``url`` on are what ``change(body)`` makes of them."""

    def bend(request, status, headers, body):
        if request.url.startswith(url):
            found = change(body)
            status, body = found if isinstance(found, tuple) else (status, found)
        return status, headers, body

    return RecordSystem(numbered(*MANY), bend=bend, page=page)


def entry(resource, mode="match"):
    return {"resource": resource, "search": {"mode": mode}}


def with_entry(resource, mode="match"):
    return lambda body: (
        body
        | {
            "entry": [*body["entry"], entry(resource, mode)],
            "total": body["total"] + (mode == "match"),
        }
    )


def with_next(url):
    return lambda body: body | {"link": [{"relation": "next", "url": url}]}


THEIRS = allergy() | {"id": "x", "patient": {"reference": "Patient/q"}}
LIES = {
    "of another patient": (with_entry(THEIRS), "source.other_patient"),
    "of another server": (
        with_entry(THEIRS | {"patient": {"reference": "https://other.example/r4/Patient/p"}}),
        "source.other_patient",
    ),
    "of another patient by version": (
        with_entry(THEIRS | {"patient": {"reference": "Patient/q/_history/2"}}),
        "source.other_patient",
    ),
    "another patient beside": (
        with_entry(PATIENT | {"id": "q"}, "include"),
        "source.other_patient",
    ),
    "counts more": (lambda body: body | {"total": body["total"] + 1}, "source.incomplete"),
    "counts fewer": (lambda body: body | {"total": 0}, "source.incomplete"),
    "counts in words": (lambda body: body | {"total": "7"}, "source.answer"),
    "counts below zero": (lambda body: body | {"total": -1}, "source.answer"),
    "an entry of nothing": (lambda body: body | {"entry": [{}]}, "source.incomplete"),
    "an entry that is none": (lambda body: body | {"entry": [7]}, "source.incomplete"),
    "entries that are none": (lambda body: body | {"entry": {"a": 1}}, "source.answer"),
    "another resource": (lambda _: dict(PATIENT), "source.answer"),
    "words alone": (lambda _: outcome("informational", "information"), "source.answer"),
    "a failure with success": (lambda _: outcome("exception"), "source.incomplete"),
    "a failure among entries": (with_entry(outcome("exception"), "outcome"), "source.incomplete"),
    "too little, as a warning": (
        with_entry(outcome("incomplete", "warning"), "outcome"),
        "source.incomplete",
    ),
    "refused among entries": (with_entry(outcome("processing"), "outcome"), "source.refused"),
    "a circle": (with_next(f"{ALLERGIES}/_search"), "source.answer"),
    "a circle of one": (with_next(f"{ALLERGIES}?page=0"), "source.answer"),
    "elsewhere": (with_next("https://evil.example/r4/AllergyIntolerance?page=1"), "source.answer"),
    "elsewhere by port": (with_next("https://fhir.practice.example:444/r4/x"), "source.answer"),
    "in the clear": (with_next("http://fhir.practice.example/r4/x"), "source.answer"),
    "elsewhere without scheme": (with_next("//evil.example/x"), "source.answer"),
    "by a user name": (with_next("https://fhir.practice.example@evil.example/x"), "source.answer"),
    "an address of bytes": (with_next("https://fhir.practice.example:port/x"), "source.answer"),
    "next without address": (with_next(None), "source.answer"),
    "two next pages": (
        lambda body: body | {"link": [{"relation": "next", "url": f"{ALLERGIES}?a"}] * 2},
        "source.answer",
    ),
    "no JSON": (lambda _: b"<html>", "source.answer"),
    "half of it": (lambda body: json.dumps(body).encode()[:-20], "source.answer"),
    "a list": (lambda body: [body], "source.answer"),
    "a member twice": (
        lambda _: b'{"resourceType":"Bundle","entry":[],"entry":[]}',
        "fhir.ambiguous",
    ),
    "very deep": (lambda _: b'{"a":' * 70 + b"1" + b"}" * 70, "source.answer"),
    "a server error": (lambda _: (500, outcome("exception")), "source.refused"),
    "not allowed": (lambda _: (403, outcome("forbidden")), "source.forbidden"),
    "not found": (lambda _: (404, outcome("not-found")), "source.unknown"),
    "signed out": (lambda _: (401, outcome("login")), "source.sign_in"),
    "redirected": (lambda _: (300, b"{}"), "source.refused"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_or_breaks_off_gives_nothing(lie):
    change, code = LIES[lie]
    with wrong(code) as caught:
        served(bent(change)).read("p")
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("lie", ["of another patient", "counts more", "no JSON"])
def test_nor_does_everything_in_one(lie):
    change, code = LIES[lie]
    system = bent(change, url=f"{BASE}/Patient/p/$everything")
    with wrong(code):
        served(system, way=Way.EVERYTHING).read("p")


@pytest.mark.parametrize("number", range(4))
def test_whichever_page_fails_the_whole_reading_fails(number):
    seen = []

    def change(body):
        seen.append(body)
        return (500, outcome("exception")) if len(seen) == number + 1 else body

    with wrong("source.refused"):
        served(bent(change)).read("p")


def test_a_record_that_changes_while_it_is_read_is_not_mixed():
    def other(body):
        rows = [one | {"resource": one["resource"] | {"id": "r0"}} for one in body["entry"]]
        return body | {"entry": rows}

    with wrong("source.incomplete"):
        served(bent(other, url=f"{ALLERGIES}?")).read("p")
    with wrong("source.incomplete"):  # the count itself changes from page to page
        served(bent(lambda body: body | {"total": 6}, url=f"{ALLERGIES}?")).read("p")


def test_an_entry_that_comes_again_unchanged_counts_once():
    def again(body):
        return body | {"entry": [*body["entry"], body["entry"][0]]}

    read = extract(served(bent(again)).read("p"))
    assert len(read.section("allergies")) == len(MANY)


def test_every_answer_that_does_not_come_as_fhir_is_refused():
    def bend(request, status, headers, body):
        if request.url.startswith(ALLERGIES):
            headers = {"content-type": "text/html"}
        return status, headers, body

    with wrong("source.answer"):
        served(RecordSystem(bend=bend)).read("p")


def raising(code, times, url=ALLERGIES):
    left = [times]

    def bend(request, status, headers, body):
        if request.url.startswith(url) and left[0]:
            left[0] -= 1
            raise FetchError(code)
        return status, headers, body

    return RecordSystem(numbered(*MANY), bend=bend)


@pytest.mark.parametrize(
    ("net", "code"),
    [
        ("net.timeout", "source.timeout"),
        ("net.unreachable", "source.unreachable"),
        ("net.tls", "source.unreachable"),
        ("net.redirect", "source.answer"),
        ("net.response", "source.answer"),
        ("limit.fetch", "source.too_large"),
        ("ssrf.blocked", "source.setup"),
    ],
)
def test_a_network_that_fails_is_told_apart(net, code):
    with wrong(code):
        served(raising(net, 99)).read("p")


def test_a_lost_answer_is_asked_for_again_and_again_only_so_often():
    clock = Clock()
    assert served(raising("net.timeout", 3), clock=clock).read("p")
    assert clock.waited == [0.5, 1.0, 2.0]
    clock = Clock()
    with wrong("source.timeout"):
        served(raising("net.timeout", 4), clock=clock).read("p")
    assert clock.waited == [0.5, 1.0, 2.0]


def busy(times, after=None, status=429):
    left = [times]

    def bend(request, _status, headers, body):
        if request.url.startswith(ALLERGIES) and left[0]:
            left[0] -= 1
            return status, headers | ({"retry-after": after} if after else {}), b""
        return _status, headers, body

    return RecordSystem(numbered(*MANY), bend=bend)


@pytest.mark.parametrize(
    ("after", "waited"),
    [
        ("3", 3.0),
        ("0", 0.5),
        (format_datetime(NOW + timedelta(seconds=5), usegmt=True), 5.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.5),
        ("soon", 0.5),
        ("-1", 0.5),
        ("Sat, 99 Foo", 0.5),
        (None, 0.5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_given_the_time_that_it_asks_for(after, waited, status):
    clock = Clock()
    assert served(busy(1, after, status), clock=clock).read("p")
    assert clock.waited == [waited]


def test_a_server_that_stays_busy_or_asks_for_an_hour_is_left():
    with wrong("source.busy"):
        served(busy(4)).read("p")
    for after in ("3600", "999999"):
        clock = Clock()
        with wrong("source.busy"):
            served(busy(1, after), clock=clock).read("p")
        assert clock.waited == []


def test_a_reading_ends_when_its_time_is_over_wherever_it_stands():
    clock = Clock()

    def slow(request, status, headers, body):
        clock.seconds += 9.0
        return status, headers, body

    system = RecordSystem(numbered(*MANY), bend=slow)
    with wrong("source.timeout"):
        served(system, clock=clock).read("p")
    assert len(system.calls) == 7  # 60 seconds


def test_pages_without_end_come_to_one():
    pages = iter(range(1, 1_000_000))

    def more(body):
        return with_next(f"{ALLERGIES}?page={next(pages)}")(body | {"entry": [], "total": 0})

    system = bent(more)
    with wrong("source.too_large"):
        served(system).read("p")
    assert len(system.calls) == 200


def test_every_answer_has_a_size_of_its_own_and_all_together_too():
    system = RecordSystem(numbered(*MANY))
    served(system).read("p")
    assert all(call.max_bytes == Limits().answer_bytes for call in system.calls)
    small = replace(Limits(), total_bytes=30_000)
    served(system, limits=small).read("p")
    assert system.calls[-1].max_bytes < 30_000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: body | {"entry": [entry(allergy())], "total": 1}, None),
        (lambda _: outcome("processing"), "source.refused"),
        (lambda _: b"", "source.answer"),
        (lambda _: (400, outcome("invalid")), "source.refused"),
    ],
)
def test_a_search_for_people_that_finds_something_else_finds_nobody(change, code):
    server = served(bent(change, url=f"{BASE}/Patient/_search"))
    if code is None:
        assert server.find(Person("9990000018")) == ()
        return
    with wrong(code):
        server.find(Person("9990000018"))


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    lost=st.none() | st.integers(0, 5),
    counted=st.booleans(),
)
def test_however_it_is_cut_into_pages_all_is_read_or_nothing(sizes, lost, counted):
    """A page that is missing is noticed wherever it was, as long as the server counts or fails."""
    rows = [
        [
            allergy(PEANUT | {"text": f"{page}.{place}"}) | {"id": f"a{page}.{place}"}
            for place in range(size)
        ]
        for page, size in enumerate(sizes)
    ]
    total = sum(sizes)

    def bend(request, status, headers, body):
        if not request.url.startswith(ALLERGIES):
            return status, headers, body
        number = int(request.url.partition("page=")[2] or 0)
        if number == lost:
            return (200, headers, made(number, [])) if counted else (500, headers, b"{}")
        return 200, headers, made(number, rows[number])

    def made(number, shown):
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [entry(r) for r in shown]}
        if counted:
            bundle["total"] = total
        if number + 1 < len(rows):
            bundle["link"] = [{"relation": "next", "url": f"{ALLERGIES}?page={number + 1}"}]
        return bundle

    server = served(RecordSystem(bend=bend))
    missing = lost is not None and lost < len(rows) and (not counted or rows[lost])
    if missing:
        with pytest.raises(SourceError):
            server.read("p")
        return
    read = extract(server.read("p"))
    assert len(read.section("allergies")) == total


def test_a_problem_of_another_person_stops_the_reading_though_the_search_was_for_allergies():
    theirs = problem(ASTHMA) | {"id": "y", "subject": {"reference": "Patient/q"}}
    with wrong("source.other_patient"):
        served(bent(with_entry(theirs, "include"))).read("p")
