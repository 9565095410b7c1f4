"""A wallet's provider vouches for it: at the request, at the token and when it comes back."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from sign_in_world import FORM, WALLET, Asking, SignInSite, returned
from simulated_ca import make, usage
from simulated_issuer import Wallet, refused

from healthpassport.encoding import b64_encode
from healthpassport.errors import ProtocolError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.keys.signer import signer_from_library
from healthpassport.protocols import oid4vci
from healthpassport.protocols.oid4vci import parse_pushed_request
from healthpassport.protocols.oid4vci.wallet_attestation import (
    CHALLENGE_HEADER,
    HEADER,
    POP_HEADER,
    POP_TYP,
    TYP,
)

PROVIDER = "https://wallets.example"
NOT_REGISTERED = "uk.example.new-wallet:/back"


class Attested(Asking):
    """A wallet with an attestation; each part can be bent by a test."""

    provider = None
    instance = None

    def attestation(self, *, signer=None, header=None, **changes):
        now = int(self.site.now.timestamp())
        told = {
            "iss": PROVIDER,
            "sub": self.client,
            "exp": now + 3600,
            "cnf": {"jwk": self.instance.public_key.jwk()},
            "wallet_name": "An attested wallet",
        }
        told = {k: v for k, v in (told | changes).items() if v is not None}
        sent = {"typ": TYP, "kid": "provider-1"} | (header or {})
        sent = {k: v for k, v in sent.items() if v is not None}
        return jws.sign(header=sent, payload=told, signer=signer or self.provider)

    def pop(self, *, signer=None, typ=POP_TYP, **changes):
        told = {
            "iss": self.client,
            "aud": self.iss,
            "jti": secrets.token_hex(16),
            "iat": int(self.site.now.timestamp()),
        }
        told = {k: v for k, v in (told | changes).items() if v is not None}
        return jws.sign(header={"typ": typ}, payload=told, signer=signer or self.instance)

    def headers(self, attestation=None, pop=None):
        return [(HEADER, attestation or self.attestation()), (POP_HEADER, pop or self.pop())]

    def redeem(self, code, *, headers=None, **changes):
        sent = [("dpop", self.dpop("/token")), *self.headers()] if headers is None else headers
        return super().redeem(code, headers=sent, **changes)


def attested(site, **changes):
    wallet = Attested(site, **changes)
    wallet.provider, wallet.instance = site.provider, generate_signer()
    return wallet


def authority(name):
    return make(name, ca=True, host=None, purposes=(), key_usage=usage(certificates=True))


def under(root):
    """A provider's key, and its chain below ``root`` as a header holds it."""
    leaf = make("provider", root, host="wallets.example", key_usage=usage())
    return signer_from_library(leaf.key), [b64_encode(leaf.der)]


class AttestingSite(SignInSite):
    """A site that trusts one provider of wallets by its key, and one by its certificate."""

    def __init__(self, folder, changes=None, **more):
        self.provider = generate_signer()
        jwk = {**self.provider.public_key.jwk(), "kid": "provider-1"}
        (folder / "providers.json").write_text(json.dumps({"keys": [jwk]}))
        self.ca = authority("Wallet providers")
        (folder / "anchors.pem").write_bytes(self.ca.certificate.public_bytes(Encoding.PEM))
        values = {
            "wallet_provider_keys": folder / "providers.json",
            "wallet_provider_anchors": folder / "anchors.pem",
            "wallet_attestation": "sign_in",
        }
        super().__init__(folder, values | (changes or {}), **more)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return AttestingSite(tmp_path_factory.mktemp("attested"))


@pytest.fixture
def wallet(site):
    return attested(site)


def test_an_attested_wallet_goes_all_the_way_and_comes_back(site, wallet):
    code = wallet.code(headers=wallet.headers())
    given = wallet.redeem(code)
    assert given.status == 200, given.body
    assert wallet.collect().status == 200
    form = {"grant_type": "refresh_token", "refresh_token": given.json()["refresh_token"]}
    body = urlencode(form | {"client_id": WALLET}).encode()

    def come_back(headers):
        sent = [*FORM.items(), ("dpop", wallet.dpop("/token")), *headers]
        return site.call("POST", "/token", body=body, headers=sent)

    refused(come_back([]), "invalid_client")
    assert come_back(wallet.headers()).status == 200


