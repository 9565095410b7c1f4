"""The issuer modules of the OpenID plan that need a wallet attestation, and its flow by sign-in.

As ``test_oidf_vci_issuer``, over HTTP, for the HAIP plan: authorization code with PAR, PKCE, DPoP
and ``attest_jwt_client_auth``, the patient signing in at a simulated provider. Each module with a
bent attestation runs where the plan runs it, at the pushed request, and at the token endpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fhir_examples import PATIENT, bundle, data
from jwcrypto.jwk import JWK
from oidf_issuer import FORM, Answer, SuiteWallet, broken, claims_of, new_key, public, signed
from sign_in_world import LATEX, NhsLogin, person
from simulated_ca import make
from simulated_issuer import made_settings
from simulated_provider import CLIENT, ISSUER, SECRET
from wire import served

from issuer import service
from issuer.api import create_app
from issuer.service.context import digest
from issuer.service.deferring import needs_sign_off
from issuer.store import offers
from issuer.web.patient import add_pages

WALLETS = {f"https://wallet{n}.example": f"https://wallet{n}.example/back" for n in (1, 2)}
RECORD = "AllergySummary"


class Login(NhsLogin):
    """The provider by the real clock."""

    def __init__(self):
        super().__init__(person=person())
        self.clock = time.time


class Attested(SuiteWallet):
    """A wallet that its provider vouches for; each part can be bent by a test."""

    def __init__(self, port, iss, provider, login, number=1):
        super().__init__(port, iss)
        self.provider, self.login = provider, login
        self.client, self.redirect = list(WALLETS.items())[number - 1]
        self.instance = new_key()
        self.verifier = secrets.token_urlsafe(48)
        self.server = self.get(f"{iss}/.well-known/oauth-authorization-server").json()
        self.cookies: dict[str, str] = {}

    def attestation(self, **changes):
        claims = {
            "iss": "https://provider.example",
            "sub": self.client,
            "exp": int(time.time()) + 3600,
            "cnf": {"jwk": public(self.instance)},
        } | changes
        x5c = [base64.b64encode(self.provider.der).decode()]
        claims = {name: value for name, value in claims.items() if value is not None}
        head = {"typ": "oauth-client-attestation+jwt", "x5c": x5c}
        return signed(JWK.from_pyca(self.provider.key), head, claims)

    def pop(self, key=None, **changes):
        claims = {
            "iss": self.client,
            "aud": self.server["issuer"],
            "jti": secrets.token_hex(16),
            "iat": int(time.time()),
        } | changes
        return signed(key or self.instance, {"typ": "oauth-client-attestation-pop+jwt"}, claims)

    def vouched(self, attestation=None, pop=None):
        return {
            "OAuth-Client-Attestation": attestation or self.attestation(),
            "OAuth-Client-Attestation-PoP": pop or self.pop(),
        }

    def push(self, headers=None) -> Answer:
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        scope = self.issuer["credential_configurations_supported"][RECORD]["scope"]
        form = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "scope": scope,
            "state": "s-1",
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "unknown": "ignored",
        }
        sent = {"Content-Type": FORM} | (self.vouched() if headers is None else headers)
        url = self.server["pushed_authorization_request_endpoint"]
        return self.call("POST", url, urlencode(form).encode(), sent)

    def browse(self, method, url, **form) -> Answer:
        """One step of the browser, which keeps cookies and follows nothing."""
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": held} | ({"Content-Type": FORM} if form else {})
        answer = self.call(method, url, urlencode(form).encode(), sent)
        found = re.match(r"(__Host-[a-z-]+)=([^;]*);", answer.headers.get("set-cookie", ""))
        if found:
            self.cookies[found[1]] = found[2]
        return answer

    def sign_in(self) -> dict[str, str]:
        """From the pushed request to what the wallet hears by the redirect."""
        pushed = self.push()
        assert pushed.status == 201, pushed.body
        query = {"client_id": self.client, "request_uri": pushed.json()["request_uri"]}
        first = f"{self.server['authorization_endpoint']}?{urlencode(query)}"
        assert self.browse("GET", first).status == 303
        leaving = self.browse("GET", f"{self.iss}/patient/go")
        back = self.login.visit(leaving.headers["location"])
        arrived = self.browse("GET", f"{self.iss}/patient/callback?{urlencode(back)}")
        assert arrived.status == 303, arrived.body
        page = self.browse("GET", f"{self.iss}/patient/agree").body.decode()
        form = re.search(r'name="form" value="([^"]+)"', page)[1]
        done = self.browse("POST", f"{self.iss}/patient/agree", form=form, answer="yes")
        assert done.headers["location"].startswith(f"{self.redirect}?")
        return dict(parse_qsl(urlsplit(done.headers["location"]).query))

    def redeem(self, code, headers=None) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client,
            "redirect_uri": self.redirect,
            "code_verifier": self.verifier,
            "unknown": "ignored",
        }
        url = self.server["token_endpoint"]
        sent = {"Content-Type": FORM, "DPoP": self.dpop(url)}
        sent |= self.vouched() if headers is None else headers
        answer = self.call("POST", url, urlencode(form).encode(), sent)
        if answer.status == 200:
            self.token = answer.json()["access_token"]
        return answer

    def proof(self, nonce, key=None, attestation=None):
        """The plan's wallets sign their client_id into their proofs."""
        key = key or self.holder_key
        claims = {"iss": self.client, "aud": self.iss, "iat": int(time.time()), "nonce": nonce}
        return signed(key, {"typ": "openid4vci-proof+jwt", "jwk": public(key)}, claims)


