"""Attacks on the issuer's OpenID4VCI endpoints (attacks.json, category oid4vci), by id."""

import json
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from simulated_issuer import Site, Wallet, refused

from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def wallet(site):
    """A wallet that holds an access token."""
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    return wallet


def test_vci_001_a_code_is_redeemed_once(site):
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    refused(wallet.ask_token(), "invalid_grant")


def test_vci_004_the_fifth_wrong_pin_burns_the_offer(site):
    wallet = Wallet(site, site.offer())
    wrong = "000000" if wallet.made.pin != "000000" else "000001"
    for _ in range(5):
        refused(wallet.ask_token(wrong), "invalid_grant")
    refused(wallet.ask_token(), "invalid_grant")


def test_vci_004_four_wrong_pins_leave_the_right_one_its_chance(site):
    wallet = Wallet(site, site.offer())
    wrong = "000000" if wallet.made.pin != "000000" else "000001"
    for _ in range(4):
        refused(wallet.ask_token(wrong), "invalid_grant")
    assert wallet.ask_token().status == 200


def test_vci_004_guesses_side_by_side_are_all_counted(site):
    wallet = Wallet(site, site.offer())
    pins = [f"{(int(wallet.made.pin) + 1 + i) % 10**6:06d}" for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(wallet.ask_token, pins))
    for answer in answers:
        refused(answer, "invalid_grant")
    refused(wallet.ask_token(), "invalid_grant")


def test_vci_017_an_unknown_configuration_is_refused(wallet):
    refused(wallet.ask_credential("DrivingLicence"), "unknown_credential_configuration")


def test_vci_019_a_configuration_outside_the_offer_is_refused(wallet):
    refused(wallet.ask_credential("MedicationSummary"), "invalid_credential_request")


@pytest.mark.parametrize(
    "name", ["jti", "htu", "htm", "ath", "key", "none", "iat", "two", "typ", "bearer"]
)
def test_vci_023_a_wrong_dpop_proof_at_the_resource_is_refused(site, wallet, name):
    other = generate_signer()
    good = wallet.dpop("/credential")
    token = {"authorization": f"DPoP {wallet.token}"}
    if name == "jti":
        wallet.post("/credential", {}, headers=token | {"dpop": good})
    proofs = {
        "jti": good,
        "htu": wallet.dpop("/token"),
        "htm": wallet.dpop("/credential", method="GET"),
        "ath": wallet.dpop("/credential", access_token="another"),
        "key": wallet.dpop("/credential", signer=other),
        "iat": wallet.dpop("/credential", now=site.now.replace(year=2025)),
        "typ": wallet.proof("n"),
        "bearer": good,
    }
    headers = dict(token)
    if name in proofs:
        headers["dpop"] = proofs[name]
    if name == "bearer":
        headers["authorization"] = f"Bearer {wallet.token}"
    if name == "two":
        pairs = [*token.items(), ("dpop", good), ("dpop", wallet.dpop("/credential"))]
        answer = site.call("POST", "/credential", body=b"{}", headers=pairs)
    else:
        answer = wallet.post("/credential", {}, headers=headers)
    refused(answer, "invalid_token" if name == "bearer" else "invalid_dpop_proof", 401)
    assert answer.headers["www-authenticate"].startswith('DPoP error="')
    assert 'algs="ES256"' in answer.headers["www-authenticate"]


def test_vci_023_a_token_request_without_dpop_is_refused(site):
    wallet = Wallet(site, site.offer())
    refused(wallet.ask_token(headers={}), "invalid_dpop_proof")
    refused(wallet.ask_token(headers={"dpop": "a.b.c"}), "invalid_dpop_proof")
    proof = wallet.dpop("/token")
    assert wallet.ask_token(headers={"dpop": proof}).status == 200
    refused(wallet.ask_token(headers={"dpop": proof}), "invalid_dpop_proof")


def test_vci_024_a_batch_has_at_most_batch_size_proofs_with_distinct_keys_and_one_nonce(wallet):
    nonce = wallet.nonce()
    many = [wallet.proof(nonce) for _ in range(wallet.site.settings.batch_size + 1)]
    refused(wallet.ask_credential(proofs=many), "invalid_proof")
    signer = generate_signer()
    same = [wallet.proof(nonce, signer=signer), wallet.proof(nonce, signer=signer)]
    refused(wallet.ask_credential(proofs=same), "invalid_proof")
    mixed = [wallet.proof(nonce), wallet.proof(wallet.nonce())]
    refused(wallet.ask_credential(proofs=mixed), "invalid_proof")
    assert wallet.ask_credential(proofs=many[:-1]).status == 200


def test_vci_027_a_vast_body_is_refused(site, wallet):
    answer = wallet.post("/credential", b" " * 10_000_000)
    assert answer.status == 413
    assert answer.json()["code"] == "limit.size"
    deep = b'{"proofs":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    refused(wallet.post("/credential", deep), "invalid_credential_request")
    many = {"credential_configuration_id": "AllergySummary", "proofs": {"jwt": ["a"] * 100_000}}
    refused(wallet.post("/credential", many), "invalid_proof")
    form = {"content-type": "application/x-www-form-urlencoded"}
    refused(site.call("POST", "/token", body=b"a=1&" * 50_000, headers=form), "invalid_request")


def test_vci_029_a_notification_of_another_token_is_refused(site, wallet):
    issued = wallet.ask_credential().json()["notification_id"]
    other = Wallet(site, site.offer())
    other.ask_token()
    told = {"notification_id": issued, "event": "credential_accepted"}
    refused(other.post("/notification", told), "invalid_notification_id")
    told["notification_id"] = "guessed"
    refused(wallet.post("/notification", told), "invalid_notification_id")