def test_a_wallet_without_an_attestation_is_refused_where_the_patient_signs_in(site, wallet):
    refused(wallet.push(), "invalid_client")
    code = wallet.code(headers=wallet.headers())
    refused(wallet.redeem(code, headers=[("dpop", wallet.dpop("/token"))]), "invalid_client")
    assert wallet.redeem(code).status == 200


def test_a_pin_still_does_for_a_wallet_without_an_attestation(site):
    plain = Wallet(site, site.offer())
    assert plain.ask_token().status == 200


def test_where_it_is_always_wanted_a_pin_is_not_enough(tmp_path):
    site = AttestingSite(tmp_path, {"wallet_attestation": "always"})
    plain, vouched = Wallet(site, site.offer()), attested(site)
    refused(plain.ask_token(), "invalid_client")
    headers = dict([("dpop", plain.dpop("/token", access_token=None)), *vouched.headers()])
    assert plain.ask_token(headers=headers).status == 200
    server = site.call("GET", "/.well-known/oauth-authorization-server").json()
    assert server["token_endpoint_auth_methods_supported"] == ["attest_jwt_client_auth"]
    assert server["pre-authorized_grant_anonymous_access_supported"] is False


def test_a_chain_to_a_trusted_anchor_does_as_well(site, wallet):
    signer, chain = under(site.ca)
    told = wallet.attestation(signer=signer, header={"kid": None, "x5c": chain})
    assert wallet.push(headers=wallet.headers(told)).status == 201
    signer, chain = under(authority("Somebody else"))
    told = wallet.attestation(signer=signer, header={"kid": None, "x5c": chain})
    refused(wallet.push(headers=wallet.headers(told)), "invalid_client")


@pytest.mark.parametrize(
    ("bend", "error"),
    [
        (lambda w: w.headers(w.attestation(exp=1)), "invalid_client"),
        (lambda w: w.headers(w.attestation(exp=None)), "invalid_client"),
        (lambda w: w.headers(w.attestation(exp="soon")), "invalid_client"),
        (lambda w: w.headers(w.attestation(sub=None)), "invalid_client"),
        (lambda w: w.headers(w.attestation(sub="https://other.example")), "invalid_client"),
        (lambda w: w.headers(w.attestation(cnf=None)), "invalid_client"),
        (
            lambda w: w.headers(w.attestation(cnf={"jwk": w.instance.private_jwk()})),
            "invalid_client",
        ),
        (lambda w: w.headers(w.attestation(nbf=4_000_000_000)), "invalid_client"),
        (lambda w: w.headers(w.attestation(signer=generate_signer())), "invalid_client"),
        (lambda w: w.headers(w.attestation(header={"kid": "nobody"})), "invalid_client"),
        (lambda w: w.headers(w.attestation(header={"kid": None})), "invalid_client"),
        (lambda w: w.headers(w.attestation(header={"typ": "JWT"})), "invalid_client"),
        (lambda w: w.headers(w.attestation()[:-6] + "AAAAAA"), "invalid_client"),
        (lambda w: w.headers(None, w.pop(aud="https://other.example")), "invalid_client"),
        (lambda w: w.headers(None, w.pop(aud=[w.iss, "https://other.example"])), "invalid_client"),
        (lambda w: w.headers(None, w.pop(aud=None)), "invalid_client"),
        (lambda w: w.headers(None, w.pop(iss="https://other.example")), "invalid_client"),
        (lambda w: w.headers(None, w.pop(iat=1)), "invalid_client"),
        (lambda w: w.headers(None, w.pop(iat=None)), "invalid_client"),
        (lambda w: w.headers(None, w.pop(jti=None)), "invalid_client"),
        (lambda w: w.headers(None, w.pop(challenge="x")), "use_attestation_challenge"),
        (lambda w: w.headers(None, w.pop(typ="JWT")), "invalid_client"),
        (lambda w: w.headers(None, w.pop(signer=generate_signer())), "invalid_client"),
        (lambda w: w.headers(None, w.pop()[:-6] + "AAAAAA"), "invalid_client"),
        (lambda w: w.headers()[:1], "invalid_client"),
        (lambda w: w.headers()[1:], "invalid_client"),
        (lambda w: w.headers() * 2, "invalid_client"),
        (lambda w: [(HEADER, "x" * 20_000), (POP_HEADER, "x")], "invalid_client"),
    ],
)
def test_vci_033_an_attestation_that_is_not_right_is_refused(wallet, bend, error):
    refused(wallet.push(headers=bend(wallet)), error)


