"""An auditor's system reads the whole trail, can prove that it is whole, and sees nobody in it."""

from __future__ import annotations

import json

import pytest
from api_world import System, code
from simulated_issuer import Site, Wallet

from healthpassport.audit import check_file
from issuer.service.scopes import Scope

CLINICAL = ("Zephyrine", "Quillon", "9990000018", "Penicillin", "latex", "1958-07-14")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("audit"), {"client_request_burst": 10**6})
    made.auditor = System(made, "auditor", frozenset({Scope.AUDIT_READ})).enter()
    made.epr = System(made, "epr", frozenset(Scope) - {Scope.AUDIT_READ}).enter()
    for _ in range(3):
        wallet = Wallet(made, made.offer(wanted=["AllergySummary"]))
        assert wallet.ask_token().status == 200
        assert wallet.ask_credential().status == 200
    yield made
    made.issuer.store.close()


def pages(site, *, limit):
    """Every entry by pages, up to the head that was asked for first."""
    head = site.auditor.call("GET", "/audit/head").json()
    after, found = 0, []
    while after is not None:
        told = site.auditor.call("GET", f"/audit?after={after}&limit={limit}").json()
        assert len(told["entries"]) <= limit
        found += told["entries"]
        after = told["next"] if found[-1]["seq"] < head["seq"] else None
    return head, [one for one in found if one["seq"] <= head["seq"]]


def as_file(head, entries):
    lines = [f'{{"entry":{one["entry"]},"hash":"{one["hash"]}"}}\n' for one in entries]
    return [line.encode() for line in [*lines, f'{{"head":"{head["head"]}"}}\n']]


def checked(site, lines):
    return check_file(iter(lines), expected_keys=[site.issuer.signer.public_key], outside=())


def test_pages_and_head_prove_that_the_trail_is_whole(site):
    head, entries = pages(site, limit=4)
    assert [one["seq"] for one in entries] == list(range(1, head["seq"] + 1))
    assert entries[-1]["hash"] == head["hash"]
    report = checked(site, as_file(head, entries))
    assert report.whole
    assert report.signed == head["seq"]


def test_a_trail_that_was_touched_on_the_way_is_told_as_such(site):
    head, entries = pages(site, limit=1_000)
    assert not checked(site, as_file(head, entries[:2] + entries[3:])).whole
    entries[2]["entry"] = entries[2]["entry"].replace('"at":"2026', '"at":"2025')
    assert not checked(site, as_file(head, entries)).whole


def test_that_it_was_read_stands_in_it_and_nothing_clinical(site):
    _, entries = pages(site, limit=1_000)
    text = json.dumps(entries)
    for word in CLINICAL:
        assert word not in text
    read = [json.loads(one["entry"]) for one in entries if "trail.read" in one["entry"]]
    assert read[-1]["who"]["subject"] == "auditor"
    assert {one["tenant"] for one in map(json.loads, (e["entry"] for e in entries))} == {"main"}


def test_nobody_reads_it_without_that_scope(site):
    for path in ("/audit", "/audit/head"):
        answer = site.epr.call("GET", path)
        assert code(answer) == (403, "api.insufficient_scope")
        assert 'scope="audit:read"' in answer.headers["www-authenticate"]
        key = {"authorization": f"Bearer {site.api_key}"}
        assert code(site.epr.call("GET", path, headers=key)) == (403, "forbidden")
        assert site.epr.call("GET", path, headers={}).status == 401


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1e400", "limit=0", "limit=1001"])
def test_a_page_that_cannot_be_is_refused(site, query):
    assert code(site.auditor.call("GET", f"/audit?{query}")) == (400, "http.invalid")


def test_behind_the_end_there_is_an_empty_page(site):
    told = site.auditor.call("GET", f"/audit?after={2**53 - 1}").json()
    assert told == {"entries": [], "next": None}
