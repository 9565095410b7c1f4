"""OpenID4VP messages: links, request objects, responses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport.credential import Credential, Presentation
from healthpassport.encoding import parse_json_object
from healthpassport.errors import PassportError
from healthpassport.jose.jwe import generate_encryption_key
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import (
    EncryptedResponse,
    ErrorResponse,
    RequestLink,
    RequestObject,
    build_request,
    build_vp_token,
    encode_error,
    encode_response,
    parse_form,
    parse_payload,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
NONCE = "abcdefghijklmnopqrstuv"
DCQL = {
    "credentials": [
        {
            "id": "a",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["https://passport.example/vct/AllergySummary/1"]},
        }
    ]
}
QUERY = Query.parse(DCQL)
CLIENT_ID = "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"


def request(**changes):
    _, jwk = generate_encryption_key("k1")
    claims = build_request(
        client_id=CLIENT_ID,
        response_uri="https://desk.example/oid4vp/responses/1",
        nonce=NONCE,
        state="s" * 22,
        query=DCQL,
        encryption_jwk=jwk,
        registration="eyJ.e30.x",
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
    )
    claims |= changes
    return {name: value for name, value in claims.items() if value is not ...}


def refused(action, *arguments, **named):
    with pytest.raises(PassportError) as caught:
        action(*arguments, **named)
    return caught.value.code


# -- links ----------------------------------------------------------------------------------


def test_a_link_is_read_as_it_was_written():
    link = RequestLink(CLIENT_ID, "https://desk.example/oid4vp/requests/abc", "post")
    assert RequestLink.parse(link.text()) == link
    assert RequestLink.parse(f"  {link.text(scheme='haip-vp')}\n") == link


def test_a_request_may_stand_in_the_link_itself():
    link = RequestLink(CLIENT_ID, "", request="eyJh." + "e" * 40_000 + ".e")
    assert RequestLink.parse(link.text()) == link


@pytest.mark.parametrize("host", ["wallet.example", "wallet.example/share", "wallet.example:8443"])
def test_a_universal_link_is_read_by_its_parameters_alone(host):
    link = RequestLink(CLIENT_ID, "https://desk.example/oid4vp/requests/abc")
    universal = link.text().replace("openid4vp://", f"https://{host}")
    assert RequestLink.parse(universal) == link


def test_a_link_stays_small_enough_for_the_screen():
    link = RequestLink(CLIENT_ID, "https://desk.localhost:8443/oid4vp/requests/" + "x" * 22)
    assert len(link.text()) <= 165


LINKS = [
    ("no-request", "openid4vp://?client_id=x509_hash:a&nonce=1", "request.unsigned"),
    ("both", "openid4vp://?client_id=a&request_uri=https://x&request=e", "request.link"),
    ("nobody", "openid4vp://?request_uri=https://x", "request.client_id"),
    (
        "method",
        "openid4vp://?client_id=a&request_uri=x&request_uri_method=PUT",
        "request.uri_method",
    ),
    ("twice", "openid4vp://?client_id=a&client_id=b&request_uri=x", "request.link"),
    ("scheme", "http://x.example/?client_id=a&request_uri=x", "request.link"),
    ("script", "javascript://x.example/?client_id=a&request_uri=x", "request.link"),
    ("any page", "https://x.example/?q=1", "request.link"),
    ("nowhere", "https:///?client_id=a&request_uri=x", "request.link"),
    (
        "method of nothing",
        "openid4vp://?client_id=a&request=e.e.e&request_uri_method=post",
        "request.link",
    ),
    ("long by value", "openid4vp://?client_id=a&request=" + "x" * 262_144, "request.link"),
    ("no query", "openid4vp://", "request.unsigned"),
    ("bytes", "openid4vp://?client_id=%ff&request_uri=x", "request.link"),
    ("long", "openid4vp://?client_id=a&request_uri=" + "x" * 5000, "request.link"),
    ("bracket", "openid4vp://[?client_id=a", "request.link"),
]


@pytest.mark.parametrize(("text", "code"), [r[1:] for r in LINKS], ids=[r[0] for r in LINKS])
def test_a_malformed_link_is_refused(text, code):
    assert refused(RequestLink.parse, text) == code


@given(st.text(max_size=80))
def test_any_text_is_a_link_or_refused(text):
    assert refused(RequestLink.parse, "openid4vp://?x=" + text).startswith("request.")


def test_vpq_017_parameters_beside_the_signed_request_are_not_looked_at():
    plain = RequestLink(CLIENT_ID, "https://desk.example/oid4vp/requests/abc")
    more = plain.text() + "&nonce=other&response_uri=https://evil.example&dcql_query=%7B%7D"
    assert RequestLink.parse(more) == plain


# -- request objects ------------------------------------------------------------------------


def test_our_own_request_is_read_back():
    found = RequestObject.parse(request())
    assert found.nonce == NONCE
    assert found.query == QUERY
    assert found.key.encryption == "A256GCM"
    assert found.registrations == ("eyJ.e30.x",)
    assert found.response_host == "desk.example"
    assert found.expires_at == NOW + timedelta(minutes=5)


@pytest.mark.shared
def test_our_verifier_info_fits_the_schema_of_the_certification_suite():
    schema = json.loads(shared("vectors", "oidf-schemas", "verifier_info.json").read_text())
    jsonschema.validate({"verifier_info": request()["verifier_info"]}, schema)


@pytest.mark.shared
def test_our_metadata_names_what_the_published_example_names():
    path = shared("vectors", "openid4vp", "1.0", "client_metadata")
    example = parse_json_object((path / "sd_jwt_vc_verifier_metadata.json").read_bytes())
    own = request()["client_metadata"]["vp_formats_supported"]["dc+sd-jwt"]
    assert own.keys() == example["vp_formats_supported"]["dc+sd-jwt"].keys()


def metadata(**changes):
    claims = request()["client_metadata"] | changes
    return {name: value for name, value in claims.items() if value is not ...}


REFUSED = [
    ("vpq-007-missing", {"nonce": ...}, "request.nonce"),
    ("vpq-007-short", {"nonce": "n-0S6_WzA2Mj"}, "request.nonce"),
    ("vpq-007-characters", {"nonce": "a" * 22 + "+"}, "request.nonce"),
    ("vpq-007-newline", {"nonce": "a" * 22 + "\n"}, "request.nonce"),
    ("vpq-007-number", {"nonce": 1}, "request.nonce"),
    ("vpq-007-long", {"nonce": "a" * 513}, "request.nonce"),
    ("vpq-008", {"redirect_uri": "https://desk.example/cb"}, "invalid_request"),
    ("vpq-012", {"transaction_data": ["e30"]}, "invalid_transaction_data"),
    ("vpq-012-empty", {"transaction_data": []}, "invalid_transaction_data"),
    ("scope", {"scope": "x"}, "invalid_request"),
    ("response type", {"response_type": "code"}, "invalid_request"),
    ("nested request", {"request_uri": "https://x"}, "invalid_request"),
    ("plain answer", {"response_mode": "direct_post"}, "request.response_mode"),
    ("fragment", {"response_mode": "fragment"}, "request.response_mode"),
    ("vpq-029-audience", {"aud": "https://other.example"}, "request.time"),
    ("vpq-029-audience-missing", {"aud": ...}, "request.time"),
    ("vpq-029-exp-text", {"exp": "soon"}, "request.time"),
    ("vpq-009-http", {"response_uri": "http://desk.example/x"}, "request.response_uri"),
    ("vpq-009-user", {"response_uri": "https://a@desk.example/x"}, "request.response_uri"),
    ("vpq-009-missing", {"response_uri": ...}, "request.response_uri"),
    ("vpq-009-port", {"response_uri": "https://desk.example:x/"}, "request.response_uri"),
    ("state", {"state": "a b"}, "request.format"),
    ("no query", {"dcql_query": ...}, "request.dcql"),
    ("vpq-028", {"dcql_query": {"credentials": []}}, "request.dcql"),
    ("no metadata", {"client_metadata": ...}, "request.client_metadata"),
    (
        "no formats",
        {"client_metadata": metadata(vp_formats_supported=...)},
        "request.client_metadata",
    ),
    (
        "other formats",
        {"client_metadata": metadata(vp_formats_supported={"mso_mdoc": {}})},
        "request.client_metadata",
    ),
    ("no keys", {"client_metadata": metadata(jwks=...)}, "request.encryption"),
    ("empty keys", {"client_metadata": metadata(jwks={"keys": []})}, "request.encryption"),
    (
        "other encryption",
        {"client_metadata": metadata(encrypted_response_enc_values_supported=["A128CBC-HS256"])},
        "request.encryption",
    ),
    ("verifier_info", {"verifier_info": []}, "request.format"),
    ("client_id", {"client_id": 1}, "request.format"),
    ("wallet_nonce", {"wallet_nonce": 1}, "request.format"),
]


@pytest.mark.parametrize(("changes", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_request_that_must_not_be_answered_is_refused(changes, code):
    assert refused(RequestObject.parse, request(**changes)) == code


def test_vpq_023_unusable_keys_beside_a_usable_one_are_ignored():
    good = request()["client_metadata"]["jwks"]["keys"][0]
    bad = [
        good | {"use": "sig"},
        good | {"alg": "RSA-OAEP-256"},
        good | {"x": good["y"]},
        {name: value for name, value in good.items() if name != "kid"},
        {"kty": "OKP", "crv": "X25519", "kid": "o", "alg": "ECDH-ES", "x": "AAAA"},
        "no key",
    ]
    found = RequestObject.parse(
        request(client_metadata=metadata(jwks={"keys": [*bad, good | {"kid": "good"}]}))
    )
    assert found.key.kid == "good"


def unbound(format_="dc+sd-jwt"):
    meta = {"vct_values": ["v"]} if format_ == "dc+sd-jwt" else {"type_values": [["v"]]}
    row = {"id": "a", "format": format_, "meta": meta}
    return {"credentials": [row | {"require_cryptographic_holder_binding": False}]}


def test_what_needs_no_holder_binding_needs_state():
    assert RequestObject.parse(request(dcql_query=unbound(), state="s" * 22))
    assert refused(RequestObject.parse, request(dcql_query=unbound(), state=...)) == (
        "invalid_request"
    )


def test_a_w3c_record_is_never_asked_for_without_its_holders_key():
    changed = metadata(vp_formats_supported={"ldp_vc": {}})
    made = request(dcql_query=unbound("ldp_vc"), client_metadata=changed)
    assert refused(RequestObject.parse, made) == "request.dcql"


def test_without_a_list_of_encryptions_the_default_is_meant():
    changed = metadata(encrypted_response_enc_values_supported=...)
    assert RequestObject.parse(request(client_metadata=changed)).key.encryption == "A128GCM"


def test_other_attestations_and_unknown_parameters_are_ignored():
    rows = [
        {"format": "other", "data": {}},
        {"format": "jwt", "data": "a.b.c", "credential_ids": ["a"]},
    ]
    found = RequestObject.parse(request(verifier_info=rows, iss="https://ignored", x=1))
    assert found.registrations == ()


# -- responses ------------------------------------------------------------------------------

JWE = "eyJh.e.e.e.e"


def test_an_encrypted_answer_is_read():
    assert parse_form(encode_response(JWE)) == EncryptedResponse(JWE)


def test_an_error_is_read_with_its_state():
    assert parse_form(encode_error("access_denied", state="s")) == ErrorResponse(
        "access_denied", "s"
    )


FORMS = [
    ("vpr-014", b"vp_token=%7B%7D&state=s", "vp.not_encrypted"),
    ("vpr-018-jws", b"response=eyJh.e.e", "vp.format"),
    ("vpr-018-text", b"response=hello", "vp.format"),
    ("vpr-018-characters", b"response=a.b.c.d.%20", "vp.format"),
    ("both", b"response=a.b.c.d.e&vp_token=x", "vp.format"),
    ("empty", b"", "vp.format"),
    ("nothing of it", b"x=1", "vp.format"),
    ("twice", b"response=a.b.c.d.e&response=a.b.c.d.e", "vp.format"),
    ("json", b'{"response": "a.b.c.d.e"}', "vp.format"),
    ("bytes", b"response=%ff", "vp.format"),
    ("not ascii", "response=\u00e9".encode(), "vp.format"),
    ("error with quotes", b"error=%22", "vp.format"),
    ("vpr-025-members", b"a=1&" * 1_000_000, "limit.size"),
    ("vpr-025-size", b"response=" + b"a" * 1_048_576, "limit.size"),
]


@pytest.mark.parametrize(("body", "code"), [r[1:] for r in FORMS], ids=[r[0] for r in FORMS])
def test_a_malformed_form_is_refused(body, code):
    assert refused(parse_form, body) == code


PAYLOADS = [
    ("vpr-013-empty", b'{"vp_token": {}}', "vp.format"),
    ("vpr-013-array", b'{"vp_token": []}', "vp.format"),
    ("vpr-013-text", b'{"vp_token": "x"}', "vp.format"),
    ("vpr-013-null", b'{"vp_token": null}', "vp.format"),
    ("vpr-013-missing", b"{}", "vp.format"),
    ("vpr-013-not-an-array", b'{"vp_token": {"a": "x"}}', "vp.format"),
    ("vpr-013-empty-array", b'{"vp_token": {"a": []}}', "vp.format"),
    ("vpr-013-object", b'{"vp_token": {"a": [{}]}}', "vp.format"),
    ("vpr-013-empty-text", b'{"vp_token": {"a": [""]}}', "vp.format"),
    ("vpr-006", b'{"vp_token": {"zzz": ["x"]}}', "dcql.unknown_id"),
    ("vpr-018-jws-inside", b"eyJh.e.e", "vp.format"),
    ("twice", b'{"vp_token": {"a": ["x"]}, "vp_token": {"a": ["y"]}}', "vp.format"),
    ("state", b'{"vp_token": {"a": ["x"]}, "state": 1}', "vp.format"),
    ("deep", b'{"vp_token": ' + b"[" * 40 + b"]" * 40 + b"}", "vp.format"),
]


@pytest.mark.parametrize(
    ("payload", "code"), [r[1:] for r in PAYLOADS], ids=[r[0] for r in PAYLOADS]
)
def test_a_malformed_answer_is_refused(payload, code):
    assert refused(parse_payload, payload, query=QUERY) == code


def test_an_answer_is_read_as_it_was_built():
    presentation = Presentation({"a": (Credential("dc+sd-jwt", "x~y~"),)})
    found = parse_payload(build_vp_token(presentation, state="s"), query=QUERY)
    assert (found.presentation, found.state) == (presentation, "s")


def test_an_encrypted_error_is_an_error():
    assert parse_payload(b'{"error": "access_denied"}', query=QUERY) == ErrorResponse(
        "access_denied", None
    )


@given(st.binary(max_size=60))
def test_any_bytes_are_a_form_or_refused(body):
    try:
        parse_form(b"response=" + quote(body).encode())
    except PassportError as error:
        code = error.code
    else:
        code = "vp.format"
    assert code == "vp.format"
