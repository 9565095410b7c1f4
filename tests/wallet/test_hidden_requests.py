"""A wallet at an issuer that requires encryption beneath TLS."""

from __future__ import annotations

import json

import pytest
from wallet_world import ISSUER, WalletWorld, with_json

from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from issuer.api import create_app

HOST = ISSUER.removeprefix("https://")
METADATA = "/openid-credential-issuer"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = WalletWorld(tmp_path_factory.mktemp("hidden") / "w")
    changed = made.world.issuer_settings.model_copy(update={"encryption": "required"})
    app = create_app(changed, clock=made.world.clock)
    made.wire.apps[HOST] = app
    yield made
    app.state.issuer.store.close()


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


def taken(world, wallet):
    offer = world.offer()
    return wallet.accept(wallet.add_offer(offer.link), offer.pin)


def test_nothing_of_a_record_stands_in_the_clear_beneath_tls(world, wallet):
    seen = []

    def watched(request, answer):
        if request.url.endswith("/credential"):
            seen.append((request.headers["Content-Type"], answer.headers["content-type"]))
            assert b"credential" not in request.body
            assert b"credential" not in answer.body
        return answer

    world.wire.bend = watched
    records = taken(world, wallet)
    assert {record.type for record in records} == {"PatientIdentity", "AllergySummary"}
    assert set(seen) == {("application/jwt", "application/jwt")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda told: told.pop("jwks"), "offer_unsupported"),
        (lambda told: told.update(jwks={"keys": "none"}), "offer_unsupported"),
        (lambda told: told["jwks"]["keys"][0].update(alg="RSA-OAEP"), "offer_unsupported"),
        (lambda told: told["jwks"]["keys"][0].update(x="AAAA"), "issuer_failed"),
        (lambda told: told.update(enc_values_supported=["A128CBC-HS256"]), "offer_unsupported"),
        (lambda told: told.update(enc_values_supported="A128GCM"), "offer_unsupported"),
    ],
)
def test_an_encryption_that_is_unknown_here_stops_the_wallet_before_it_asks(
    world, wallet, change, code
):
    def bent(request, answer):
        if not request.url.endswith(METADATA):
            return answer
        return with_json(lambda told: change(told["credential_request_encryption"]))(answer)

    world.wire.bend = bent
    with pytest.raises(PassportError, match=rf"^wallet\.{code}"):
        taken(world, wallet)
    assert not [one for one in world.wire.sent if one.url.endswith("/credential")]


@pytest.mark.parametrize("body", [b"", b"a.b.c.d.e", b"\xff", b'{"credentials": []}'])
def test_an_answer_that_does_not_open_is_not_taken(world, wallet, body):
    def bent(request, answer):
        hidden = request.url.endswith("/credential")
        return HttpResponse(200, answer.headers, body) if hidden else answer

    world.wire.bend = bent
    with pytest.raises(PassportError, match=r"^wallet\.issuer_failed"):
        taken(world, wallet)
    assert wallet.records() == ()


def test_a_refusal_in_the_clear_is_understood(world, wallet):
    told = {"error": "credential_request_denied", "error_description": "not today"}

    def bent(request, answer):
        hidden = request.url.endswith("/credential")
        return HttpResponse(400, {}, json.dumps(told).encode()) if hidden else answer

    world.wire.bend = bent
    with pytest.raises(PassportError, match="not today"):
        taken(world, wallet)
