"""Tokens for record systems: who proves who they are gets one, for what they may do."""

from __future__ import annotations

import base64
import json

import pytest
from api_world import FORM, System, code, later
from simulated_issuer import ISS, Site, Wallet

from healthpassport.errors import PassportError
from healthpassport.keys import generate_signer
from issuer.service.api_clients import add_client, end_client, set_scopes
from issuer.service.scopes import Scope

READ = frozenset({Scope.OFFERS_READ, Scope.STATUS_READ})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    changes = {"requests_per_second": 1e6, "request_burst": 10**6}
    return Site(tmp_path_factory.mktemp("tokens"), changes)


@pytest.fixture(scope="module")
def epr(site):
    return System(site, "epr", READ)


@pytest.fixture(scope="module")
def keyed(site):
    return System(site, "keyed", READ, keyed=True)


@pytest.fixture(autouse=True)
def _fresh_tries(site):
    site.app.state.door.wrong._buckets.clear()


def oauth(answer):
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["help"]
    return answer.status, body["error"]


def test_a_secret_gives_a_token_for_all_that_the_client_may_do(site, epr):
    answer = epr.ask_token()
    told = answer.json()
    assert answer.status == 200
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    assert told["scope"] == "offers:read status:read"
    assert "refresh_token" not in told
    assert told["access_token"] not in site.files().decode("latin-1")
    assert epr.secret not in site.files().decode("latin-1")


def test_a_signed_assertion_gives_a_token(keyed):
    assert keyed.ask_token().status == 200
    assert keyed.ask_token(client_id="keyed").status == 200
    other = keyed.assertion(aud=ISS + "/clients", header={"typ": "client-authentication+jwt"})
    assert keyed.ask_token(assertion=other).status == 200


def test_less_can_be_asked_for_and_nothing_more(site, epr):
    assert epr.ask_token(scope="offers:read").json()["scope"] == "offers:read"
    for scope in ("offers:create", "offers:read offers:create", "everything", "offers:read ", " "):
        assert oauth(epr.ask_token(scope=scope)) == (400, "invalid_scope"), scope
    nothing = System(site, "nothing", frozenset())
    assert oauth(nothing.ask_token()) == (400, "invalid_scope")


def test_a_token_ends_after_ten_minutes(site, epr):
    system = epr.enter()
    assert system.call("GET", "/offers").status == 200
    later(site, minutes=10)
    assert code(system.call("GET", "/offers")) == (401, "api.invalid_token")


def test_a_wrong_name_or_secret_is_refused_alike(epr):
    wrong = [
        epr.ask_token(headers=epr.basic(secret="hps_" + "A" * 43)),
        epr.ask_token(headers=epr.basic(name="nobody")),
        epr.ask_token(headers=epr.basic(name="keyed")),
        epr.ask_token(headers={"authorization": "Basic !!"}),
        epr.ask_token(headers={"authorization": "Basic " + base64.b64encode(b"\xff:").decode()}),
        epr.ask_token(headers={"authorization": "Bearer x"}),
        epr.ask_token(headers={}),
    ]
    assert {oauth(answer) for answer in wrong} == {(401, "invalid_client")}
    assert len({answer.body for answer in wrong}) == 1
    assert wrong[0].headers["www-authenticate"].startswith("Basic ")
    assert "www-authenticate" not in wrong[-1].headers


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example/token"},
        {"aud": ISS},
        {"aud": ISS + "/token"},
        {"aud": [ISS + "/clients/token"]},
        {"aud": None},
        {"iss": "epr"},
        {"sub": "epr"},
        {"iss": "nobody", "sub": "nobody"},
        {"iss": None, "sub": None},
        {"sub": 1, "iss": 1},
        {"exp": None},
        {"exp": 1},
        {"exp": 10**11},
        {"exp": True},
        {"nbf": 10**10},
        {"iat": 10**10},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 257},
        {"jti": 7},
        {"header": {"typ": "dpop+jwt"}},
        {"header": {"typ": {"a": 1}}},
        {"header": {"kid": "another"}},
        {"header": {"crit": ["b64"]}},
        {"header": {"jku": "https://evil.example/"}},
        {"signer": generate_signer()},
        {"signer": generate_signer("EdDSA")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_assertion_that_proves_nothing_is_refused(site, keyed, changes):
    assert oauth(keyed.ask_token(assertion=keyed.assertion(**changes))) == (401, "invalid_client")


@pytest.mark.parametrize("text", ["x", "a.b.c", "e30.e30.", "..", "A" * 9000])
def test_what_is_no_assertion_is_refused(keyed, text):
    assert oauth(keyed.ask_token(assertion=text)) == (401, "invalid_client")


def test_an_unsigned_or_symmetric_assertion_is_refused(keyed):
    head, body, mac = keyed.assertion().split(".")
    for algorithm in ("none", "HS256", "ES256K", "RS256"):
        other = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=")
        for end in (mac, ""):
            forged = f"{other.decode()}.{body}.{end}"
            assert oauth(keyed.ask_token(assertion=forged)) == (401, "invalid_client")
    assert head


def test_an_assertion_is_good_once(keyed):
    assertion = keyed.assertion()
    assert keyed.ask_token(assertion=assertion).status == 200
    assert oauth(keyed.ask_token(assertion=assertion)) == (401, "invalid_client")


def test_a_key_of_a_wallet_or_of_another_client_proves_nothing(site, keyed):
    other = System(site, "keyed-too", READ, keyed=True)
    assert oauth(keyed.ask_token(assertion=keyed.assertion(signer=other.signer)))[0] == 401
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    answer = keyed.call("GET", "/offers", headers={"authorization": f"Bearer {wallet.token}"})
    assert code(answer) == (401, "http.unauthorized")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"grant_type=", "invalid_request"),
        (b"grant_type=password", "unsupported_grant_type"),
        (b"grant_type=authorization_code&code=x", "unsupported_grant_type"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (b"grant_type=client_credentials&scope=a&scope=a", "invalid_request"),
        (b"grant_type=client_credentials&client_secret=x", "invalid_request"),
        (b"grant_type=client_credentials&client_assertion=x", "invalid_request"),
        (b"grant_type=client_credentials&client_assertion_type=x", "invalid_request"),
        (b"grant_type=client_credentials&x=%ff", "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(40)), "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b'{"grant_type":"client_credentials"}', "invalid_request"),
    ],
)
def test_a_malformed_request_is_refused(epr, body, error):
    assert oauth(epr.ask_token(body=body)) == (400, error)


