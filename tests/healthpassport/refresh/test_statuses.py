from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from simulated_trust import ISS, NOW, STATUS, encoded, wire_issuer, wire_key, wire_list

from healthpassport.errors import FetchError, PassportError, StatusError
from healthpassport.fetch import HttpRequest, HttpResponse
from healthpassport.keys import generate_signer
from healthpassport.refresh import StatusStore
from healthpassport.status.token_status_list import build, sign
from healthpassport.trust.model import TrustList

ISSUER, OTHER, REGISTRAR = generate_signer(), generate_signer(), generate_signer()
OTHER_STATUS = "https://other.example/status/1"
AGGREGATION = "https://issuer.example/status"


def trust_list(**changes) -> TrustList:
    issuers = [
        wire_issuer(ISSUER, **changes),
        wire_issuer(OTHER, iss="https://other.example", statusLists=[OTHER_STATUS]),
    ]
    return TrustList.parse(encoded(wire_list(ISSUER, REGISTRAR, issuers=issuers)))


def token(*, uri=STATUS, signer=ISSUER, at=NOW, good_for=timedelta(days=1), marked=()) -> bytes:
    return sign(
        build(bits=2, size=64, entries=marked),
        uri=uri,
        issuer=ISS,
        signer=signer,
        issued_at=at,
        expires_at=at + good_for,
        ttl=timedelta(hours=1),
    ).encode()


@dataclass
class Lists:
    """What the status list servers answer."""

    pages: dict[str, HttpResponse] = field(default_factory=dict)
    requests: list[HttpRequest] = field(default_factory=list)

    def put(self, body: bytes, uri: str = STATUS, *, status: int = 200, **headers) -> None:
        self.pages[uri] = HttpResponse(status, headers, body)

    def fetch(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        page = self.pages.get(request.url)
        if page is None:
            raise FetchError("net.unreachable")
        etag = page.headers.get("etag")
        if etag and request.headers.get("If-None-Match") == etag:
            return HttpResponse(304, {}, b"")
        return page


@pytest.fixture
def lists() -> Lists:
    found = Lists()
    found.put(token())
    found.put(token(uri=OTHER_STATUS, signer=OTHER), OTHER_STATUS)
    return found


@pytest.fixture
def store(tmp_path) -> StatusStore:
    return StatusStore(tmp_path / "status")


def codes(store, lists, *, now=NOW, named=None, **changes) -> dict[str, str | None]:
    results = store.prefetch(named or trust_list(), fetcher=lists, now=now, **changes)
    return {result.uri: result.error.code if result.error else None for result in results}


def refusal(store, lists, *, now=NOW, named=None) -> str | None:
    return codes(store, lists, now=now, named=named)[STATUS]


def test_every_list_that_the_trust_list_names_is_fetched_and_held(store, lists):
    assert codes(store, lists) == {STATUS: None, OTHER_STATUS: None}
    view = store.view(trust_list(), now=NOW)
    assert set(view) == {STATUS, OTHER_STATUS}
    assert view[STATUS].held.get(3) == 0
    assert view[STATUS].fetched_at == NOW
    assert lists.requests[0].headers["Accept"] == "application/statuslist+jwt, application/vc"


def test_what_was_held_is_read_again_by_another_process(store, lists):
    codes(store, lists)
    view = StatusStore(store.folder).view(trust_list(), now=NOW + timedelta(hours=1))
    assert view[STATUS].held.issued_at == NOW


def test_a_withdrawal_arrives_with_the_next_fetch(store, lists):
    codes(store, lists)
    later = NOW + timedelta(hours=2)
    lists.put(token(at=later, marked=[(3, 1)]))
    codes(store, lists, now=later)
    assert store.view(trust_list(), now=later)[STATUS].held.get(3) == 1


def test_sta_002_a_list_signed_by_another_issuer_is_refused(store, lists):
    lists.put(token(signer=OTHER))
    assert codes(store, lists) == {STATUS: "status.signer", OTHER_STATUS: None}
    assert STATUS not in store.view(trust_list(), now=NOW)


def test_sta_002_a_list_signed_by_a_key_that_is_no_longer_valid_is_refused(store, lists):
    ended = [wire_key(ISSUER, notAfter=(NOW - timedelta(hours=1)).isoformat())]
    assert refusal(store, lists, named=trust_list(keys=ended)) == "status.signer"


def test_sta_002_a_held_list_is_dropped_once_its_key_is_off_the_list(store, lists):
    codes(store, lists)
    assert STATUS not in store.view(trust_list(keys=[wire_key(generate_signer())]), now=NOW)


def test_sta_010_an_older_list_is_refused_and_the_newer_stays(store, lists):
    later = NOW + timedelta(minutes=5)
    lists.put(token(at=later, marked=[(3, 1)]))
    assert refusal(store, lists, now=later) is None
    lists.put(token(at=NOW))
    assert refusal(store, lists, now=later) == "status.rollback"
    assert store.view(trust_list(), now=later)[STATUS].held.get(3) == 1


def test_sta_010_a_change_of_keys_does_not_open_a_way_back(store, lists):
    later = NOW + timedelta(minutes=5)
    lists.put(token(at=later))
    codes(store, lists, now=later)
    successor = generate_signer()
    lists.put(token(at=NOW, signer=successor))
    named = trust_list(keys=[wire_key(successor)])
    assert refusal(store, lists, now=later, named=named) == "status.rollback"


def test_sta_011_a_frozen_list_is_not_current_after_its_end(store, lists):
    lists.put(token(at=NOW, marked=[(3, 1)]))
    codes(store, lists)
    after = NOW + timedelta(days=1, minutes=2)
    lists.put(b"", status=503)
    assert refusal(store, lists, now=after) == "net.response"
    held = store.view(trust_list(), now=after)[STATUS].held
    with pytest.raises(StatusError, match=r"status\.expired"):
        held.require_current(now=after)
    assert held.get(3) == 1  # what was withdrawn stays withdrawn


def test_sta_019_the_age_of_a_held_list_is_its_last_fetch(store, lists):
    codes(store, lists)
    lists.pages.clear()
    after = NOW + timedelta(hours=20)
    assert refusal(store, lists, now=after) == "net.unreachable"
    assert store.view(trust_list(), now=after)[STATUS].fetched_at == NOW


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (HttpResponse(404, {}, b""), "net.response"),
        (HttpResponse(304, {}, b""), "net.response"),
        (HttpResponse(200, {}, b"\xff"), "net.response"),
        (HttpResponse(200, {}, b"<html>"), "jws.syntax"),
        (HttpResponse(200, {}, token(uri=OTHER_STATUS)), "status.sub_mismatch"),
        (HttpResponse(200, {}, token(at=NOW + timedelta(hours=1))), "status.not_yet"),
        (HttpResponse(200, {}, token(at=NOW - timedelta(days=2))), "status.expired"),
    ],
)
def test_what_is_no_current_list_of_this_address_is_refused(store, lists, page, code):
    lists.pages[STATUS] = page
    assert refusal(store, lists) == code
    assert STATUS not in store.view(trust_list(), now=NOW)