class Plan:
    """The issuer as it is served, with the provider at which patients sign in."""

    def __init__(self, port, iss, provider, login, app):
        self.port, self.iss, self.provider, self.login = port, iss, provider, login
        self.issuer = app.state.issuer

    def wallet(self, number=1) -> Attested:
        return Attested(self.port, self.iss, self.provider, self.login, number)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder, now = tmp_path_factory.mktemp("issuer"), datetime.now(UTC)
    dates = {"begin": now - timedelta(days=1), "end": now + timedelta(days=1)}
    root = make("Providers", ca=True, host=None, **dates)
    provider = make("Provider", root, host="provider.example", **dates)
    (folder / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    (folder / "secret").write_text(SECRET)
    known = {name: {"name": name, "redirect_uris": [to]} for name, to in WALLETS.items()}
    (folder / "clients.json").write_text(json.dumps(known))
    (folder / "notes").mkdir()
    (folder / "notes" / "a.json").write_bytes(data(bundle(PATIENT, LATEX)))
    settings, _ = made_settings(
        folder,
        certified_at=now,
        source_folder=folder / "notes",
        patient_sign_in_issuer=ISSUER,
        patient_sign_in_client_id=CLIENT,
        patient_sign_in_client_auth="client_secret_post",
        patient_sign_in_client_secret_file=folder / "secret",
        patient_sign_in_algorithms=("ES256",),
        wallet_clients=folder / "clients.json",
        wallet_provider_anchors=folder / "root.pem",
        collect_again=True,
    )
    login = Login()
    app = create_app(settings, fetcher=login)
    add_pages(app)
    with served(app) as port:
        yield Plan(port, settings.iss, provider, login, app)
    app.state.issuer.store.close()


def credential(wallet):
    asked = {
        "credential_configuration_id": RECORD,
        "proofs": {"jwt": [wallet.proof(wallet.nonce())]},
        "unknown": "ignored",
    }
    answer = wallet.post("credential_endpoint", asked)
    assert answer.status == 200, answer.body
    (entry,) = answer.json()["credentials"]
    assert claims_of(entry["credential"])["cnf"]["jwk"]["x"] == public(wallet.holder_key)["x"]
    return answer.json()


def test_oid4vci_1_0_issuer_metadata_test_of_haip(plan):
    wallet = plan.wallet()
    configurations = wallet.issuer["credential_configurations_supported"]
    bound = [c for c in configurations.values() if "proof_types_supported" in c]
    assert bound
    assert all(configuration["scope"] for configuration in bound)  # HAIP 1.0 section 4.1
    assert wallet.issuer["nonce_endpoint"]
    server = wallet.server
    assert server["require_pushed_authorization_requests"] is True
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert "attest_jwt_client_auth" in server["token_endpoint_auth_methods_supported"]
    assert server["dpop_signing_alg_values_supported"] == ["ES256"]
    assert server["client_attestation_signing_alg_values_supported"] == ["ES256"]


def test_oid4vci_1_0_issuer_happy_flow_by_sign_in(plan):
    wallet = plan.wallet()
    heard = wallet.sign_in()
    assert (heard["state"], heard["iss"]) == ("s-1", plan.iss)
    granted = wallet.redeem(heard["code"])
    assert granted.status == 200, granted.body
    assert granted.json()["token_type"] == "DPoP"
    response = credential(wallet)
    note = {"notification_id": response["notification_id"], "event": "credential_accepted"}
    assert wallet.post("notification_endpoint", note).status == 204
    credential(wallet)  # additional requests, and no notification of this one


def test_oid4vci_1_0_issuer_happy_flow_multiple_clients_by_sign_in(plan):
    for number in (1, 2):
        wallet = plan.wallet(number)
        assert wallet.redeem(wallet.sign_in()["code"]).status == 200
        credential(wallet)


def test_what_a_patient_signs_in_for_waits_where_staff_look_at_what_they_did_not_offer(plan):
    wallet = plan.wallet()
    assert wallet.redeem(wallet.sign_in()["code"]).status == 200
    with plan.issuer.store.reading() as tx:
        offer = offers.by_token(tx, digest(wallet.token))
    access = service.Access(wallet.token, offer, held=())
    for rule, waits in (("none", False), ("returning", True), ("all", True)):
        settings = plan.issuer.settings.model_copy(update={"sign_off": rule})
        assert needs_sign_off(replace(plan.issuer, settings=settings), access) is waits


def at_par(plan, bent) -> Answer:
    wallet = plan.wallet()
    return wallet.push(headers=bent(wallet))


def at_token(plan, bent) -> Answer:
    """The plan's pre-authorized variant: the attestation first comes to the token endpoint."""
    wallet = plan.wallet()
    made = service.offer_source(plan.issuer, client="practice", name="a.json")
    offer, url = made.offer.wire(), wallet.server["token_endpoint"]
    grant, told = next(iter(offer["grants"].items()))
    form = {
        "grant_type": grant,
        "pre-authorized_code": told["pre-authorized_code"],
        "tx_code": made.pin,
        "client_id": wallet.client,
    }
    sent = {"Content-Type": FORM, "DPoP": wallet.dpop(url)} | bent(wallet)
    return wallet.call("POST", url, urlencode(form).encode(), sent)


EVERYWHERE = pytest.mark.parametrize("place", [at_par, at_token])


def refused(answer: Answer) -> None:
    """The names that the plan takes: draft-07 section 6.2 and RFC 6749 section 5.2."""
    assert answer.status in {400, 401}, answer.body
    assert answer.media_type == "application/json"
    assert answer.json()["error"] in {"invalid_client", "invalid_client_attestation"}


@EVERYWHERE
def test_a_good_attestation_is_taken(plan, place):
    assert place(plan, lambda wallet: wallet.vouched()).status in {200, 201}


@EVERYWHERE
def test_oid4vci_1_0_issuer_fail_invalid_client_attestation_signature(plan, place):
    refused(place(plan, lambda wallet: wallet.vouched(broken(wallet.attestation()))))


@EVERYWHERE
def test_oid4vci_1_0_issuer_fail_invalid_client_attestation_pop_signature(plan, place):
    refused(place(plan, lambda wallet: wallet.vouched(pop=broken(wallet.pop()))))


@EVERYWHERE
def test_oid4vci_1_0_issuer_fail_client_attestation_exp_in_past(plan, place):
    past = int(time.time()) - 600
    refused(place(plan, lambda wallet: wallet.vouched(wallet.attestation(exp=past))))


@EVERYWHERE
def test_oid4vci_1_0_issuer_fail_client_attestation_no_sub(plan, place):
    refused(place(plan, lambda wallet: wallet.vouched(wallet.attestation(sub=None))))


@EVERYWHERE
def test_oid4vci_1_0_issuer_fail_client_attestation_pop_wrong_aud(plan, place):
    wrong = "https://other.example"
    refused(place(plan, lambda wallet: wallet.vouched(pop=wallet.pop(aud=wrong))))


@EVERYWHERE
def test_oid4vci_1_0_issuer_fail_mismatched_client_attestation_pop_key(plan, place):
    refused(place(plan, lambda wallet: wallet.vouched(pop=wallet.pop(new_key()))))
