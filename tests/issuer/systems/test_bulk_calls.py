"""A record system offers many at once, and alone can open what comes of it."""

from __future__ import annotations

import json

import pytest
from api_world import System, bundle, code, fresh_key
from simulated_issuer import Site

from healthpassport.jose import jwe
from healthpassport.keys import generate_signer
from issuer.service.job_kinds import KINDS
from issuer.service.jobs import run_due


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
    ],
    ids=[f"case{n}" for n in range(10)],
)
def test_a_list_or_key_that_cannot_be_is_refused(site, changes, wanted):
    answer = site.epr.call("POST", "/bulk", {**asked(site), **changes})
    assert code(answer) == (400, wanted)
