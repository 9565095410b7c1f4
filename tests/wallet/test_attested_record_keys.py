"""A surgery that wants somebody to vouch for the keys of records, and encryption besides."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from wallet_provider import ROOT, URL, Provider
from wallet_signing_in import BACK, SigningWorld
from wallet_world import ISSUER, with_json

from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.keys import generate_signer


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    (folder / "attesters.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return SigningWorld(
        folder / "w",
        key_attesters=folder / "attesters.pem",
        key_attestation_required=True,
        key_storage=("iso_18045_basic",),
    )


@pytest.fixture
def world(signing):
    signing.wire.calm()
    signing.provider = Provider(signing)
    signing.provider.listen()
    return signing


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path, provider=URL)
    world.wire.calm()
    yield made
    made.close()


def refused(code, act, *given, **named):
    with pytest.raises(PassportError) as caught:
        act(*given, **named)
    assert caught.value.code == code


def proofs(world):
    sent = [r for r in world.wire.sent if r.url == f"{ISSUER}/credential"]
    return [json.loads(request.body)["proofs"] for request in sent]


def test_the_keys_of_all_copies_are_vouched_for_at_once(world, wallet):
    offer = world.app_offer()
    records = wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert {one.fresh_copies for one in records} == {5}
    assert {tuple(one) for one in proofs(world)} == {("attestation",)}
    assert all(len(one["attestation"]) == 1 for one in proofs(world))
    for asked in world.provider.asked:  # the keys, the nonce, and what is asked of them
        assert set(asked) == {"attested_keys", "nonce", "levels"}
        assert asked["levels"] == {"key_storage": ["iso_18045_basic"]}
    (outcome,) = wallet.updates.refresh()
    assert outcome.done


def test_where_an_attestation_alone_does_not_do_it_comes_with_a_proof(world, wallet):
    def jwt_alone(request, answer):
        if not request.url.endswith("openid-credential-issuer"):
            return answer

        def change(told):
            for one in told["credential_configurations_supported"].values():
                one.get("proof_types_supported", {}).pop("attestation", None)

        return with_json(change)(answer)

    world.wire.bend = jwt_alone
    offer = world.app_offer()
    records = wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert {one.fresh_copies for one in records} == {5}
    assert {tuple(one) for one in proofs(world)} == {("jwt",)}


def test_without_a_provider_the_offer_is_not_used_up(world, tmp_path):
    wallet = world.wallet(tmp_path / "alone")
    offer, to_sign_in = world.app_offer(), world.sign_in_offer()
    previews = wallet.add_offer(offer.link), wallet.add_offer(to_sign_in.link)
    world.wire.sent.clear()
    refused("wallet.keys_unproved", wallet.accept, previews[0], offer.pin)
    refused("wallet.keys_unproved", wallet.sign_in, previews[1], redirect_uri=BACK)
    assert world.wire.sent == []
    wallet.close()


@pytest.mark.parametrize(
    "broken",
    [
        HttpResponse(500, {}, b""),
        HttpResponse(200, {}, b'{"key_attestation": "a.b.c"}'),
        {"nonce": "another"},
        {"attested_keys": []},
        {"attested_keys": [generate_signer().public_key.jwk()]},
        {"attested_keys": "none"},
        {"attested_keys": [5]},
    ],
)
def test_an_attestation_that_does_not_fit_is_not_sent(world, wallet, broken):
    if isinstance(broken, dict):
        world.provider.claims = broken
    else:
        world.provider.broken = broken
    offer = world.app_offer()
    refused("wallet.attestation_failed", wallet.accept, wallet.add_offer(offer.link), offer.pin)
    assert proofs(world) == []
    assert wallet.records() == ()
