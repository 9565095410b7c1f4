"""OpenID Connect messages one by one: keys, algorithms, addresses, client authentication."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.encoding import b64_decode, b64url_encode
from healthpassport.errors import PassportError
from healthpassport.fetch import HttpResponse
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.protocols import oidc
from healthpassport.protocols.oidc import ClientAuthentication, ClientCredentials

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ISSUER = "https://login.example/realm"
CLIENT = "the-desk"
PROVIDER = oidc.ProviderMetadata(
    ISSUER, "https://login.example/auth?realm=a", "https://login.example/token", "https://x/jwks"
)


def code_of(action, *arguments, **named):
    with pytest.raises(PassportError) as caught:
        action(*arguments, **named)
    return caught.value.code


def number(value):
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk_of(key, **more):
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), "kid": "r", **more}


def keys(*listed):
    return oidc.read_jwks(json.dumps({"keys": listed}).encode())


def token_of(key, algorithm, **changes):
    claims = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "n-1",
        "nonce": "n",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        **changes,
    }
    head = b64url_encode(json.dumps({"alg": algorithm, "kid": "r"}).encode())
    text = f"{head}.{b64url_encode(json.dumps(claims).encode())}"
    scheme = (
        padding.PKCS1v15()
        if algorithm == "RS256"
        else padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
    )
    return f"{text}.{b64url_encode(key.sign(text.encode(), scheme, SHA256()))}"


def verified(token, known, **changes):
    expected = {
        "expected_issuer": ISSUER,
        "expected_client_id": CLIENT,
        "expected_nonce": "n",
        "access_token": "at",
        "now": NOW,
    }
    return oidc.verify_id_token(token, keys=known, **expected | changes)


# -- RSA, which signs people in and no record --------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_an_id_token_may_be_signed_with_rsa(key, algorithm):
    found = verified(token_of(key, algorithm), keys(jwk_of(key)))
    assert found.subject == "n-1"


def test_a_key_for_one_algorithm_checks_no_other(key):
    known = keys(jwk_of(key, alg="RS256"))
    assert code_of(verified, token_of(key, "PS256"), known) == "oidc.key_unknown"


def test_a_changed_signature_or_claim_is_refused(key):
    known = keys(jwk_of(key))
    head, body, signature = token_of(key, "RS256").split(".")
    other = token_of(key, "RS256", sub="another").split(".")[1]
    assert code_of(verified, f"{head}.{other}.{signature}", known) == "jws.signature"
    assert code_of(verified, f"{head}.{body}.{signature[:-4]}AAAA", known) == "jws.signature"


@pytest.mark.parametrize(
    "change",
    [
        {"n": number((1 << 1023) + 1)},
        {"n": number((1 << 9000) + 1)},
        {"e": "Aw"},  # 3
        {"e": number(65538)},
        {"e": number(2**40 + 1)},
        {"n": 7},
        {"n": "not base64url!"},
        {"use": "enc"},
        {"alg": "RS1"},
        {"kid": 7},
    ],
)
def test_an_rsa_key_that_is_weak_or_odd_is_passed_over(key, change):
    assert code_of(keys, jwk_of(key) | change) == "oidc.jwks"


def test_without_a_name_only_a_single_key_that_fits_is_used(key):
    signer = generate_signer()
    token = jws.sign(header={}, payload={"iss": ISSUER}, signer=signer)
    one = {**signer.public_key.jwk(), "kid": "a"}
    two = {**generate_signer().public_key.jwk(), "kid": "b"}
    assert code_of(verified, token, keys(one, jwk_of(key))) != "oidc.key_unknown"
    assert code_of(verified, token, keys(one, two)) == "oidc.key_unknown"


def test_the_algorithm_is_the_callers_and_never_the_tokens(key):
    known = keys(jwk_of(key))
    only = {"expected_algorithms": ("ES256",)}
    assert code_of(verified, token_of(key, "RS256"), known, **only) == "jws.alg_not_allowed"


def test_a_level_may_stand_in_another_claim(key):
    token = token_of(key, "RS256", authentication_assurance_level="3")
    wanted = {"expected_acrs": ("3",), "acr_claim": "authentication_assurance_level"}
    assert verified(token, keys(jwk_of(key)), **wanted).acr == "3"
    assert code_of(verified, token, keys(jwk_of(key)), expected_acrs=("3",)) == "oidc.acr"


# -- addresses --------------------------------------------------------------------------------


def test_what_an_address_has_already_stays():
    url = oidc.authorization_url(
        PROVIDER, client_id=CLIENT, redirect_uri="http://l/cb", state="s", nonce="n", verifier="v"
    )
    told = dict(parse_qsl(urlsplit(url).query))
    assert told["realm"] == "a"
    assert told["scope"] == "openid"
    assert "acr_values" not in told


def test_the_challenge_is_that_of_the_specification():
    # RFC 7636 appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert oidc.code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_provider_without_an_end_of_session_has_no_address_for_it():
    assert oidc.sign_out_url(PROVIDER, client_id=CLIENT, return_to="http://l/out") is None


# -- client authentication ---------------------------------------------------------------------


def asked(client):
    return oidc.token_request(
        PROVIDER.token_endpoint,
        code="c",
        verifier="v",
        redirect_uri="http://l/cb",
        client=client,
        now=NOW,
        jti="j",
    )


def test_a_secret_goes_into_the_header_form_encoded_and_nowhere_else():
    found = asked(ClientCredentials("a b", ClientAuthentication.BASIC, secret="s:/ä"))
    told = b64_decode(found.headers["Authorization"].removeprefix("Basic "))
    assert told == b"a+b:s%3A%2F%C3%A4"
    assert b"secret" not in found.body
    assert "client_id" not in parse_qs(found.body.decode())
    assert "s:/" not in repr(ClientCredentials("a", ClientAuthentication.BASIC, secret="s:/"))


def test_a_secret_may_go_into_the_body_and_a_public_client_has_none():
    by_post = asked(ClientCredentials(CLIENT, ClientAuthentication.POST, secret="x"))
    assert parse_qs(by_post.body.decode())["client_secret"] == ["x"]
    public = asked(ClientCredentials(CLIENT))
    assert "client_secret" not in parse_qs(public.body.decode())
    assert "Authorization" not in public.headers


def test_a_signed_assertion_is_for_one_audience_and_a_minute():
    signer = generate_signer()
    client = ClientCredentials(
        CLIENT, ClientAuthentication.PRIVATE_KEY, signer=signer, audience=ISSUER
    )
    token = parse_qs(asked(client).body.decode())["client_assertion"][0]
    found = jws.verify(
        token, key=signer.public_key, expected_typ="JWT", expected_algorithms=("ES256",)
    )
    assert found.claims["aud"] == ISSUER
    assert found.claims["iss"] == found.claims["sub"] == CLIENT
    assert found.claims["exp"] - found.claims["iat"] == 60
    nameless = ClientCredentials(CLIENT, ClientAuthentication.PRIVATE_KEY, audience=ISSUER)
    assert code_of(asked, nameless) == "oidc.client"


# -- whatever comes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"error":"invalid_grant"}', "oidc.code"),
        (401, b'{"error":"invalid_client"}', "oidc.client"),
        (500, b"{}", "oidc.token_answer"),
        (200, b"[]", "oidc.token_answer"),
        (200, b"<html>", "oidc.token_answer"),
        (200, b'{"id_token":"a","id_token":"b"}', "oidc.token_answer"),
    ],
)
def test_a_token_answer_that_is_none_is_refused(status, body, code):
    assert code_of(oidc.read_token_answer, HttpResponse(status, {}, body)) == code


@given(
    st.one_of(st.binary(max_size=64), st.from_regex(r'\{"(keys|issuer)":.{0,40}\}').map(str.encode))
)
@settings(max_examples=60, deadline=None)
def test_bytes_of_any_kind_are_refused_in_our_words(body):
    for read in (
        oidc.read_jwks,
        lambda data: oidc.read_metadata(data, expected_issuer=ISSUER),
        lambda data: oidc.read_token_answer(HttpResponse(200, {}, data)),
    ):
        with pytest.raises(PassportError):
            read(body)


@given(st.lists(st.tuples(st.sampled_from(["code", "state", "iss", "error"]), st.text(max_size=8))))
@settings(max_examples=60, deadline=None)
def test_an_answer_of_any_kind_is_a_code_for_this_provider_or_refused(parameters):
    try:
        found = oidc.read_callback(parameters, expected_issuer=ISSUER, issuer_required=False)
    except PassportError:
        return
    assert found.code
    assert dict(parameters).get("iss", ISSUER) == ISSUER
