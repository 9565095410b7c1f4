"""OpenID4VCI messages as both sides read them: the published examples, and what is refused."""

import json
from datetime import UTC, datetime

import pytest
from shared_inputs import shared

from healthpassport.errors import EncodingError, PassportError, ProtocolError
from healthpassport.keys import generate_signer
from healthpassport.protocols import oid4vci

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ISS = "https://issuer.example"


def example(name):
    return json.loads(shared("vectors", "openid4vci", "1.0", name).read_text())


def test_the_published_offer_is_read():
    offer = oid4vci.parse_offer(json.dumps(example("credential_offer_pre-authz_code.json")))
    assert offer.credential_issuer == "https://credential-issuer.example.com"
    assert offer.credential_configuration_ids == ("UniversityDegreeCredential",)
    assert offer.grants.pre_authorized.code == "adhjhdjajkdkhjhdj"
    assert offer.grants.pre_authorized.tx_code.description.startswith("Please provide")


def test_the_published_metadata_is_read():
    text = json.dumps(example("credential_issuer_metadata_sd_jwt_long.json"))
    issuer = json.loads(text)["credential_issuer"]
    found = oid4vci.parse_issuer_metadata(text.encode(), expected_issuer=issuer)
    formats = {c.format for c in found.credential_configurations_supported.values()}
    assert "dc+sd-jwt" in formats


def offer(**changes):
    value = oid4vci.make_offer(
        issuer=ISS, configuration_ids=("AllergySummary",), code="c", tx_code=None
    ).wire()
    value |= changes
    return json.dumps({k: v for k, v in value.items() if v is not ...})


GRANT = oid4vci.PRE_AUTHORIZED_CODE_GRANT


@pytest.mark.parametrize(
    "text",
    [
        offer(credential_issuer=...),
        offer(credential_issuer="http://issuer.example"),
        offer(credential_issuer="https://issuer.example?x=1"),
        offer(credential_issuer="https://issuer.example#x"),
        offer(credential_issuer=5),
        offer(credential_configuration_ids=...),
        offer(credential_configuration_ids=[]),
        offer(credential_configuration_ids=[1]),
        offer(credential_configuration_ids="AllergySummary"),
        offer(grants=...),
        offer(grants={"authorization_code": {}}),
        offer(grants={GRANT: {}}),
        offer(grants={GRANT: {"pre-authorized_code": ""}}),
        offer(grants={GRANT: {"pre-authorized_code": "c", "tx_code": {"input_mode": "voice"}}}),
        offer(grants={GRANT: {"pre-authorized_code": "c", "tx_code": {"length": 0}}}),
    ],
)
def test_an_offer_that_cannot_be_used_is_refused(text):
    with pytest.raises(ProtocolError) as caught:
        oid4vci.parse_offer(text)
    assert caught.value.code == "oid4vci.offer"


def test_a_link_holds_one_offer_by_value_or_by_reference():
    from urllib.parse import urlencode  # noqa: PLC0415

    by_value = "openid-credential-offer://?" + urlencode({"credential_offer": offer()})
    assert oid4vci.parse_offer_link(by_value) == oid4vci.parse_offer(offer())
    address = "https://issuer.example/credential-offers/1"
    assert oid4vci.parse_offer_link(oid4vci.offer_link(uri=address)) == address
    for link in [
        "",
        "openid-credential-offer://",
        "openid-credential-offer://?credential_offer_uri=http://issuer.example/1",
        "openid-credential-offer://?credential_offer_other=1",
        by_value + "&credential_offer_uri=https://issuer.example/1",
        by_value + "&credential_offer=%7B%7D",
        by_value.replace("openid-credential-offer", "javascript"),
        "openid-credential-offer://?credential_offer=%7B",
        "openid-credential-offer://?credential_offer=%7B%7D",
        "openid-credential-offer://?credential_offer_uri=https://" + "a" * 20_000,
    ]:
        with pytest.raises(ProtocolError) as caught:
            oid4vci.parse_offer_link(link)
        assert caught.value.code == "oid4vci.offer"


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        (ISS, "https://issuer.example/.well-known/x"),
        (f"{ISS}/tenant", "https://issuer.example/.well-known/x/tenant"),
        (f"{ISS}:8443/a/b", "https://issuer.example:8443/.well-known/x/a/b"),
    ],
)
def test_a_well_known_document_stands_between_host_and_path(issuer, address):
    assert oid4vci.well_known_url(issuer, "x") == address


METADATA = {
    "credential_issuer": ISS,
    "credential_endpoint": f"{ISS}/credential",
    "credential_configurations_supported": {},
}


@pytest.mark.parametrize(
    "changes",
    [
        {"credential_issuer": "https://other.example"},
        {"credential_endpoint": "http://issuer.example/credential"},
        {"credential_endpoint": None},
        {"nonce_endpoint": 5},
        {"batch_credential_issuance": {"batch_size": 1}},
        {"credential_configurations_supported": []},
    ],
)
def test_metadata_that_cannot_be_used_is_refused(changes):
    with pytest.raises(ProtocolError) as caught:
        oid4vci.parse_issuer_metadata(json.dumps(METADATA | changes).encode(), expected_issuer=ISS)
    assert caught.value.code == "oid4vci.metadata"


def test_metadata_may_hold_what_nobody_here_knows():
    value = METADATA | {"signed_metadata": "x", "else": {"a": [1]}}
    found = oid4vci.parse_issuer_metadata(json.dumps(value).encode(), expected_issuer=ISS)
    assert found.wire() == {k: v for k, v in METADATA.items() if v != {}}


