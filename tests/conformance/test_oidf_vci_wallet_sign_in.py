"""The wallet modules of the OpenID Foundation's plan, for the authorization code.

As ``test_oidf_vci_wallet``, in the variant that HAIP wants: the offer begins it, requests are
pushed, PKCE, DPoP. The surgery is the real one, and a patient signs in by a browser of their own.
The HAIP plan asks a client the modules of FAPI 2.0 besides (``fapi2_...``).
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from wallet_signing_in import BACK, SigningWorld, changed
from wallet_world import ISSUER, with_json

from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse

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


def test_a_server_of_several_issuers_is_told_which_is_meant(world, empty):
    """Sections 5.1.1 and 5.1.2, where the metadata name authorization servers."""

    def named(request, answer, *, by_scope=False):
        if request.url.endswith("openid-credential-issuer"):
            return with_json(lambda m: m.update(authorization_servers=[ISSUER]))(answer)
        if by_scope and request.url.endswith("oauth-authorization-server"):
            return with_json(lambda m: m.pop("authorization_details_types_supported"))(answer)
        return answer

    world.wire.bend = named
    taken(world, empty)
    (pushed,) = sent(world, PAR)
    details = json.loads(form(pushed)["authorization_details"])
    assert {tuple(one["locations"]) for one in details} == {(ISSUER,)}
    world.wire.sent.clear()
    world.wire.bend = lambda request, answer: named(request, answer, by_scope=True)
    empty.sign_in(empty.add_offer(world.sign_in_offer().link), redirect_uri=BACK)
    (pushed,) = sent(world, PAR)
    assert form(pushed)["resource"] == ISSUER


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t: t.pop("expires_in"), id="fapi2_token_response_without_expires_in"),
        pytest.param(lambda t: t.update(token_type="dpop"), id="fapi2_token_type_case"),
        pytest.param(lambda t: t.update(token_type="DPOP"), id="fapi2_happy_path_no_dpop_nonce"),
    ],
)
def test_fapi2_token_responses_are_taken(world, empty, change):
    bend(world, TOKEN, change)
    taken(world, empty)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(
            {"iss": "https://other.example"}, id="fapi2_invalid_authorization_response_iss"
        ),
        pytest.param({"iss": None}, id="fapi2_remove_authorization_response_iss"),
        pytest.param({"state": "x"}, id="fapi2_authorization_response_with_invalid_state"),
        pytest.param({"state": None}, id="fapi2_authorization_response_without_state"),
    ],
)
def test_fapi2_answers_of_somebody_else_lead_to_no_token(world, empty, told):
    address = empty.sign_in(empty.add_offer(world.sign_in_offer().link), redirect_uri=BACK)
    back = changed(world.patient(address), **told)
    with pytest.raises(PassportError, match=r"^wallet\.sign_in_(answer|unknown)"):
        empty.finish(back)
    assert sent(world, TOKEN) == []


def test_fapi2_discovery_issuer_mismatch(world, empty):
    def other(request, answer):
        if request.url.endswith("oauth-authorization-server"):
            return with_json(lambda m: m.update(issuer="https://other.example"))(answer)
        return answer

    world.wire.bend = other
    with pytest.raises(PassportError, match=r"^oid4vci\.metadata"):
        empty.add_offer(world.sign_in_offer().link)
    assert sent(world, PAR) == []


@pytest.mark.parametrize("word", ["DPoP", "dpop", "DPOP"])
def test_fapi2_rs_dpop_auth_scheme_case(world, empty, word):
    """A resource that wants a nonce may write the scheme in any case (RFC 9110 section 11.1)."""
    asked = []

    def wants(request, answer):
        if request.url == ISSUER + CREDENTIAL and not asked:
            asked.append(request)
            told = {"www-authenticate": f'{word} error="use_dpop_nonce"', "dpop-nonce": "fresh"}
            return HttpResponse(401, told, b"")
        return answer

    world.wire.bend = wants
    offer = world.sign_in_offer().link
    address = empty.sign_in(empty.add_offer(offer), redirect_uri=BACK)
    assert empty.finish(world.patient(address))
    second = sent(world, CREDENTIAL)[1]
    assert opened(second.headers["DPoP"])[1]["nonce"] == "fresh"
