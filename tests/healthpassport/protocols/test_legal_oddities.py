"""What OpenID4VCI 1.0 allows and few do: read by a wallet as it is meant."""

from __future__ import annotations

import json

import pytest

from healthpassport.errors import ProtocolError
from healthpassport.protocols import oid4vci
from healthpassport.protocols.oid4vci import SignInOffer

ISS = "https://issuer.example"
CODE = oid4vci.PRE_AUTHORIZED_CODE_GRANT
OFFER = {"credential_issuer": ISS, "credential_configuration_ids": ["AllergySummary"]}
TOKEN = {"access_token": "a", "token_type": "DPoP"}
NAMED = {"type": "openid_credential", "credential_configuration_id": "AllergySummary"}


@pytest.mark.parametrize(
    "more", [{}, {"grants": {}}, {"grants": {"authorization_code": {}}}, {"x": [1], "grants": {}}]
)
def test_an_offer_without_grants_is_one_to_sign_in_for(more):
    found = oid4vci.parse_any_offer(json.dumps(OFFER | more))
    assert isinstance(found, SignInOffer)
    assert found.grants.authorization_code.issuer_state is None
    assert oid4vci.parse_any_offer(json.dumps(found.wire())) == found


@pytest.mark.parametrize(
    "grants", [{"urn:example:other": {}}, [], "code", {CODE: None}, {"authorization_code": 5}]
)
def test_an_offer_with_no_grant_of_ours_is_refused(grants):
    with pytest.raises(ProtocolError, match=r"^oid4vci\.offer"):
        oid4vci.parse_any_offer(json.dumps(OFFER | {"grants": grants}))


@pytest.mark.parametrize("scheme", ["openid-credential-offer", "haip-vci", "HAIP-VCI"])
def test_both_schemes_of_offers_are_read(scheme):
    link = f"{scheme}://?credential_offer_uri=https%3A%2F%2Fissuer.example%2F1&credential_offer_x=1"
    assert oid4vci.parse_offer_link(link) == "https://issuer.example/1"


@pytest.mark.parametrize("link", ["https://[", "openid-credential-offer://[x]?a=b", "haip://?a=b"])
def test_what_is_no_link_is_refused_as_an_offer(link):
    with pytest.raises(ProtocolError, match=r"^oid4vci\.offer"):
        oid4vci.parse_offer_link(link)


@pytest.mark.parametrize("tx_code", [{}, {"length": 6}, {"input_mode": "text"}, {"x": None}])
def test_an_empty_kind_of_pin_is_a_pin_of_digits_or_as_said(tx_code):
    grants = {CODE: {"pre-authorized_code": "c", "tx_code": tx_code}}
    found = oid4vci.parse_any_offer(json.dumps(OFFER | {"grants": grants}))
    assert found.grants.pre_authorized.tx_code is not None
    assert found.grants.pre_authorized.tx_code.input_mode == tx_code.get("input_mode", "numeric")


def test_a_kind_of_credential_that_is_wrong_is_passed_over_and_the_others_read():
    kinds = {
        "x": {},
        "y": 5,
        "z": {"format": "jwt_vc_json", "credential_definition": {"type": ["V"]}},
    }
    value = {"credential_issuer": ISS, "credential_endpoint": f"{ISS}/c"}
    value["credential_configurations_supported"] = kinds
    found = oid4vci.parse_issuer_metadata(json.dumps(value).encode(), expected_issuer=ISS)
    assert list(found.credential_configurations_supported) == ["z"]
    assert found.credential_configurations_supported["z"].record_type is None


@pytest.mark.parametrize(
    ("details", "left"),
    [
        ([{"type": "payment", "amount": 5}], 0),
        ([{"type": "payment"}, NAMED], 1),
        ([NAMED | {"credential_identifiers": ["one"], "locations": [ISS]}], 1),
    ],
)
def test_details_of_other_types_are_not_ours(details, left):
    told = json.dumps(TOKEN | {"authorization_details": details}).encode()
    assert len(oid4vci.parse_token_response(told).authorization_details) == left


@pytest.mark.parametrize("details", [[5], "x", [{"type": 5}], [{"type": "openid_credential"}]])
def test_details_that_are_none_are_refused(details):
    told = json.dumps(TOKEN | {"authorization_details": details}).encode()
    with pytest.raises(ProtocolError, match=r"^oid4vci\.response"):
        oid4vci.parse_token_response(told)


def test_tokens_and_transactions_may_be_long():
    long = oid4vci.parse_token_response(json.dumps(TOKEN | {"refresh_token": "r" * 8_000}).encode())
    request = oid4vci.RefreshRequest(refresh_token=long.refresh_token)
    assert request.wire()["refresh_token"] == "r" * 8_000


@pytest.mark.parametrize(("interval", "seconds"), [(1, 1), (0.2, 1), (2.5, 3), (10**12, 10**12)])
def test_any_positive_number_is_an_interval(interval, seconds):
    told = json.dumps({"transaction_id": "t" * 4_000, "interval": interval}).encode()
    assert oid4vci.parse_any_credential_response(told).seconds == seconds


@pytest.mark.parametrize("interval", ["5", 0, -1, True, None, 1e300])
def test_another_interval_is_refused(interval):
    told = json.dumps({"transaction_id": "t", "interval": interval}).encode()
    with pytest.raises(ProtocolError, match=r"^oid4vci\.response"):
        oid4vci.parse_any_credential_response(told)