def test_vci_030_an_offer_that_was_redeemed_or_never_was_is_not_found(site):
    made = site.offer()
    path = made.uri.removeprefix(site.settings.iss)
    assert site.call("GET", path).json() == made.offer.wire()
    assert site.call("GET", path).status == 200
    Wallet(site, made).ask_token()
    for gone in (path, path[:-1], "/credential-offers/" + secrets.token_urlsafe(32)):
        answer = site.call("GET", gone)
        assert answer.status == 404
        assert answer.json()["code"] == "not_found"


def test_vci_030_an_offer_that_expired_is_not_found(site):
    made = site.offer()
    site.pass_time(minutes=5)
    assert site.call("GET", made.uri.removeprefix(site.settings.iss)).status == 404
    refused(Wallet(site, made).ask_token(), "invalid_grant")


def test_vci_035_one_address_that_asks_too_often_is_slowed_and_others_are_served(site):
    answers = [site.call("POST", "/nonce", host="203.0.113.9") for _ in range(300)]
    slowed = [answer for answer in answers if answer.status == 429]
    assert len(slowed) == 100
    refused(slowed[0], "rate_limited", 429)
    assert slowed[0].headers["retry-after"] == "1"
    assert site.call("POST", "/nonce", host="203.0.113.10").status == 200
    site.pass_time(seconds=1)
    assert site.call("POST", "/nonce", host="203.0.113.9").status == 200


def test_vci_035_the_token_endpoint_is_slowed_as_well(site):
    wallet = Wallet(site, site.offer())
    statuses = {wallet.ask_token("1", headers={}).status for _ in range(201)}
    assert statuses == {400, 429}


def test_vci_042_a_practice_cannot_touch_what_another_issued(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    wallet.ask_credential()
    from issuer.service import issued  # noqa: PLC0415
    from issuer.service.clients import add_client  # noqa: PLC0415

    other = add_client(site.settings.api_keys, name="other", random=secrets.token_bytes)
    site.reopen()
    issuance = issued(site.issuer)[0].id
    answer = site.call(
        "POST",
        f"/issuances/{issuance}/status",
        body=b'{"change":"withdraw"}',
        headers={"x-api-key": other.key},
    )
    assert (answer.status, answer.json()["code"]) == (403, "forbidden")


def test_vci_043_a_bundle_of_two_people_is_refused(site):
    patients = [
        {"resource": {"resourceType": "Patient", "id": name, "name": [{"family": name}]}}
        for name in ("one", "two")
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": patients}
    answer = site.call(
        "POST",
        "/offers",
        body=json.dumps({"bundle": bundle}).encode(),
        headers={"authorization": f"Bearer {site.api_key}", "content-type": "application/json"},
    )
    assert 400 <= answer.status < 500
    assert answer.json()["code"].startswith("fhir.")


def test_a_form_that_names_a_parameter_twice_is_refused(site):
    wallet = Wallet(site, site.offer())
    code = wallet.made.offer.grants.pre_authorized.code
    grant = f"grant_type={oid4vci.PRE_AUTHORIZED_CODE_GRANT}&pre-authorized_code={code}"
    form = {"content-type": "application/x-www-form-urlencoded", "dpop": wallet.dpop("/token")}
    for body, error in [
        (f"{grant}&tx_code=1&tx_code=2", "invalid_request"),
        (grant, "invalid_request"),
        (f"{grant}&tx_code=", "invalid_request"),
        ("", "invalid_request"),
        ("pre-authorized_code=1", "invalid_request"),
        ("grant_type=password&code=1", "unsupported_grant_type"),
        (f"{grant}&tx_code=1&resource=https://other.example", "invalid_target"),
        (f"{grant}&tx_code=1&authorization_details=x", "invalid_authorization_details"),
        (f"{grant}&tx_code=1&authorization_details=[]", "invalid_authorization_details"),
        (f"{grant}&tx_code=1&authorization_details=[5]", "invalid_authorization_details"),
        ("\xff", "invalid_request"),
        ("a=%ff", "invalid_request"),
    ]:
        answer = site.call("POST", "/token", body=body.encode("latin-1"), headers=form)
        refused(answer, error)
    answer = site.call("POST", "/token", body=b"{}", headers={"content-type": "application/json"})
    refused(answer, "invalid_request")


@pytest.mark.parametrize(
    "authorization",
    ["", "DPoP", "DPoP ", "DPoP x", "Bearer x", "Basic eDp5", "DPoP " + "a" * 5000, "DPoP \xe9"],
)
def test_an_unknown_token_is_refused(site, authorization):
    headers = {"authorization": authorization} if authorization else {}
    answer = site.call("POST", "/credential", body=b"{}", headers=headers)
    refused(answer, "invalid_token", 401)


def test_a_token_ends_with_its_time(site, wallet):
    site.pass_time(minutes=10)
    refused(wallet.ask_credential(), "invalid_token", 401)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"null", b'{"a":1,"a":2}', b'{"credential_configuration_id":NaN}']
    + [
        json.dumps(value).encode()
        for value in (
            {},
            {"credential_configuration_id": "AllergySummary", "credential_identifier": "x"},
            {"credential_configuration_id": 5, "proofs": {"jwt": ["a"]}},
            {"credential_configuration_id": "", "proofs": {"jwt": ["a"]}},
        )
    ],
)
def test_a_malformed_credential_request_is_refused(wallet, body):
    refused(wallet.post("/credential", body), "invalid_credential_request")


@pytest.mark.parametrize(
    "value",
    [b"{", {}, {"notification_id": "x", "event": "eaten"}, {"event": "credential_accepted"}],
)
def test_a_malformed_notification_is_refused(wallet, value):
    refused(wallet.post("/notification", value), "invalid_notification_request")