def test_an_unchanged_list_is_confirmed_without_sending_it_again(store, lists):
    lists.put(token(), etag='"1"')
    codes(store, lists)
    later = NOW + timedelta(hours=3)
    assert refusal(store, lists, now=later) is None
    assert lists.requests[-2].headers["If-None-Match"] == '"1"'
    stored = store.view(trust_list(), now=later)[STATUS]
    assert (stored.fetched_at, stored.held.issued_at) == (later, NOW)


def test_a_list_that_is_not_due_is_left_alone(store, lists):
    codes(store, lists)
    assert codes(store, lists, now=NOW + timedelta(minutes=30), due_only=True) == {}
    due = codes(store, lists, now=NOW + timedelta(hours=1), due_only=True)
    assert set(due) == {STATUS, OTHER_STATUS}


def test_a_list_that_was_lost_or_revoked_is_due(store, lists):
    assert set(codes(store, lists, due_only=True)) == {STATUS, OTHER_STATUS}
    named = trust_list(keys=[wire_key(generate_signer())])
    assert set(codes(store, lists, named=named, due_only=True)) == {STATUS}


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"iss": 1'])
def test_a_damaged_file_counts_as_absent_and_is_replaced(store, lists, damage):
    codes(store, lists)
    for path in store.folder.iterdir():
        path.write_bytes(damage)
    fresh = StatusStore(store.folder)
    assert fresh.view(trust_list(), now=NOW) == {}
    assert codes(fresh, lists) == {STATUS: None, OTHER_STATUS: None}


@pytest.mark.parametrize(
    "change",
    [
        {"token": token(signer=OTHER).decode()},
        {"iss": "https://other.example"},
        {"iss": "https://nobody.example"},
        {"uri": OTHER_STATUS},
        {"fetchedAt": "x"},
    ],
)
def test_an_edited_file_is_not_believed(store, lists, change):
    codes(store, lists)
    path = next(p for p in store.folder.iterdir() if json.loads(p.read_bytes())["uri"] == STATUS)
    path.write_bytes(encoded(json.loads(path.read_bytes()) | change))
    assert STATUS not in StatusStore(store.folder).view(trust_list(), now=NOW)


def test_the_lists_of_an_aggregation_are_fetched_too(store, lists):
    more = "https://issuer.example/status/2"
    lists.put(encoded({"status_lists": [STATUS, more, 5]}), AGGREGATION)
    lists.put(token(uri=more), more)
    named = trust_list(statusAggregation=AGGREGATION)
    assert codes(store, lists, named=named) == {STATUS: None, more: None, OTHER_STATUS: None}
    assert more in store.view(named, now=NOW)


@pytest.mark.parametrize(
    "page",
    [
        HttpResponse(404, {}, b""),
        HttpResponse(200, {}, b"{}"),
        HttpResponse(200, {}, b"[]"),
        HttpResponse(200, {}, b"x"),
    ],
)
def test_an_aggregation_that_fails_does_not_cost_the_named_lists(store, lists, page):
    lists.pages[AGGREGATION] = page
    named = trust_list(statusAggregation=AGGREGATION)
    assert codes(store, lists, named=named) == {STATUS: None, OTHER_STATUS: None}


def test_an_aggregation_cannot_bring_in_somebody_elses_list(store, lists):
    lists.put(encoded({"status_lists": [OTHER_STATUS]}), AGGREGATION)
    named = trust_list(statusAggregation=AGGREGATION, statusLists=[])
    results = store.prefetch(named, fetcher=lists, now=NOW)
    assert [r.error.code if r.error else None for r in results] == ["status.signer", None]


def test_an_empty_folder_gives_an_empty_view(store):
    assert store.view(trust_list(), now=NOW) == {}


def test_fetching_one_list_raises_what_is_wrong(store, lists, tmp_path):
    store.folder.mkdir(parents=True)
    lists.put(b"", status=500)
    with pytest.raises(PassportError) as caught:
        store.fetch_one(trust_list().issuers[0], STATUS, fetcher=lists, now=NOW)
    assert caught.value.code == "net.response"


def test_a_disk_that_refuses_is_told_for_each_list(store, lists):
    store.folder.write_bytes(b"")
    assert codes(store, lists) == {STATUS: "trust.storage", OTHER_STATUS: "trust.storage"}
