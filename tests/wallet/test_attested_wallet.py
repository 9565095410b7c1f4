"""A provider vouches for the wallet where a surgery wants it, with a key for each offer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from wallet_provider import URL, Provider
from wallet_signing_in import BACK, SigningWorld
from wallet_world import ISSUER, PASSPHRASE, with_json

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.keys import generate_signer
from wallet.client.attesting import Attested
from wallet.service.attested import attestation_rows, attested_for
from wallet.service.grants import mark_restored, read_grants

TYPE, POP = "OAuth-Client-Attestation", "OAuth-Client-Attestation-PoP"


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    """A surgery that takes attested wallets alone, with a challenge and DPoP nonces."""
    folder = tmp_path_factory.mktemp("attested")
    signer = generate_signer()
    keys = Provider(None, signer=signer).trusted_in(folder)
    world = SigningWorld(
        folder / "w",
        wallet_attestation="always",
        wallet_attestation_challenge=True,
        wallet_provider_keys=keys,
        dpop_nonce=True,
    )
    world.provider_key = signer
    return world


@pytest.fixture
def world(signing):
    signing.wire.calm()
    signing.provider = Provider(signing, signer=signing.provider_key)
    signing.provider.listen()
    return signing


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path, provider=URL)
    world.wire.calm()
    yield made
    made.close()


def opened(token):
    return tuple(json.loads(b64url_decode(part)) for part in token.split(".")[:2])


def attested(world):
    return [r for r in world.wire.sent if TYPE in r.headers]


def signed_in(world, wallet):
    address = wallet.sign_in(wallet.add_offer(world.sign_in_offer().link), redirect_uri=BACK)
    return wallet.finish(world.patient(address))


def refused(code, act, *given, **named):
    with pytest.raises(PassportError) as caught:
        act(*given, **named)
    assert caught.value.code == code


def test_a_patient_signs_in_at_a_surgery_that_wants_all_of_it(world, wallet):
    assert signed_in(world, wallet)
    pushed, *_, exchanged = attested(world)
    assert pushed.url == f"{ISSUER}/par"
    assert exchanged.url == f"{ISSUER}/token"
    (head, claims), (pop_head, pop) = opened(pushed.headers[TYPE]), opened(pushed.headers[POP])
    assert head["typ"] == "oauth-client-attestation+jwt"
    assert pop_head["typ"] == "oauth-client-attestation-pop+jwt"
    assert pop["aud"] == ISSUER
    assert pop["challenge"]
    assert claims["sub"] == "health-passport-wallet"
    # The provider is told a key, and nothing of where it is used.
    (asked,) = world.provider.asked
    assert set(asked) == {"client_id", "jwk"}
    assert claims["cnf"]["jwk"] == asked["jwk"]
    # The record's keys and the key of the tokens are others.
    assert opened(pushed.headers["DPoP"])[0]["jwk"] != asked["jwk"]


def test_each_proof_of_the_wallet_is_used_once(world, wallet):
    assert signed_in(world, wallet)
    proofs = [request.headers[POP] for request in attested(world)]
    assert len(set(proofs)) == len(proofs)


def test_an_offer_with_a_pin_and_a_refresh_are_attested_too(world, wallet):
    offer = world.app_offer()
    assert wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert len(world.provider.asked) == 1
    assert all(grant.attested for grant in read_grants(wallet._vault))
    world.wire.sent.clear()
    (outcome,) = wallet.updates.refresh()
    assert outcome.done, outcome
    assert {r.url for r in attested(world)} == {f"{ISSUER}/token"}
    assert len(world.provider.asked) == 1  # it is good for an hour


def test_without_a_provider_nothing_is_sent_and_the_patient_is_told(world, tmp_path):
    wallet = world.wallet(tmp_path / "alone")
    offers = world.sign_in_offer(), world.app_offer()
    previews = [wallet.add_offer(offer.link) for offer in offers]
    world.wire.sent.clear()
    refused("wallet.attestation_needed", wallet.sign_in, previews[0], redirect_uri=BACK)
    refused("wallet.attestation_needed", wallet.accept, previews[1], offers[1].pin)
    assert world.wire.sent == []
    wallet.close()


@pytest.mark.parametrize(
    "broken",
    [
        HttpResponse(503, {}, b""),
        HttpResponse(200, {}, b"[]"),
        HttpResponse(200, {}, b'{"attestation": 5}'),
        HttpResponse(200, {}, b'{"attestation": "a.b.c"}'),
        {"device": "the very one"},  # HAIP 1.0 section 4.4.1: nothing that names one wallet
        {"sub": "another"},
        {"exp": 1},
        {"exp": None},
        {"cnf": {"jwk": generate_signer().public_key.jwk()}},
        {"cnf": {}},
    ],
)
def test_a_word_that_does_not_fit_is_not_shown_to_anybody(world, wallet, broken):
    if isinstance(broken, dict):
        world.provider.claims = broken
    else:
        world.provider.broken = broken
    offer = world.app_offer()
    preview = wallet.add_offer(offer.link)
    refused("wallet.attestation_failed", wallet.accept, preview, offer.pin)
    assert attested(world) == []
    world.provider.claims, world.provider.broken = {}, None
    assert wallet.accept(preview, offer.pin)  # the PIN was not spent on it


def test_a_provider_that_is_away_is_no_fault_of_the_surgery(world, tmp_path):
    wallet = world.wallet(tmp_path / "away", provider="https://nobody.example/")
    offer = world.app_offer()
    refused("wallet.attestation_failed", wallet.accept, wallet.add_offer(offer.link), offer.pin)
    wallet.close()


def test_two_surgeries_see_two_keys_and_so_does_one_of_two_offers(world, wallet):
    server = wallet.add_offer(world.app_offer().link).opened.server
    other = server.model_copy(update={"issuer": "https://other.example"})

    def word(of, line="one") -> Attested:
        return attested_for(of, vault=wallet._vault, around=wallet._around, line=line)

    first, second, third = word(server), word(other), word(server, "another")
    assert len({one.signer.public_key.raw for one in (first, second, third)}) == 3
    assert len({one.text for one in (first, second, third)}) == 3
    assert word(server).text == first.text
    assert len(attestation_rows(wallet._vault)) == 3
    mark_restored(wallet._vault)  # another device makes keys of its own
    assert word(server).signer.public_key.raw != first.signer.public_key.raw


def test_a_word_that_runs_out_is_fetched_anew_for_the_same_key(world, tmp_path):
    late = [timedelta()]
    wallet = world.wallet(
        tmp_path / "late", provider=URL, clock=lambda: world.world.clock() + late[0]
    )
    server = wallet.add_offer(world.app_offer().link).opened.server
    first = attested_for(server, vault=wallet._vault, around=wallet._around, line="one")
    late[0] = timedelta(hours=2)
    world.provider.life = timedelta(hours=9)
    wallet.unlock(PASSPHRASE)
    second = attested_for(server, vault=wallet._vault, around=wallet._around, line="one")
    assert second.text != first.text
    assert second.signer.public_key.raw == first.signer.public_key.raw
    wallet.close()


def test_a_surgery_cannot_tell_that_two_people_share_a_wallet(world, wallet):
    for person in ("new", "new"):
        offer = world.app_offer()
        assert wallet.accept(wallet.add_offer(offer.link), offer.pin, person=person)
    assert len(wallet.people.list()) == 2
    tokens = [request for request in attested(world) if request.url == f"{ISSUER}/token"]
    shown = [opened(request.headers[TYPE])[1]["cnf"]["jwk"]["x"] for request in tokens]
    assert len(set(shown)) == 2
    world.wire.sent.clear()
    wallet.updates.refresh()  # and each comes back with the key that it began with
    again = [opened(request.headers[TYPE])[1]["cnf"]["jwk"]["x"] for request in attested(world)]
    assert set(again) == set(shown)


def test_keys_that_no_grant_came_of_are_forgotten_after_a_day(world, tmp_path):
    late = [timedelta()]
    wallet = world.wallet(
        tmp_path / "idle", provider=URL, clock=lambda: world.world.clock() + late[0]
    )
    server = wallet.add_offer(world.app_offer().link).opened.server
    around = {"vault": wallet._vault, "around": wallet._around}
    attested_for(server, line="one", **around)
    attested_for(server, line="two", **around)
    assert len(attestation_rows(wallet._vault)) == 2
    late[0] = timedelta(days=1)
    world.provider.life = timedelta(days=2)
    wallet.unlock(PASSPHRASE)
    attested_for(server, line="three", **around)
    assert len(attestation_rows(wallet._vault)) == 1
    wallet.close()


def test_a_surgery_that_looks_at_no_attestations_is_sent_none(world, wallet):
    def nobody_asks(request, answer):
        if request.url.endswith("oauth-authorization-server"):
            told = {"token_endpoint_auth_methods_supported": ["none"]}
            return with_json(lambda metadata: metadata.update(told))(answer)
        return answer

    world.wire.bend = nobody_asks
    offer = world.app_offer()
    refused("wallet.not_known", wallet.accept, wallet.add_offer(offer.link), offer.pin)
    assert attested(world) == []
    assert world.provider.asked == []
