"""What the client of the API can do besides offers: runs, reminders, the trail, bound tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest
from api_world import System, bundle, fresh_key
from simulated_issuer import ISS, Site

from healthpassport.audit import check_file
from healthpassport.errors import ServiceError
from healthpassport.fetch import HttpResponse
from healthpassport.keys import generate_signer
from issuer.client.api import BulkLineAsked, Dpop, IssuerApi, OfferAsked, Secret, SignIn
from issuer.service.job_kinds import KINDS
from issuer.service.jobs import run_due


@dataclass
class Wire:
    """Carries the client's requests into the application; keeps them."""

    site: Site
    sent: list = field(default_factory=list)

    def fetch(self, request):
        self.sent.append(request)
        path = request.url.removeprefix(ISS)
        answer = self.site.call(
            request.method, path, body=request.body or b"", headers=request.headers
        )
        return HttpResponse(answer.status, answer.headers, answer.body)


def world(folder, **changes):
    source = folder / "source"
    source.mkdir()
    (source / "agnes.json").write_text(json.dumps(bundle()))
    changes = {"source_folder": source, "client_request_burst": 10**6} | changes
    site = Site(folder, changes)
    site.epr = System(site, "epr")
    return site


def client(site, *, dpop=None, system=None):
    wire, random = Wire(site), site.issuer.random
    proof = Secret("epr", (system or site.epr).secret)
    bound = None if dpop is None else Dpop(dpop, random)
    sign_in = SignIn(ISS, proof, wire, lambda: site.now, dpop=bound)
    return IssuerApi(ISS, sign_in, wire, random, lambda _: None)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = world(tmp_path_factory.mktemp("calls"))
    yield made
    made.issuer.store.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    made = world(tmp_path_factory.mktemp("strict"), dpop_nonce=True)
    yield made
    made.issuer.store.close()


def refused(call, *args, **more):
    with pytest.raises(ServiceError) as caught:
        call(*args, **more)
    return caught.value.code


LINES = (BulkLineAsked(source="agnes.json"), BulkLineAsked(source="nobody.json"))


def test_a_run_is_planned_started_followed_and_its_results_opened(site):
    api, mine, key = client(site), generate_signer(), fresh_key()
    planned = api.plan_bulk(LINES, record_types=("AllergySummary",)).lines
    assert [(one.record_types, one.problem) for one in planned] == [
        (("AllergySummary",), None),
        ((), "source.unknown"),
    ]
    run, again = (api.start_bulk(LINES, bulk_key=mine, key=key) for _ in range(2))
    assert run == again
    run_due(site.issuer, KINDS)
    seen = api.bulk(run.id)
    assert (seen.state, seen.counts) == ("ended", {"offered": 1, "refused": 1})
    assert run.id in [one.id for one in api.bulks()]
    assert refused(api.bulk_results, run.id, bulk_key=generate_signer()) == "bulk.key"
    [opened] = api.bulk_results(run.id, bulk_key=mine)
    assert opened.link.startswith("openid-credential-offer://")
    assert opened.pin not in repr(opened)
    assert api.offer(opened.offer_id).state == "open"
    api.let_bulk_results_go(run.id, [opened.line])
    assert api.bulk_results(run.id, bulk_key=mine) == ()
    assert api.take_back_bulk(run.id) == 1
    assert refused(api.cancel_bulk, run.id) == "bulk.over"
    assert refused(api.bulk, "another") == "bulk.unknown"


def test_a_run_is_cancelled_before_it_begins(site):
    api = client(site)
    run = api.start_bulk(LINES, bulk_key=generate_signer())
    assert api.cancel_bulk(run.id).state == "cancelled"


def test_many_offers_are_cancelled_and_nobody_is_due(site):
    api = client(site)
    made = api.make_offer(OfferAsked(source="agnes.json"))
    done = api.cancel_offers([made.offer_id, "x"])
    assert done.cancelled == (made.offer_id,)
    assert [(one.id, one.code) for one in done.refused] == [("x", "offer.unknown")]
    assert list(api.reminders()) == []


def test_the_trail_that_it_reads_is_one_that_the_command_takes(site):
    lines = list(client(site).audit_lines())
    key = site.issuer.signer.public_key
    assert check_file(iter(lines), expected_keys=[key], outside=()).whole


def test_a_bound_token_goes_with_a_proof_each_time_and_opens_nothing_without(site):
    api = client(site, dpop=generate_signer())
    assert list(api.offers()) == list(api.offers())
    sent = api.fetcher.sent
    proofs = [one.headers["dpop"] for one in sent]
    assert len(set(proofs)) == len(proofs) == 3
    authorization = sent[-1].headers["authorization"]
    assert authorization.startswith("DPoP ")
    stolen = {"authorization": authorization.replace("DPoP ", "Bearer ")}
    answer = site.call("GET", "/offers", headers=stolen)
    assert (answer.status, answer.json()["code"]) == (401, "api.invalid_token")
    other = {"authorization": authorization, "dpop": proofs[-1]}
    assert site.call("GET", "/offers", headers=other).status == 401


@pytest.mark.parametrize("first", ["sources", "make"])
def test_a_nonce_that_is_asked_for_is_sent_and_learned_anew_when_it_is_old(strict, first):
    api = client(strict, dpop=generate_signer())
    if first == "make":
        assert api.make_offer(OfferAsked(source="agnes.json")).offer_id
    assert api.sources()
    tried = len(api.fetcher.sent)
    strict.pass_time(minutes=6)
    assert api.sources()
    assert len(api.fetcher.sent) == tried + 2
    strict.pass_time(minutes=6)
    assert api.make_offer(OfferAsked(source="agnes.json")).offer_id


def test_a_server_that_asks_for_a_nonce_for_ever_is_given_up(strict):
    api = client(strict, dpop=generate_signer())
    wire = api.fetcher
    assert api.sources()

    def deaf(request):
        answer = Wire.fetch(wire, request)
        return replace(answer, headers={**answer.headers, "dpop-nonce": "old"})

    wire.fetch = deaf
    api.sign_in.dpop.nonce = "old"
    assert refused(api.sources) in {"oid4vci.use_dpop_nonce", "oid4vci.invalid_dpop_proof"}


def test_a_client_that_must_bind_its_tokens_gets_none_unbound(site):
    bound = System(site, "bound", dpop=True)
    wire = Wire(site)
    sign_in = SignIn(ISS, Secret("bound", bound.secret), wire, lambda: site.now)
    assert refused(sign_in.token) == "oid4vci.invalid_dpop_proof"


def test_a_token_of_another_kind_than_was_asked_for_is_not_used(site):
    class Downgrading(Wire):
        def fetch(self, request):
            answer = super().fetch(request)
            return replace(answer, body=answer.body.replace(b'"DPoP"', b'"Bearer"'))

    wire = Downgrading(site)
    bound = Dpop(generate_signer(), site.issuer.random)
    sign_in = SignIn(ISS, Secret("epr", site.epr.secret), wire, lambda: site.now, dpop=bound)
    assert refused(sign_in.token) == "api.answer"