def test_a_body_of_another_kind_is_refused(epr):
    headers = epr.basic() | {"content-type": "application/json"}
    assert oauth(epr.ask_token(headers=headers)) == (400, "invalid_request")


def test_two_ways_of_proving_at_once_are_refused(keyed):
    answer = keyed.ask_token(headers=keyed.basic(secret="x"), assertion=keyed.assertion())
    assert oauth(answer) == (400, "invalid_request")
    answer = keyed.ask_token(client_id="epr")
    assert oauth(answer) == (401, "invalid_client")


def test_htt_019_trying_secrets_out_is_slowed(site, epr):
    answers = [
        epr.ask_token(headers=epr.basic(secret=f"guess-{n}"), host="192.0.2.77") for n in range(23)
    ]
    assert [answer.status for answer in answers] == [401] * 20 + [429] * 3
    assert answers[-1].headers["retry-after"]
    assert epr.ask_token(host="192.0.2.77").status == 200


def test_a_token_of_a_key_is_good_with_that_key_alone(site):
    bound = System(site, "bound", READ)
    bound.dpop_key = generate_signer()
    assert bound.ask_token().json()["token_type"] == "DPoP"
    bound.enter()
    assert bound.call("GET", "/offers").status == 200
    token = bound.token
    stolen = {
        "as bearer": {"authorization": f"Bearer {token}"},
        "without proof": {"authorization": f"DPoP {token}"},
        "another key": {
            "authorization": f"DPoP {token}",
            "dpop": bound.proof("/offers", method="GET", token=token, signer=generate_signer()),
        },
        "another path": {
            "authorization": f"DPoP {token}",
            "dpop": bound.proof("/issuances", method="GET", token=token),
        },
        "another method": {
            "authorization": f"DPoP {token}",
            "dpop": bound.proof("/offers", method="POST", token=token),
        },
        "no token in it": {
            "authorization": f"DPoP {token}",
            "dpop": bound.proof("/offers", method="GET"),
        },
    }
    for what, headers in stolen.items():
        answer = bound.call("GET", "/offers", headers=headers)
        assert answer.status == 401, what
        assert answer.headers["www-authenticate"], what
    proof = bound.proof("/offers", method="GET", token=token)
    twice = {"authorization": f"DPoP {token}", "dpop": proof}
    assert bound.call("GET", "/offers", headers=twice).status == 200
    assert bound.call("GET", "/offers", headers=twice).status == 401


def test_a_client_that_must_bind_its_tokens_gets_no_other(site):
    system = System(site, "must-bind", READ, dpop=True)
    assert oauth(system.ask_token()) == (400, "invalid_dpop_proof")
    system.dpop_key = generate_signer()
    assert system.ask_token().status == 200
    wrong = {**system.basic(), "dpop": system.proof("/token")}
    assert oauth(system.ask_token(headers=wrong)) == (400, "invalid_dpop_proof")