def test_metadata_of_another_server_is_refused():
    value = {"issuer": "https://other.example", "token_endpoint": f"{ISS}/token"}
    for body, code in [
        (json.dumps(value), "oid4vci.metadata"),
        (json.dumps(value | {"issuer": ISS, "token_endpoint": "x"}), "oid4vci.metadata"),
        ("[]", "json.invalid"),
    ]:
        with pytest.raises(PassportError) as caught:
            oid4vci.parse_authorization_server_metadata(body.encode(), expected_issuer=ISS)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": "", "token_type": "DPoP"},
        {"access_token": "t"},
        {"access_token": 1, "token_type": "DPoP"},
        {"access_token": "t", "token_type": "DPoP", "expires_in": 0},
    ],
)
def test_a_token_response_that_cannot_be_used_is_refused(body):
    with pytest.raises(ProtocolError) as caught:
        oid4vci.parse_token_response(json.dumps(body).encode())
    assert caught.value.code == "oid4vci.response"


@pytest.mark.parametrize(
    "body", [{}, {"credentials": []}, {"credentials": ["x"]}, {"credentials": [{"credential": 1}]}]
)
def test_a_credential_response_that_cannot_be_used_is_refused(body):
    with pytest.raises(ProtocolError) as caught:
        oid4vci.parse_credential_response(json.dumps(body).encode())
    assert caught.value.code == "oid4vci.response"
    with pytest.raises(EncodingError):
        oid4vci.parse_credential_response(b"{")


def test_responses_are_read_as_they_are_written():
    token = oid4vci.TokenResponse(access_token="t", token_type="DPoP", expires_in=600)
    assert oid4vci.parse_token_response(json.dumps(token.wire()).encode()) == token
    body = json.dumps({"credentials": [{"credential": "a~"}], "notification_id": "n", "x": 1})
    answer = oid4vci.parse_credential_response(body.encode())
    assert answer.wire() == {"credentials": [{"credential": "a~"}], "notification_id": "n"}
    request = oid4vci.CredentialRequest(credential_configuration_id="A", proofs=("p",))
    assert oid4vci.parse_credential_request(json.dumps(request.wire()).encode()) == request
    event = oid4vci.NotificationEvent.ACCEPTED
    notice = oid4vci.NotificationRequest(notification_id="n", event=event)
    assert oid4vci.parse_notification(json.dumps(notice.wire()).encode()) == notice


SIGNER = generate_signer()


def dpop(**changes):
    arguments = {
        "signer": SIGNER,
        "method": "POST",
        "uri": f"{ISS}/token?x=1#y",
        "jti": "j",
        "now": NOW,
        "access_token": None,
    }
    return oid4vci.make_dpop_proof(**(arguments | changes))


def checked(proof, **changes):
    arguments = {"expected_method": "POST", "expected_uri": f"{ISS}/token", "now": NOW}
    return oid4vci.verify_dpop_proof(proof, **(arguments | changes))


def test_a_dpop_proof_is_read_as_it_is_made():
    found = checked(dpop())
    assert (found.thumbprint, found.jti) == (SIGNER.public_key.thumbprint(), "j")
    for uri in ("https://ISSUER.example:443/token", "HTTPS://issuer.example/token"):
        assert checked(dpop(uri=uri)).jti == "j"


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": ""},
        {"jti": "a" * 257},
        {"uri": "https://issuer.example:8443/token"},
        {"uri": "https://issuer.example/token/"},
        {"uri": "http://issuer.example/token"},
        {"uri": "https://issuer.example:x/token"},
        {"uri": ""},
        {"method": "post"},
        {"signer": generate_signer("EdDSA")},
        {"now": datetime(2026, 11, 1, 11, 53, tzinfo=UTC)},
        {"now": datetime(2026, 11, 1, 12, 2, tzinfo=UTC)},
    ],
)
def test_a_wrong_dpop_proof_is_refused(changes):
    with pytest.raises(ProtocolError) as caught:
        checked(dpop(**changes))
    assert caught.value.code == "oid4vci.invalid_dpop_proof"


def test_a_dpop_proof_whose_header_is_wrong_is_refused():
    from healthpassport.jose import jws  # noqa: PLC0415

    claims = {"jti": "j", "htm": "POST", "htu": f"{ISS}/token", "iat": int(NOW.timestamp())}
    public = SIGNER.public_key.jwk()
    for header, body in [
        ({"typ": "dpop+jwt"}, claims),
        ({"typ": "dpop+jwt", "jwk": public, "kid": "x"}, claims),
        ({"typ": "JWT", "jwk": public}, claims),
        ({"typ": "dpop+jwt", "jwk": SIGNER.private_jwk()}, claims),
        ({"typ": "dpop+jwt", "jwk": generate_signer().public_key.jwk()}, claims),
        ({"typ": "dpop+jwt", "jwk": public}, claims | {"iat": "now"}),
        ({"typ": "dpop+jwt", "jwk": public}, claims | {"htu": 5}),
        ({"typ": "dpop+jwt", "jwk": public}, {k: v for k, v in claims.items() if k != "iat"}),
    ]:
        proof = jws.sign(header={"alg": "ES256"} | header, payload=body, signer=SIGNER)
        with pytest.raises(ProtocolError) as caught:
            checked(proof)
        assert caught.value.code == "oid4vci.invalid_dpop_proof"


def test_a_refusal_in_oauth_words_holds_no_character_that_oauth_forbids():
    error = ProtocolError("oid4vci.invalid_proof", 'a "quoted" \\ word\nand é')
    told = oid4vci.oauth_error(error)
    assert told["error"] == "invalid_proof"
    assert told["error_description"] == "a 'quoted' / wordand "
    other = oid4vci.oauth_error(EncodingError("json.invalid"), otherwise="invalid_request")
    assert (other["error"], other["code"]) == ("invalid_request", "json.invalid")
