"""Nonces of DPoP servers: asked for once, kept for one visit, and given to nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from secrets import token_bytes

import pytest
from simulated_issuer import summary
from wallet_signing_in import SigningWorld
from wallet_world import ISSUER

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.keys import generate_signer
from healthpassport.protocols.oid4vci import TokenResponse
from issuer import service
from wallet.client.access import Access, Caller, at_server
from wallet.client.proving import MAX_VALUE, wanted

WANTS_ONE = b'{"error": "use_dpop_nonce"}'
SERVER, OTHER = "https://a.example/token", "https://b.example/token"


class Script:
    """Answers in order, the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def fetch(self, request):
        self.sent.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def nonces(self):
        bodies = (request.headers["DPoP"].split(".")[1] for request in self.sent)
        return [json.loads(b64url_decode(body)).get("nonce") for body in bodies]


def asks(nonce="n1", status=400, **headers):
    return HttpResponse(status, {"dpop-nonce": nonce, **headers}, WANTS_ONE)


GOOD = HttpResponse(200, {}, b"{}")


def caller(script):
    now = datetime(2026, 11, 26, tzinfo=UTC)
    return Caller(generate_signer(), script, now, token_bytes)


def test_a_server_that_wants_a_nonce_gets_it_at_the_second_try():
    script = Script(asks(), GOOD)
    assert at_server(caller(script), SERVER, {"a": "b"}) == GOOD
    assert script.nonces == [None, "n1"]
    first, second = script.sent
    assert first.body == second.body
    assert first.headers["DPoP"] != second.headers["DPoP"]


def test_a_resource_asks_for_one_in_its_header():
    refused = HttpResponse(
        401,
        {"dpop-nonce": "n2", "www-authenticate": 'DPoP realm="x", error="use_dpop_nonce"'},
        b"",
    )
    script = Script(refused, GOOD)
    token = TokenResponse(access_token="t", token_type="DPoP")
    assert Access(caller(script), token).post(SERVER, {}) == GOOD
    assert script.nonces == [None, "n2"]


def test_the_newest_nonce_is_used_next_time_without_asking():
    script = Script(asks(), HttpResponse(200, {"dpop-nonce": "n3"}, b"{}"), GOOD)
    who = caller(script)
    at_server(who, SERVER, {})
    at_server(who, SERVER, {})
    assert script.nonces == [None, "n1", "n3"]


def test_a_nonce_is_given_to_no_other_server_and_forgotten_after_the_visit():
    script = Script(asks(), GOOD)
    who = caller(script)
    at_server(who, SERVER, {})
    at_server(who, OTHER, {})
    at_server(who, SERVER.replace("a.example", "a.example:8443"), {})
    at_server(caller(script), SERVER, {})
    assert script.nonces == [None, "n1", None, None, None]


def test_a_server_that_is_never_satisfied_is_asked_twice_and_no_more():
    script = Script(asks())
    assert at_server(caller(script), SERVER, {}).status == 400
    assert len(script.sent) == 2


def test_a_challenge_is_asked_for_by_nobody_but_an_attested_wallet():
    script = Script(HttpResponse(400, {}, b'{"error": "use_attestation_challenge"}'))
    at_server(caller(script), SERVER, {})
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    "value", ["", " ", 'a"b', "a\\b", "a b", "ŷ", "a\n", "x" * (MAX_VALUE + 1)]
)
def test_what_is_no_nonce_is_not_used(value):
    script = Script(asks(value), GOOD)
    at_server(caller(script), SERVER, {})
    assert script.nonces == [None, None]


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        HttpResponse(400, {"dpop-nonce": "n"}, b'{"error": "invalid_grant"}'),
        HttpResponse(403, {"www-authenticate": 'DPoP error="use_dpop_nonce"'}, b""),
        HttpResponse(401, {"www-authenticate": 'DPoP error="invalid_token"'}, b""),
        HttpResponse(401, {}, b"[]"),
    ],
)
def test_other_refusals_are_not_tried_again(answer):
    assert wanted(answer) == ""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return SigningWorld(tmp_path_factory.mktemp("nonces") / "w", dpop_nonce=True)


def test_a_whole_visit_and_a_later_one_at_a_surgery_with_nonces(world, tmp_path):
    """With a wrong PIN first: asking for a nonce spends none of its five tries."""
    wallet = world.wallet(tmp_path)
    offer = service.offer_summary(
        world.app.state.issuer, client="practice", summary=summary(), wanted=()
    )
    preview = wallet.add_offer(offer.link)
    for _ in range(4):
        with pytest.raises(PassportError, match=r"^wallet\.offer_refused"):
            wallet.accept(preview, "000000" if offer.pin != "000000" else "111111")
    world.wire.sent.clear()
    assert wallet.accept(preview, offer.pin)
    proved = [r for r in world.wire.sent if "DPoP" in r.headers and r.url.startswith(ISSUER)]
    bodies = [b64url_decode(r.headers["DPoP"].split(".")[1]) for r in proved]
    plain = [r.url for r, body in zip(proved, bodies, strict=True) if b'"nonce"' not in body]
    assert plain == [f"{ISSUER}/token"]  # the first of the visit
    wallet.close()


def test_a_device_takes_over_at_a_surgery_with_nonces(world, tmp_path):
    wallet = world.wallet(tmp_path)
    offer = world.app_offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    (outcome,) = wallet.updates.stop_old_device()
    assert (outcome.done, outcome.stopped) == (True, True), outcome
    wallet.close()