def test_a_bearer_token_is_not_taken_as_dpop(site, epr):
    epr.enter()
    headers = {"authorization": f"DPoP {epr.token}"}
    assert code(epr.call("GET", "/offers", headers=headers)) == (401, "api.invalid_token")


@pytest.mark.parametrize("token", ["hpt_", "hpt_x", "hpt_" + "A" * 43, "hpt_" + "A" * 400, "hpt_é"])
def test_a_token_that_was_never_given_is_refused(epr, token):
    answer = epr.call("GET", "/offers", headers={"authorization": f"Bearer {token}"})
    assert code(answer) == (401, "api.invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_new_secret_counts_beside_the_old_one_until_the_overlap_is_over(site):
    system = System(site, "rotating", READ)
    old = system.basic()
    again = add_client(site.issuer, name="rotating", scopes=(), overlap_days=2)
    new = system.basic(secret=again.secret)
    assert again.client.scopes == "offers:read status:read"
    assert [system.ask_token(headers=one).status for one in (old, new)] == [200, 200]
    later(site, days=2)
    assert [system.ask_token(headers=one).status for one in (old, new)] == [401, 200]


def test_scopes_that_are_taken_away_are_gone_at_once(site):
    system = System(site, "narrowed", READ).enter()
    set_scopes(site.issuer, name="narrowed", scopes=[Scope.STATUS_READ])
    assert code(system.call("GET", "/offers")) == (403, "api.insufficient_scope")
    assert system.call("GET", "/issuances").status == 200
    set_scopes(site.issuer, name="narrowed", scopes=[Scope.STATUS_READ, Scope.STATUS_CHANGE])
    assert code(system.call("POST", "/issuances/x/status"))[0] == 403  # the token was for less


def test_the_end_of_a_client_ends_its_tokens_and_its_name(site):
    system = System(site, "ending", READ).enter()
    assert end_client(site.issuer, name="ending").ended_at is not None
    assert code(system.call("GET", "/offers")) == (401, "api.invalid_token")
    assert oauth(system.ask_token()) == (401, "invalid_client")
    for act in (
        lambda: add_client(site.issuer, name="ending", scopes=()),
        lambda: set_scopes(site.issuer, name="ending", scopes=()),
    ):
        with pytest.raises(PassportError) as caught:
            act()
        assert caught.value.code == "api.client_ended"
    end_client(site.issuer, name="ending")


@pytest.mark.parametrize("name", ["", "A", "x", "-a", "a-", "a b", "patient-sign-in", "staff", "é"])
def test_a_name_that_the_issuer_keeps_or_nobody_can_have_is_refused(site, name):
    with pytest.raises(PassportError) as caught:
        add_client(site.issuer, name=name, scopes=())
    assert caught.value.code == "api.client_name"


SYMMETRIC = {"kty": "oct", "k": "AAAA"}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        {},
        {"keys": []},
        {"keys": "x"},
        SYMMETRIC,
        generate_signer().private_jwk(),
        {"keys": [generate_signer().public_key.jwk() for _ in range(5)]},
    ],
)
def test_what_is_no_public_key_is_refused(site, value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(PassportError) as caught:
        add_client(site.issuer, name="no-key", scopes=(), jwks=data)
    assert caught.value.code == "api.client_key"


def test_the_metadata_names_this_token_endpoint_alone(site):
    answer = site.call("GET", "/.well-known/oauth-authorization-server/clients")
    told = answer.json()
    assert told["token_endpoint"] == ISS + "/clients/token"
    assert told["issuer"] == ISS + "/clients"
    assert set(told["scopes_supported"]) == {scope.value for scope in Scope}
    wallets = site.call("GET", "/.well-known/oauth-authorization-server").json()
    assert wallets["token_endpoint"] != told["token_endpoint"]


def test_a_wallets_grant_is_not_given_here_and_a_clients_not_there(site, epr):
    form = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code"
    assert oauth(epr.ask_token(body=form)) == (400, "unsupported_grant_type")
    headers = {"content-type": FORM, **epr.basic()}
    there = site.call("POST", "/token", body=b"grant_type=client_credentials", headers=headers)
    assert there.status == 400


def test_a_token_needs_random_bits_enough(site, epr):
    given = {epr.ask_token().json()["access_token"] for _ in range(3)}
    assert len(given) == 3
    assert all(len(one) == len("hpt_") + 43 for one in given)
