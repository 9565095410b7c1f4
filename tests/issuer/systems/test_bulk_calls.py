"""A record system offers many at once, and alone can open what comes of it."""

from __future__ import annotations

import json

import pytest
from api_world import System, as_made, bundle, code, fresh_key, later
from simulated_issuer import Site, Wallet

from healthpassport.jose import jwe
from healthpassport.keys import generate_signer
from issuer.service import reminders
from issuer.service.bulk_expiry import expire_results
from issuer.service.job_kinds import KINDS
from issuer.service.jobs import run_due
from issuer.store import offers


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk-calls")
    source = folder / "source"
    source.mkdir()
    (source / "agnes.json").write_text(json.dumps(bundle()))
    made = Site(folder, {"source_folder": source, "client_request_burst": 10**6})
    made.epr, made.other = System(made, "epr").enter(), System(made, "other").enter()
    made.key = generate_signer()
    return made


def asked(site, *lines, **more):
    rows = lines or ({"source": "agnes.json"}, {"source": "nobody.json"})
    return {"lines": list(rows), "recipient": site.key.public_key.jwk(), **more}


def test_a_run_is_started_once_and_its_results_open_for_its_key_alone(site):
    key = fresh_key()
    answers = [site.epr.call("POST", "/bulk", asked(site), key=key) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202], answers[0].body
    assert answers[0].json() == answers[1].json()
    path = f"/bulk/{answers[0].json()['id']}"
    run_due(site.issuer, KINDS)
    seen = site.epr.call("GET", path).json()
    assert seen["refused"] == [{"line": 2, "code": "source.unknown"}]
    [result] = site.epr.call("GET", f"{path}/results").json()["results"]
    private = {k: v for k, v in site.key.private_jwk().items() if k != "alg"}
    kid = site.key.public_key.thumbprint()
    opener = jwe.EncryptionKey(kid, {**private, "kid": kid})
    told = json.loads(jwe.decrypt(result["sealed"], private_key=opener))
    assert told["pin"]
    assert told["warnings"] == []
    assert told["pin"] not in json.dumps(result)
    state = site.epr.call("GET", f"/offers/{result['offerId']}").json()["state"]
    assert state == "open"
    for method, way in (("GET", ""), ("GET", "/results"), ("POST", "/cancel")):
        assert code(site.other.call(method, path + way)) == (404, "bulk.unknown")
    taken = {"lines": [1, 2, 99]}
    answer = site.other.call("POST", f"{path}/results/taken", taken)
    assert code(answer) == (404, "bulk.unknown")
    assert site.epr.call("POST", f"{path}/results/taken", taken).status == 204
    assert site.epr.call("GET", f"{path}/results").json()["results"] == []


def test_a_run_can_be_cancelled_before_it_begins(site):
    made = site.epr.call("POST", "/bulk", asked(site)).json()
    answer = site.epr.call("POST", f"/bulk/{made['id']}/cancel")
    assert answer.json()["state"] == "cancelled"
    run_due(site.issuer, KINDS)
    assert site.epr.call("GET", f"/bulk/{made['id']}/results").json()["results"] == []
    assert code(site.epr.call("POST", f"/bulk/{made['id']}/cancel")) == (409, "bulk.over")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"lines": []}, "http.invalid"),
        ({"lines": [{}]}, "bulk.list"),
        ({"lines": [{"source": "a"}, {"source": "a"}]}, "bulk.list"),
        ({"lines": [{"name": "Agnes"}]}, "http.invalid"),
        ({"recipient": {}}, "http.invalid"),
        ({"recipient": {"kty": "oct", "k": "AAAA"}}, "http.invalid"),
        ({"recipient": generate_signer("EdDSA").public_key.jwk()}, "http.invalid"),
        ({"recipient": generate_signer().private_jwk()}, "http.invalid"),
        ({"recordTypes": ["Nothing"]}, "offer.record_type"),
        ({"days": 0}, "http.invalid"),
        ({"days": "7"}, "http.invalid"),
        ({"days": True}, "http.invalid"),
    ],
    ids=[f"case{n}" for n in range(12)],
)
def test_a_list_or_key_that_cannot_be_is_refused(site, changes, wanted):
    answer = site.epr.call("POST", "/bulk", {**asked(site), **changes})
    assert code(answer) == (400, wanted)


@pytest.mark.parametrize("lines", [[False], ["1"], [1.0]], ids=str)
def test_lines_are_let_go_by_their_numbers_alone(site, lines):
    made = site.epr.call("POST", "/bulk", asked(site)).json()
    answer = site.epr.call("POST", f"/bulk/{made['id']}/results/taken", {"lines": lines})
    assert code(answer) == (400, "http.invalid")


@pytest.mark.parametrize("path", ["/bulk", "/bulk/plan"])
def test_a_source_that_is_not_here_is_refused_before_any_line(site, path):
    told = {"lines": [{"source": "agnes.json"}], "sourceKind": "fhir"}
    if path == "/bulk":
        told |= {"recipient": site.key.public_key.jwk()}
    assert code(site.epr.call("POST", path, told)) == (400, "source.none")