def test_vci_033_a_proof_is_good_once(wallet):
    headers = wallet.headers()
    assert wallet.push(headers=headers).status == 201
    refused(wallet.push(headers=headers), "invalid_client")


def test_a_challenge_is_answered_where_one_is_asked_for(tmp_path):
    site = AttestingSite(tmp_path, {"wallet_attestation_challenge": True})
    wallet = attested(site)
    server = site.call("GET", "/.well-known/oauth-authorization-server").json()
    assert server["challenge_endpoint"] == f"{site.settings.iss}/challenge"
    answer = wallet.push(headers=wallet.headers())
    refused(answer, "use_attestation_challenge")
    challenge = answer.headers[CHALLENGE_HEADER.lower()]
    given = wallet.push(headers=wallet.headers(None, wallet.pop(challenge=challenge)))
    assert given.status == 201
    again = wallet.push(headers=wallet.headers(None, wallet.pop(challenge=challenge)))
    refused(again, "invalid_client")
    asked = site.call("POST", "/challenge")
    assert asked.headers["cache-control"] == "no-store"
    told = asked.json()["attestation_challenge"]
    site.pass_time(minutes=6)
    old = wallet.push(headers=wallet.headers(None, wallet.pop(challenge=told)))
    refused(old, "use_attestation_challenge")


@pytest.mark.parametrize(("free", "status"), [("registered", 400), ("attested", 201)])
def test_an_attested_wallet_may_name_its_own_address_where_the_settings_say_so(
    tmp_path, free, status
):
    site = AttestingSite(tmp_path, {"wallet_redirects": free}, clients={})
    wallet = attested(site, client="https://new.example", redirect=NOT_REGISTERED)
    assert wallet.push(headers=wallet.headers()).status == status
    for bad in ("http://evil.example/", "plain:/back", "https://a;b.example/", "https://x y/"):
        refused(wallet.push(headers=wallet.headers(), redirect_uri=bad), "invalid_redirect_uri")
    if status == 201:
        wallet.begin(headers=wallet.headers())
        policy = wallet.browser.get("/patient/start").headers["content-security-policy"]
        assert "form-action 'self' uk.example.new-wallet:;" in policy
        wallet.sign_in()
        assert returned(wallet.answer(), NOT_REGISTERED)["code"]


def test_a_nonce_of_the_server_is_in_each_proof_where_it_is_asked_for(tmp_path):
    site = SignInSite(tmp_path, {"dpop_nonce": True})
    wallet = Asking(site)
    code = wallet.code()
    answer = wallet.redeem(code)
    refused(answer, "use_dpop_nonce")
    nonce = answer.headers["dpop-nonce"]
    given = wallet.redeem(code, headers=[("dpop", wallet.dpop("/token", nonce=nonce))])
    assert given.status == 200, given.body
    assert "dpop-nonce" in given.headers
    record = wallet.collect()
    refused(record, "use_dpop_nonce", status=401)
    assert 'error="use_dpop_nonce"' in record.headers["www-authenticate"]
    assert "dpop-nonce" in record.headers


@given(
    st.binary(max_size=300)
    | st.dictionaries(st.text(max_size=12), st.text()).map(lambda told: urlencode(told).encode())
)
@settings(max_examples=60, deadline=None)
def test_any_pushed_body_is_read_or_refused(body):
    with suppress(ProtocolError):
        parse_pushed_request(body)


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_any_two_headers_are_read_or_refused(attestation, pop):
    from simulated_issuer import NOW  # noqa: PLC0415

    trusted = oid4vci.TrustedProviders(keys=(("k", generate_signer().public_key),))
    with pytest.raises(ProtocolError):
        oid4vci.verify_attestation(
            attestation, pop, trusted=trusted, expected_audience="https://x.example", now=NOW
        )


def test_files_of_wallets_that_say_nonsense_are_refused(tmp_path):
    from healthpassport.errors import SettingsError  # noqa: PLC0415

    for number, clients in enumerate(
        (
            {"w": {}},
            {"w": {"name": "W", "redirect_uris": []}},
            {"w": {"name": "W", "redirect_uris": ["http://evil.example/"]}},
            {"w": {"name": "", "redirect_uris": ["https://a.example/"]}},
            {"w": 5},
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(SettingsError, match=r"issuer\.wallets"):
            SignInSite(folder, clients=clients)
