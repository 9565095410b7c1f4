"""The wallet modules of the OpenID Foundation's plan, for the authorization code.

As ``test_oidf_vci_wallet``, in the variant that HAIP wants: the offer begins it, requests are
pushed, PKCE, DPoP. The surgery is the real one, and a patient signs in by a browser of their own.
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from wallet_signing_in import BACK, SigningWorld
from wallet_world import ISSUER, with_json

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import PassportError

PAR, TOKEN, CREDENTIAL, NOTIFY = "/par", "/token", "/credential", "/notification"


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    return SigningWorld(tmp_path_factory.mktemp("suite") / "w")


@pytest.fixture
def world(signing):
    signing.wire.calm()
    return signing


@pytest.fixture
def empty(world, tmp_path):
    made = world.wallet(tmp_path / "empty")
    world.wire.calm()
    yield made
    made.close()


def sent(world, ending):
    return [r for r in world.wire.sent if r.url == ISSUER + ending]


def form(request):
    pairs = parse_qsl(request.body.decode())
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def opened(token):
    return tuple(json.loads(b64url_decode(part)) for part in token.split(".")[:2])


def bend(world, ending, change):
    def bent(request, answer):
        good = request.url == ISSUER + ending and answer.status < 300
        return with_json(change)(answer) if good else answer

    world.wire.bend = bent


def taken(world, wallet):
    address = wallet.sign_in(wallet.add_offer(world.sign_in_offer().link), redirect_uri=BACK)
    records = wallet.finish(world.patient(address))
    assert {"PatientIdentity", "AllergySummary"} <= {record.type for record in records}
    return address


def test_oid4vci_1_0_wallet_sign_in_credential_issuance(world, empty):
    address = taken(world, empty)
    (pushed,), (token,) = sent(world, PAR), sent(world, TOKEN)
    asked, exchanged = form(pushed), form(token)
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert not {"request_uri", "request"} & asked.keys()
    query = parse_qs(urlsplit(address).query)
    assert query.keys() == {"client_id", "request_uri"}
    assert query["client_id"] == [asked["client_id"]]
    assert exchanged["grant_type"] == "authorization_code"
    assert exchanged["redirect_uri"] == asked["redirect_uri"]
    assert exchanged["client_id"] == asked["client_id"]
    digest = hashlib.sha256(exchanged["code_verifier"].encode()).digest()
    assert b64url_encode(digest) == asked["code_challenge"]
    head, body = opened(token.headers["DPoP"])
    assert head["typ"] == "dpop+jwt"
    assert (body["htm"], body["htu"]) == ("POST", ISSUER + TOKEN)
    for request in sent(world, CREDENTIAL):
        assert request.headers["Authorization"].startswith("DPoP ")
        assert opened(request.headers["DPoP"])[0]["jwk"] == head["jwk"]
        # Section 6.2: with identifiers in the token response, it must ask by one of them.
        told = json.loads(request.body)
        assert "credential_identifier" in told
        assert "credential_configuration_id" not in told
        for proof in told["proofs"]["jwt"]:
            head_of_proof, claims = opened(proof)
            assert head_of_proof["typ"] == "openid4vci-proof+jwt"
            assert claims["aud"] == ISSUER
            assert claims.get("iss") in (None, asked["client_id"])


def test_oid4vci_1_0_wallet_sign_in_without_authorization_details_in_token_response(world, empty):
    """By scope: nothing is said of identifiers, and the configuration is named."""

    def bent(request, answer):
        if request.url.endswith("oauth-authorization-server"):
            return with_json(lambda m: m.pop("authorization_details_types_supported"))(answer)
        return answer

    world.wire.bend = bent
    taken(world, empty)
    for request in sent(world, CREDENTIAL):
        assert "credential_configuration_id" in json.loads(request.body)


def test_oid4vci_1_0_wallet_sign_in_notification(world, empty):
    bend(world, CREDENTIAL, lambda answer: answer.update(notification_id="note"))
    taken(world, empty)
    told = [json.loads(request.body) for request in sent(world, NOTIFY)]
    assert told
    assert {note["event"] for note in told} == {"credential_accepted"}


def test_oid4vci_1_0_wallet_sign_in_client_attestation(world, empty):
    """Not done: a server that insists is told apart before anything is sent to it."""

    def insists(request, answer):
        if not request.url.endswith("oauth-authorization-server"):
            return answer
        ways = ["attest_jwt_client_auth"]
        return with_json(lambda told: told.update(token_endpoint_auth_methods_supported=ways))(
            answer
        )

    world.wire.bend = insists
    preview = empty.add_offer(world.sign_in_offer().link)
    with pytest.raises(PassportError, match=r"^wallet\.attestation_needed"):
        empty.sign_in(preview, redirect_uri=BACK)
    assert sent(world, PAR) == []