def test_a_plan_says_of_each_line_what_would_be_offered_and_offers_nothing(site):
    before = site.epr.call("GET", "/offers").json()["offers"]
    lines = [{"source": "agnes.json"}, {"source": "nobody.json"}]
    told = {"lines": lines, "recordTypes": ["AllergySummary"]}
    answer = site.epr.call("POST", "/bulk/plan", told)
    assert answer.json()["lines"] == [
        {"line": 1, "recordTypes": ["AllergySummary"], "problem": None, "warnings": []},
        {"line": 2, "recordTypes": [], "problem": "source.unknown", "warnings": []},
    ]
    assert site.epr.call("GET", "/offers").json()["offers"] == before
    many = {"lines": [{"source": f"{n}.json"} for n in range(101)]}
    assert code(site.epr.call("POST", "/bulk/plan", many)) == (400, "http.invalid")


def test_a_run_is_taken_back_and_only_ones_own_are_listed(site):
    made = site.epr.call("POST", "/bulk", asked(site)).json()
    run_due(site.issuer, KINDS)
    [result] = site.epr.call("GET", f"/bulk/{made['id']}/results").json()["results"]
    path = f"/bulk/{made['id']}/take-back"
    assert code(site.other.call("POST", path)) == (404, "bulk.unknown")
    assert site.epr.call("POST", path).json() == {"takenBack": 1}
    assert site.epr.call("POST", path).json() == {"takenBack": 0}
    state = site.epr.call("GET", f"/offers/{result['offerId']}").json()["state"]
    assert state == "cancelled"
    mine = [one["id"] for one in site.epr.call("GET", "/bulk").json()["bulks"]]
    assert made["id"] in mine
    assert site.other.call("GET", "/bulk").json() == {"bulks": []}


def test_taking_back_a_run_that_goes_on_ends_it(site):
    made = site.epr.call("POST", "/bulk", asked(site)).json()
    assert site.epr.call("POST", f"/bulk/{made['id']}/take-back").json() == {"takenBack": 0}
    run_due(site.issuer, KINDS)
    seen = site.epr.call("GET", f"/bulk/{made['id']}").json()
    assert (seen["state"], seen["counts"]) == ("cancelled", {"cancelled": 2})


def test_results_that_nobody_fetched_are_erased_with_what_they_open(site):
    made = site.epr.call("POST", "/bulk", asked(site, {"source": "agnes.json"})).json()
    run_due(site.issuer, KINDS)
    path = f"/bulk/{made['id']}"
    [result] = site.epr.call("GET", f"{path}/results").json()["results"]
    assert expire_results(site.issuer) == 0
    later(site, days=8)
    assert expire_results(site.issuer) >= 1
    site.epr.enter()
    assert site.epr.call("GET", f"{path}/results").json()["results"] == []
    assert site.epr.call("GET", path).json()["counts"] == {"expired": 1}
    answer = site.epr.call("GET", f"/offers/{result['offerId']}")
    assert answer.json()["state"] == "cancelled"
    with site.issuer.store.reading() as tx:
        assert not offers.waits(tx, result["offerId"])
    assert result["sealed"].encode() not in site.files()
    assert expire_results(site.issuer) == 0


def test_a_result_of_an_offer_that_is_over_goes_and_one_that_was_let_go_stays_open(site):
    site.epr.enter()
    asks = asked(site, {"source": "agnes.json"})
    runs = [site.epr.call("POST", "/bulk", asks).json()["id"] for _ in range(2)]
    run_due(site.issuer, KINDS)
    over, told = (
        site.epr.call("GET", f"/bulk/{run}/results").json()["results"][0]["offerId"] for run in runs
    )
    assert site.epr.call("POST", f"/offers/{over}/cancel").status == 200
    site.epr.call("POST", f"/bulk/{runs[1]}/results/taken", {"lines": [1]})
    assert expire_results(site.issuer) == 1
    later(site, days=8)
    assert expire_results(site.issuer) == 0
    site.epr.enter()
    assert site.epr.call("GET", f"/offers/{told}").json()["state"] == "open"


def test_many_offers_are_cancelled_in_one_call_and_one_that_cannot_be_stops_no_other(site):
    site.epr.enter()
    mine = [site.epr.make_offer().json()["offerId"] for _ in range(2)]
    others = site.other.enter().make_offer().json()["offerId"]
    answer = site.epr.call("POST", "/offers/cancel", {"offers": [mine[0], others, "x", mine[1]]})
    assert answer.json() == {
        "cancelled": mine,
        "refused": [
            {"id": others, "code": "offer.unknown"},
            {"id": "x", "code": "offer.unknown"},
        ],
    }
    assert site.other.call("GET", f"/offers/{others}").json()["state"] == "open"
    for wrong in ({"offers": []}, {"offers": ["x"] * 501}, {}):
        assert code(site.epr.call("POST", "/offers/cancel", wrong)) == (400, "http.invalid")


def test_reminders_come_by_pages_of_ones_own(site):
    collected = [
        site.epr.enter().make_offer(recordTypes=["AllergySummary"]).json() for _ in range(3)
    ]
    for told in collected:
        wallet = Wallet(site, as_made(told["credential_offer"], told["pin"]))
        assert wallet.ask_token().status == 200
        assert wallet.ask_credential().status == 200
    later(site, days=84)
    reminders.note_due(site.issuer)
    site.epr.enter()
    first = site.epr.call("GET", "/reminders?limit=2").json()
    assert len(first["reminders"]) == 2
    rest = site.epr.call("GET", f"/reminders?limit=2&cursor={first['next']}").json()
    assert rest["next"] is None
    seen = [one["offerId"] for one in first["reminders"] + rest["reminders"]]
    assert sorted(seen) == sorted(told["offerId"] for told in collected)
    assert site.other.enter().call("GET", "/reminders").json()["reminders"] == []
    assert code(site.epr.call("GET", "/reminders?cursor=x")) == (400, "api.cursor")
