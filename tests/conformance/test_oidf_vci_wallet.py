"""The wallet modules of the OpenID Foundation's plan for OpenID4VCI 1.0, as tests of our own.

One test for each module of ``oid4vci-1_0-wallet-test-plan`` with its name, for the pre-authorized
code with a transaction code, DPoP, dc+sd-jwt and immediate issuance; for the authorization code see
``test_oidf_vci_wallet_sign_in``.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from wallet_provider import URL, Provider
from wallet_signing_in import SigningWorld
from wallet_world import ISSUER, with_json

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError
from healthpassport.protocols.oid4vci.wallet_attestation import HEADER, POP_HEADER

TOKEN, CREDENTIAL, NOTIFY = "/token", "/credential", "/notification"


@pytest.fixture
def empty(world, tmp_path):
    made = world.wallet(tmp_path / "empty")
    world.wire.calm()
    yield made
    made.close()


def sent(world, ending):
    return [r for r in world.wire.sent if r.url.startswith(ISSUER) and r.url.endswith(ending)]


def bend(world, ending, change):
    def bent(request, answer):
        good = request.url.endswith(ending) and answer.status < 300
        return with_json(change)(answer) if good else answer

    world.wire.bend = bent


def payload(token):
    return json.loads(b64url_decode(token.split(".")[1]))


def header(token):
    return json.loads(b64url_decode(token.split(".")[0]))


def taken(world, wallet):
    offer = world.offer()
    records = wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert {record.type for record in records} == {"PatientIdentity", "AllergySummary"}
    return records


def test_oid4vci_1_0_wallet_test_credential_issuance(world, empty):
    taken(world, empty)
    (token,) = sent(world, TOKEN)
    assert header(token.headers["DPoP"])["typ"] == "dpop+jwt"
    for request in sent(world, CREDENTIAL):
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["Authorization"].startswith("DPoP ")
        body = json.loads(request.body)
        assert set(body) <= {"credential_identifier", "credential_configuration_id", "proofs"}
        assert ("credential_identifier" in body) != ("credential_configuration_id" in body)
        for proof in body["proofs"]["jwt"]:
            assert header(proof)["typ"] == "openid4vci-proof+jwt"
            assert payload(proof)["aud"] == ISSUER
            assert payload(proof)["nonce"]


def test_oid4vci_1_0_wallet_test_credential_issuance_notification(world, empty):
    ids = []

    def change(answer):
        ids.append(f"note-{len(ids)}")
        answer["notification_id"] = ids[-1]

    bend(world, CREDENTIAL, change)
    taken(world, empty)
    told = [json.loads(request.body) for request in sent(world, NOTIFY)]
    assert [note["notification_id"] for note in told] == ids
    assert {note["event"] for note in told} == {"credential_accepted"}


def test_oid4vci_1_0_wallet_happy_path_without_authorization_details_in_token_response(
    world, empty
):
    bend(world, TOKEN, lambda answer: answer.pop("authorization_details", None))
    taken(world, empty)
    for request in sent(world, CREDENTIAL):
        assert "credential_configuration_id" in json.loads(request.body)


def test_oid4vci_1_0_wallet_test_batch_credential_issuance(world, tmp_path):
    wallet = world.wallet(tmp_path / "batch", copies=10)
    world.wire.calm()
    bend(world, CREDENTIAL, lambda answer: answer["credentials"].reverse())
    records = taken(world, wallet)
    for request in sent(world, CREDENTIAL):
        proofs = json.loads(request.body)["proofs"]["jwt"]
        keys = {json.dumps(header(proof)["jwk"], sort_keys=True) for proof in proofs}
        assert 1 < len(proofs) == len(keys) <= 10
    assert all(record.fresh_copies > 1 for record in records)
    # Each copy is bound to the key that it names: all of them can be presented.
    for _ in range(records[0].fresh_copies):
        wallet.share(wallet.prepare(world.ask()["link"]))
    wallet.close()


@pytest.fixture(scope="module")
def insisting(tmp_path_factory):
    """A surgery that takes attested wallets alone, and wants each proof to answer a challenge."""
    folder = tmp_path_factory.mktemp("insisting")
    provider = Provider(None)
    made = SigningWorld(
        folder / "w",
        wallet_attestation="always",
        wallet_attestation_challenge=True,
        wallet_provider_keys=provider.trusted_in(folder),
    )
    provider.world = made
    provider.listen()
    return made


def test_oid4vci_1_0_wallet_test_client_attestation_challenge(insisting, tmp_path):
    wallet = insisting.wallet(tmp_path / "attested", provider=URL)
    offer = insisting.app_offer()
    assert wallet.accept(wallet.add_offer(offer.link), offer.pin)
    (token,) = sent(insisting, TOKEN)
    attestation, proof = token.headers[HEADER], token.headers[POP_HEADER]
    assert header(attestation)["typ"] == "oauth-client-attestation+jwt"
    assert header(proof)["typ"] == "oauth-client-attestation-pop+jwt"
    assert payload(proof)["aud"] == ISSUER
    assert payload(proof)["iss"] == payload(attestation)["sub"]
    (asked,) = (r for r in insisting.wire.sent if r.url == f"{ISSUER}/challenge")
    assert asked.method == "POST"
    assert payload(proof)["challenge"]
    assert dict(parse_qsl(token.body.decode()))["client_id"] == payload(attestation)["sub"]
    wallet.close()


def test_oid4vci_1_0_wallet_test_client_attestation_challenge_without_a_provider(
    insisting, tmp_path
):
    """Told apart before the PIN goes anywhere, and nothing is kept."""
    wallet = insisting.wallet(tmp_path / "alone")
    offer = insisting.app_offer()
    preview = wallet.add_offer(offer.link)
    insisting.wire.sent.clear()
    with pytest.raises(PassportError, match=r"^wallet\.attestation_needed"):
        wallet.accept(preview, offer.pin)
    assert insisting.wire.sent == []
    assert wallet.records() == ()
    wallet.close()
