"""A surgery asks the patient to sign in: the records come, and nobody else's answer brings any."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from wallet_signing_in import BACK, SigningWorld, changed
from wallet_state import contents
from wallet_world import ISSUER, PASSPHRASE, with_json

from healthpassport.encoding import b64url_decode
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.protocols.oid4vci import make_sign_in_offer
from wallet.service.grants import read_grants


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    return SigningWorld(tmp_path_factory.mktemp("signing") / "w")


@pytest.fixture
def world(signing):
    signing.wire.calm()
    return signing


@pytest.fixture
def wallet(world, tmp_path):
    made = world.wallet(tmp_path)
    world.wire.calm()
    yield made
    made.close()


def begun(world, wallet):
    """The address at which the patient signs in for a new offer."""
    return wallet.sign_in(wallet.add_offer(world.sign_in_offer().link), redirect_uri=BACK)


def refused(code, act, *given, **named):
    with pytest.raises(PassportError) as caught:
        act(*given, **named)
    assert caught.value.code == code


def form(world, ending):
    """The last form that was sent to ``ending``, and its headers."""
    request = [r for r in world.wire.sent if r.url == ISSUER + ending][-1]
    return dict(parse_qsl(request.body.decode())), request.headers


def test_a_patient_signs_in_and_the_records_are_kept(world, wallet):
    preview = wallet.add_offer(world.sign_in_offer().link)
    assert preview.sign_in
    assert preview.checked
    assert not preview.pin_needed
    address = wallet.sign_in(preview, redirect_uri=BACK)
    assert wallet.records() == ()
    records = wallet.finish(world.patient(address))
    assert {record.type for record in records} >= {"AllergySummary"}
    assert wallet.records() == records


def test_the_request_is_pushed_with_pkce_and_bound_to_a_key(world, wallet):
    address = begun(world, wallet)
    told, headers = form(world, "/par")
    proof = json.loads(b64url_decode(headers["DPoP"].split(".")[0]))
    assert told["code_challenge_method"] == "S256"
    assert told["response_type"] == "code"
    assert told["dpop_jkt"]
    assert told["issuer_state"]
    assert told["redirect_uri"] == BACK
    assert {one["type"] for one in json.loads(told["authorization_details"])} == {
        "openid_credential"
    }
    assert proof["typ"] == "dpop+jwt"
    # Nothing of the request itself is in the address that a browser, and its history, sees.
    assert set(parse_qs(urlsplit(address).query)) == {"client_id", "request_uri"}


def test_each_sign_in_has_a_state_a_verifier_and_a_key_of_its_own(world, wallet):
    begun(world, wallet)
    first, _ = form(world, "/par")
    begun(world, wallet)
    second, _ = form(world, "/par")
    for name in ("state", "code_challenge", "dpop_jkt"):
        assert first[name] != second[name]


def test_the_grant_is_kept_and_the_records_can_be_brought_up_to_date(world, wallet):
    wallet.finish(world.patient(begun(world, wallet)))
    (grant,) = read_grants(wallet._vault)
    assert grant.iss == ISSUER
    assert grant.token


def test_a_sign_in_goes_on_after_the_wallet_was_locked_meanwhile(world, wallet):
    address = begun(world, wallet)
    wallet.lock()
    back = world.patient(address)
    refused("vault.locked", wallet.finish, back)
    wallet.unlock(PASSPHRASE)
    assert wallet.finish(back)


def test_an_offer_without_details_at_the_server_is_asked_for_by_scope(world, wallet):
    def change(request, answer):
        if request.url.endswith("oauth-authorization-server"):
            return with_json(lambda m: m.pop("authorization_details_types_supported"))(answer)
        return answer

    world.wire.bend = change
    address = begun(world, wallet)
    told, _ = form(world, "/par")
    assert told["scope"]
    assert "authorization_details" not in told
    assert wallet.finish(world.patient(address))


def test_a_patient_who_says_no_adds_nothing(world, wallet):
    refused("wallet.sign_in_declined", wallet.finish, world.patient(begun(world, wallet), "no"))
    assert wallet.records() == ()


def test_an_offer_to_sign_in_is_not_taken_with_a_pin(world, wallet):
    preview = wallet.add_offer(world.sign_in_offer().link)
    refused("wallet.sign_in_needed", wallet.accept, preview, "123456")


# -- answers that are not ours ------------------------------------------------------------------


def test_an_answer_counts_once(world, wallet):
    back = world.patient(begun(world, wallet))
    assert wallet.finish(back)
    held = contents(wallet)
    world.wire.calm()
    refused("wallet.sign_in_unknown", wallet.finish, back)
    assert world.wire.urls() == []
    assert contents(wallet) == held


def test_an_answer_that_another_wallet_began_is_refused_and_its_code_goes_nowhere(
    world, wallet, tmp_path
):
    other = world.wallet(tmp_path / "other")
    back = world.patient(begun(world, other))
    world.wire.calm()
    refused("wallet.sign_in_unknown", wallet.finish, back)
    assert world.wire.urls() == []
    assert other.finish(back)  # it is no worse for it
    other.close()


@pytest.mark.parametrize("iss", [None, "", "https://evil.example", ISSUER + "/", ISSUER + "/x"])
def test_an_answer_from_another_server_is_refused_and_its_code_goes_nowhere(world, wallet, iss):
    back = changed(world.patient(begun(world, wallet)), iss=iss)
    world.wire.calm()
    refused("wallet.sign_in_answer", wallet.finish, back)
    assert world.wire.urls() == []
    refused("wallet.sign_in_unknown", wallet.finish, back)  # and the sign-in is over


def test_a_refusal_of_another_server_is_not_believed_either(world, wallet):
    back = changed(world.patient(begun(world, wallet), "no"), iss="https://evil.example")
    refused("wallet.sign_in_answer", wallet.finish, back)


@pytest.mark.parametrize("state", [None, "", "x", "ŷ"])
def test_an_answer_without_our_state_is_refused(world, wallet, state):
    back = changed(world.patient(begun(world, wallet)), state=state)
    world.wire.calm()
    refused("wallet.sign_in_unknown", wallet.finish, back)
    assert world.wire.urls() == []


def test_a_code_of_another_sign_in_brings_nothing(world, wallet, tmp_path):
    other = world.wallet(tmp_path / "thief")
    stolen = dict(parse_qsl(urlsplit(world.patient(begun(world, wallet))).query))["code"]
    back = changed(world.patient(begun(world, other)), code=stolen)
    refused("wallet.sign_in_unknown", other.finish, back)
    assert other.records() == ()
    other.close()


def test_codes_of_two_offers_in_one_wallet_are_not_mixed(world, wallet):
    one, two = (world.patient(begun(world, wallet)) for _ in range(2))
    code = dict(parse_qsl(urlsplit(two).query))["code"]
    refused("wallet.sign_in_unknown", wallet.finish, changed(one, code=code))
    assert wallet.records() == ()


@pytest.mark.parametrize(
    "address",
    ["", "?", "no answer", "a=b&a=b", "state=x&state=y&code=c", "x" * 20_000, "code=%ff%fe"],
)
def test_what_is_no_answer_is_refused(wallet, address):
    with pytest.raises(PassportError) as caught:
        wallet.finish(address)
    assert caught.value.code in {"wallet.sign_in_answer", "wallet.sign_in_unknown"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("temporarily_unavailable", "wallet.sign_in_later"),
        ("server_error", "wallet.sign_in_later"),
        ("invalid_scope", "wallet.sign_in_refused"),
        ("<script>", "wallet.sign_in_refused"),
    ],
)
def test_an_error_of_the_surgery_is_told_in_words_and_ends_the_sign_in(world, wallet, error, code):
    back = changed(world.patient(begun(world, wallet)), error=error)
    refused(code, wallet.finish, back)
    refused("wallet.sign_in_unknown", wallet.finish, back)


def test_a_sign_in_that_took_too_long_is_over(world, tmp_path):
    late = [timedelta()]
    wallet = world.wallet(tmp_path, clock=lambda: world.world.clock() + late[0])
    back = world.patient(begun(world, wallet))
    late[0] = timedelta(minutes=31)
    wallet.unlock(PASSPHRASE)
    refused("wallet.sign_in_unknown", wallet.finish, back)
    wallet.close()


def test_no_more_than_a_few_sign_ins_wait_in_the_vault(world, wallet):
    before = len(wallet._vault.rows("state"))
    preview = wallet.add_offer(world.sign_in_offer().link)
    for _ in range(10):
        wallet.sign_in(preview, redirect_uri=BACK)
    assert len(wallet._vault.rows("state")) - before <= 8


# -- servers that lead elsewhere, or are not safe -----------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"issuer": "https://evil.example"}, "oid4vci.metadata"),
        ({"authorization_endpoint": None}, "wallet.offer_unsupported"),
        ({"authorization_endpoint": "http://localhost/authorize"}, "oid4vci.metadata"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "oid4vci.metadata"),
        ({"pushed_authorization_request_endpoint": None}, "wallet.offer_unsupported"),
        ({"code_challenge_methods_supported": ["plain"]}, "wallet.offer_unsupported"),
        ({"authorization_response_iss_parameter_supported": False}, "wallet.offer_unsupported"),
        ({"dpop_signing_alg_values_supported": ["RS256"]}, "wallet.offer_unsupported"),
        ({"grant_types_supported": ["refresh_token"]}, "wallet.offer_unsupported"),
        (
            {"token_endpoint_auth_methods_supported": ["attest_jwt_client_auth"]},
            "wallet.attestation_needed",
        ),
    ],
)
def test_a_server_that_cannot_do_it_safely_is_sent_nothing(world, wallet, change, code):
    def bend(request, answer):
        if not request.url.endswith("oauth-authorization-server"):
            return answer
        told = json.loads(answer.body) | change
        told = {name: value for name, value in told.items() if value is not None}
        return HttpResponse(answer.status, answer.headers, json.dumps(told).encode())

    world.wire.bend = bend
    refused(code, begun, world, wallet)
    assert not [r for r in world.wire.sent if r.method == "POST"]


def test_an_issuer_that_nobody_vouches_for_is_sent_nothing(world, tmp_path):
    wallet = world.wallet(tmp_path)
    preview = wallet.add_offer(world.sign_in_offer().link)
    foreign = make_sign_in_offer(
        issuer="https://evil.example", configuration_ids=("AllergySummary",), issuer_state="s"
    )
    issuer = preview.opened.issuer.model_copy(update={"credential_issuer": "https://evil.example"})
    bent = replace(preview, opened=replace(preview.opened, offer=foreign, issuer=issuer))
    world.wire.calm()
    refused("trust.issuer_unknown", wallet.sign_in, bent, redirect_uri=BACK)
    assert not [r for r in world.wire.sent if r.method == "POST"]
    wallet.close()


def test_another_server_than_the_one_that_was_asked_gets_no_code(world, wallet):
    """Between the request and its answer the issuer's metadata names another server."""
    back = world.patient(begun(world, wallet))
    evil = "https://evil.example"

    def bend(request, answer):
        if request.url.endswith("openid-credential-issuer"):
            return with_json(lambda told: told.update(authorization_servers=[evil]))(answer)
        if request.url.startswith(evil):
            return with_json(lambda told: told.update(issuer=evil))(answer)
        return answer

    world.wire.calm()
    world.wire.apps["evil.example"] = world.app
    world.wire.bend = bend
    refused("wallet.sign_in_answer", wallet.finish, back)
    del world.wire.apps["evil.example"]
    assert not [r for r in world.wire.sent if r.method == "POST"]
    assert wallet.records() == ()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((401, b'{"error": "invalid_client"}'), "wallet.not_known"),
        ((400, b'{"error": "invalid_request"}'), "wallet.offer_gone"),
        ((400, b'{"error": "invalid_scope"}'), "wallet.issuer_failed"),
        ((500, b"no JSON"), "wallet.issuer_failed"),
        ((201, b"{}"), "oid4vci.response"),
        ((201, b"no JSON"), "wallet.issuer_failed"),
    ],
)
def test_a_push_that_fails_begins_nothing(world, wallet, answer, code):
    before = contents(wallet)
    world.wire.bend = lambda request, good: (
        HttpResponse(answer[0], {}, answer[1]) if request.url.endswith("/par") else good
    )
    refused(code, begun, world, wallet)
    assert contents(wallet) == before


def test_a_token_for_anybody_is_not_taken(world, wallet):
    back = world.patient(begun(world, wallet))
    world.wire.bend = lambda request, good: (
        with_json(lambda told: told.update(token_type="Bearer"))(good)
        if request.url.endswith("/token")
        else good
    )
    refused("wallet.issuer_failed", wallet.finish, back)
    assert wallet.records() == ()


def test_the_server_that_was_asked_gives_access_though_another_is_back(world, wallet):
    other = "https://other.example"

    def bend(request, answer):
        if request.url.endswith("openid-credential-issuer"):
            servers = [other, ISSUER]
            return with_json(lambda told: told.update(authorization_servers=servers))(answer)
        if request.url.startswith(other):
            return with_json(lambda told: told.update(issuer=other))(answer)
        return answer

    world.wire.bend = bend
    back = world.patient(begun(world, wallet))
    world.wire.apps["other.example"] = world.app
    try:
        assert wallet.finish(back)
    finally:
        del world.wire.apps["other.example"]
    assert not [r for r in world.wire.sent if r.url.startswith(other) and r.method == "POST"]
