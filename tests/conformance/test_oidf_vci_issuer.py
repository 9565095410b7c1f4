"""The issuer modules of the OpenID Foundation's plan for OpenID4VCI 1.0, as tests of our own.

One test for each module of ``oid4vci-1_0-issuer-test-plan`` with its name, over HTTP against the
issuer as it is served: pre-authorized code with a transaction code, DPoP, dc+sd-jwt. The plan asks
for a record again with the same token, so ``collect_again`` is on. What needs a client attestation
is said by a test of its own.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from fhir_examples import PATIENT, bundle, data
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from oidf_issuer import (
    Answer,
    SuiteWallet,
    attestation,
    broken,
    claims_of,
    header_of,
    new_key,
    public,
)
from returning_wallet import LATEX, NUT
from simulated_ca import Made, make
from simulated_issuer import made_settings
from wire import served

from issuer import service
from issuer.api import create_app

RECORD = "AllergySummary"
# Section 8.3.1.2 and 9.3: what a refusal of a credential request may be called.
ERRORS = {
    "invalid_credential_request",
    "unknown_credential_configuration",
    "unknown_credential_identifier",
    "invalid_proof",
    "invalid_nonce",
    "invalid_encryption_parameters",
    "credential_request_denied",
    "invalid_transaction_id",
}


@dataclass
class Suite:
    """An issuer as it is served, and who attests keys for it."""

    port: int
    iss: str
    api_key: str
    issuer: service.IssuerContext
    attester: Made

    def wallet(self) -> SuiteWallet:
        return SuiteWallet(self.port, self.iss)

    def offer(self) -> dict[str, Any]:
        """An offer by the practice's own call."""
        caller = self.wallet()
        headers = {"X-API-Key": self.api_key, "Content-Type": "application/fhir+json"}
        body = data(bundle(PATIENT, NUT, LATEX))
        answer = caller.call("POST", f"{self.iss}/offers", body, headers)
        assert answer.status == 201, answer.body
        return answer.json()

    def holder(self, **more: str) -> SuiteWallet:
        """A wallet with an access token."""
        wallet, made = self.wallet(), self.offer()
        answer = wallet.ask_token(made["credential_offer"], made["pin"], **more)
        assert answer.status == 200, answer.body
        return wallet


@pytest.fixture(scope="module")
def attester(tmp_path_factory):
    """An attester's certificate and the file of its root."""
    now = datetime.now(UTC)
    dates = {"begin": now - timedelta(days=1), "end": now + timedelta(days=1)}
    root = make("Attesters", ca=True, host=None, **dates)
    leaf = make("Attester", root, host="attester.example", **dates)
    path = tmp_path_factory.mktemp("attester") / "root.pem"
    path.write_bytes(load_der_x509_certificate(root.der).public_bytes(Encoding.PEM))
    return leaf, path


def served_suite(tmp_path_factory, attester, **changes):
    leaf, root = attester
    settings, api_key = made_settings(
        tmp_path_factory.mktemp("issuer"),
        certified_at=datetime.now(UTC),
        key_attesters=root,
        collect_again=True,
        nonce_with_records=False,
        **changes,
    )
    app = create_app(settings)
    with served(app) as port:
        yield Suite(port, settings.iss, api_key, app.state.issuer, leaf)
    app.state.issuer.store.close()


@pytest.fixture(scope="module")
def plan(tmp_path_factory, attester):
    yield from served_suite(tmp_path_factory, attester)


@pytest.fixture(scope="module")
def slow(tmp_path_factory, attester):
    """The issuer in the plan's deferred mode: staff sign off everything."""
    changes = {"sign_off": "all", "deferred_interval_seconds": 1, "deferred_notification": True}
    yield from served_suite(tmp_path_factory, attester, **changes)


def credential_request(wallet: SuiteWallet, **more: Any) -> dict[str, Any]:
    return {
        "credential_configuration_id": RECORD,
        "proofs": {"jwt": [wallet.proof(wallet.nonce())]},
        secrets.token_hex(4): "unknown members are ignored",
    } | more


def checked(wallet: SuiteWallet, response: dict[str, Any], keys: list[JWK]) -> list[str]:
    """The credentials of ``response``, each signed by the issuer for one of ``keys``."""
    assert set(response) <= {"credentials", "notification_id"}
    texts = [entry["credential"] for entry in response["credentials"]]
    jwks = wallet.get(f"{wallet.iss}/.well-known/jwt-vc-issuer").json()["jwks"]["keys"]
    bound = []
    for text in texts:
        token, *_ = text.split("~")
        head = header_of(token)
        assert head["typ"] == "dc+sd-jwt"
        assert head["x5c"]
        JWS.from_jose_token(token).verify(JWK(**jwks[0]))
        claims = claims_of(text)
        told = wallet.issuer["credential_configurations_supported"][RECORD]
        assert claims["vct"] == told["vct"]
        assert claims["iss"] == wallet.iss
        bound.append(claims["cnf"]["jwk"]["x"])
    assert len(set(bound)) == len(bound)
    assert set(bound) <= {public(key)["x"] for key in keys}
    return texts


def notified(wallet: SuiteWallet, response: dict[str, Any]) -> None:
    note = {"notification_id": response["notification_id"], "event": "credential_accepted"}
    answer = wallet.post("notification_endpoint", note | {"unknown": "ignored"})
    assert (answer.status, answer.body) == (204, b"")


def refused(answer: Answer, error: str) -> None:
    """Section 8.3.1: a refusal is never encrypted, whatever was asked."""
    assert answer.status == 400, answer.body
    assert answer.media_type == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["error"] == error
    assert error in ERRORS
    assert all(" " <= c <= "~" and c not in '"\\' for c in answer.json()["error_description"])


def test_oid4vci_1_0_issuer_metadata_test(plan):
    wallet = plan.wallet()
    answer = wallet.get(f"{plan.iss}/.well-known/openid-credential-issuer")
    assert (answer.status, answer.media_type) == (200, "application/json")
    told = answer.json()
    assert told["credential_issuer"] == plan.iss
    assert all(told[name].startswith("https://") for name in told if name.endswith("_endpoint"))
    for configuration in told["credential_configurations_supported"].values():
        binds = "cryptographic_binding_methods_supported" in configuration
        assert binds == ("proof_types_supported" in configuration)
        locales = [d["locale"] for d in configuration["credential_metadata"]["display"]]
        assert locales == sorted(set(locales), key=locales.index)
        for proof_type in configuration.get("proof_types_supported", {}).values():
            assert proof_type["proof_signing_alg_values_supported"] == ["ES256"]
        for claim in configuration["credential_metadata"].get("claims", ()):
            assert claim["path"]
    for name in ("credential_request_encryption", "credential_response_encryption"):
        assert told[name]["enc_values_supported"] == ["A128GCM", "A256GCM"]
        assert told[name]["encryption_required"] is False
    assert all({"kid", "alg", "use"} <= key.keys() and "d" not in key for key in request_keys(told))
    server = wallet.get(f"{plan.iss}/.well-known/oauth-authorization-server").json()
    assert server["issuer"] == plan.iss


def request_keys(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    return metadata["credential_request_encryption"]["jwks"]["keys"]


def test_oid4vci_1_0_issuer_metadata_test_signed(plan):
    wallet = plan.wallet()
    url = f"{plan.iss}/.well-known/openid-credential-issuer"
    answer = wallet.get(url, Accept="application/jwt")
    assert (answer.status, answer.media_type) == (200, "application/jwt")
    head = header_of(answer.body.decode())
    assert (head["typ"], head["alg"]) == ("openidvci-issuer-metadata+jwt", "ES256")
    certificate = load_der_x509_certificate(b64decode(head["x5c"][0]))
    token = JWS.from_jose_token(answer.body.decode())
    token.verify(JWK.from_pyca(certificate.public_key()))
    claims = json.loads(token.payload)
    now = datetime.now(UTC).timestamp()
    assert (claims.pop("iss"), claims.pop("sub")) == (plan.iss, plan.iss)
    assert now - 3_700 < claims.pop("iat") <= now < claims.pop("exp")
    assert claims == wallet.issuer


@pytest.mark.parametrize("mode", ["plain", "encrypted", "compressed"])
def test_oid4vci_1_0_issuer_happy_flow(plan, mode):
    wallet = plan.holder(unknown="ignored")
    if mode == "plain":
        answer = wallet.post("credential_endpoint", credential_request(wallet))
        response = answer.json()
    else:
        zip_ = {"zip": "DEF"} if mode == "compressed" else {}
        asked = credential_request(
            wallet, credential_response_encryption=wallet.wants_encryption(**zip_)
        )
        answer = wallet.post("credential_endpoint", asked, encrypted=True)
        response, head = wallet.opened(answer)
        assert head.get("zip") == zip_.get("zip")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    checked(wallet, response, [wallet.holder_key])
    notified(wallet, response)


@pytest.mark.parametrize("hidden", [False, True])
def test_oid4vci_1_0_issuer_happy_flow_deferred(slow, hidden):
    """The plan's variant ``deferred`` of the happy flow."""
    wallet = slow.holder()
    more = {"credential_response_encryption": wallet.wants_encryption()} if hidden else {}
    asked = credential_request(wallet, **more)
    answer = wallet.post("credential_endpoint", asked, encrypted=hidden)
    told = wallet.opened(answer)[0] if hidden else answer.json()
    assert answer.status == 202
    assert set(told) == {"transaction_id", "interval"}
    assert told["interval"] > 0
    again = {"transaction_id": told["transaction_id"]} | more
    answer = wallet.post("deferred_credential_endpoint", again, encrypted=hidden)
    assert answer.status == 202
    assert (wallet.opened(answer)[0] if hidden else answer.json()) == told
    for one in service.waiting_records(slow.issuer):
        service.decide(slow.issuer, deferral=one.id, decision=service.Decision.RELEASE)
    answer = wallet.post("deferred_credential_endpoint", again, encrypted=hidden)
    assert answer.status == 200
    response = wallet.opened(answer)[0] if hidden else answer.json()
    checked(wallet, response, [wallet.holder_key])
    notified(wallet, response)
    refused(
        wallet.post("deferred_credential_endpoint", {**again, **more}, encrypted=hidden),
        "invalid_transaction_id",
    )


def test_oid4vci_1_0_issuer_happy_flow_additional_requests(plan):
    wallet = plan.holder()
    for headers in ({}, {"x-fapi-customer-ip-address": "2001:db8::1"}, {"Accept": "*/*"}):
        url = wallet.issuer["credential_endpoint"]
        sent = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"DPoP {wallet.token}",
            "DPoP": wallet.dpop(url),
        }
        body = json.dumps(credential_request(wallet)).encode()
        answer = wallet.call("POST", url, body, sent | headers)
        assert answer.status == 200, answer.body
        assert answer.headers["date"]
        checked(wallet, answer.json(), [wallet.holder_key])
        notified(wallet, answer.json())


def test_oid4vci_1_0_issuer_happy_flow_multiple_clients(plan):
    first, second = plan.holder(), plan.holder()
    taken = []
    for wallet in (first, second):
        answer = wallet.post("credential_endpoint", credential_request(wallet))
        taken += checked(wallet, answer.json(), [wallet.holder_key])
    places = [claims_of(text)["status"]["status_list"]["idx"] for text in taken]
    assert len(set(places)) == 2
    note = {"notification_id": answer.json()["notification_id"], "event": "credential_accepted"}
    other = first.post("notification_endpoint", note)
    assert (other.status, other.json()["error"]) == (400, "invalid_notification_id")


def test_oid4vci_1_0_issuer_happy_flow_skip_notification(plan):
    wallet = plan.holder()
    answer = wallet.post("credential_endpoint", credential_request(wallet))
    checked(wallet, answer.json(), [wallet.holder_key])


@pytest.mark.parametrize("kind", ["jwt", "jwt with one attestation", "attestation"])
def test_oid4vci_1_0_issuer_batch_issuance(plan, kind):
    wallet = plan.holder()
    size = wallet.issuer["batch_credential_issuance"]["batch_size"]
    keys, nonce = [new_key() for _ in range(size)], wallet.nonce()
    vouched = attestation(plan.attester, keys, nonce) if "attestation" in kind else None
    proofs = {"jwt": [wallet.proof(nonce, key, vouched) for key in keys]}
    if kind == "attestation":
        proofs = {"attestation": [vouched]}
    answer = wallet.post("credential_endpoint", credential_request(wallet, proofs=proofs))
    texts = checked(wallet, answer.json(), keys)
    assert len(texts) == size
    claims = [claims_of(text) for text in texts]
    lists = {one["status"]["status_list"]["uri"] for one in claims}
    places = [one["status"]["status_list"]["idx"] for one in claims]
    assert len(lists) == 1
    assert len(set(places)) == size
    assert places != list(range(min(places), min(places) + size))
    for name in ("iat", "exp"):  # RFC 9901 section 10.1: whole days link no copies
        assert len({one[name] for one in claims}) == 1
        assert (claims[0][name] + (name == "exp")) % 86_400 == 0 or name == "iat"
    salted = [part for text in texts for part in text.split("~")[1:-1]]
    assert len(set(salted)) == len(salted)


def test_oid4vci_1_0_issuer_fail_invalid_nonce(plan):
    wallet = plan.holder()
    proofs = {"jwt": [wallet.proof(secrets.token_urlsafe(32))]}
    answer = wallet.post("credential_endpoint", credential_request(wallet, proofs=proofs))
    refused(answer, "invalid_nonce")


def test_oid4vci_1_0_issuer_fail_invalid_jwt_proof_signature(plan):
    wallet = plan.holder()
    proofs = {"jwt": [broken(wallet.proof(wallet.nonce()))]}
    answer = wallet.post("credential_endpoint", credential_request(wallet, proofs=proofs))
    refused(answer, "invalid_proof")


@pytest.mark.parametrize("kind", ["jwt", "attestation"])
def test_oid4vci_1_0_issuer_fail_invalid_key_attestation_signature(plan, kind):
    wallet = plan.holder()
    nonce = wallet.nonce()
    vouched = broken(attestation(plan.attester, [wallet.holder_key], nonce))
    proof = vouched if kind == "attestation" else wallet.proof(nonce, attestation=vouched)
    asked = credential_request(wallet, proofs={kind: [proof]})
    refused(wallet.post("credential_endpoint", asked), "invalid_proof")


def test_oid4vci_1_0_issuer_fail_missing_proof(plan):
    wallet = plan.holder()
    asked = {"credential_configuration_id": RECORD}
    refused(wallet.post("credential_endpoint", asked), "invalid_proof")


@pytest.mark.parametrize("member", ["alg", "enc"])
def test_oid4vci_1_0_issuer_fail_unsupported_encryption_algorithm(plan, member):
    wallet = plan.holder()
    wanted = wallet.wants_encryption()
    (wanted["jwk"] if member == "alg" else wanted)[member] = "UNSUPPORTED_ALG"
    asked = credential_request(wallet, credential_response_encryption=wanted)
    answer = wallet.post("credential_endpoint", asked, encrypted=True)
    refused(answer, "invalid_encryption_parameters")


@pytest.mark.parametrize("by_identifier", [False, True])
def test_oid4vci_1_0_issuer_fail_unknown_credential_configuration(plan, by_identifier):
    wallet = plan.holder(**(details() if by_identifier else {}))
    asked = credential_request(wallet, credential_configuration_id=secrets.token_hex(8))
    refused(wallet.post("credential_endpoint", asked), "unknown_credential_configuration")


@pytest.mark.parametrize("by_identifier", [False, True])
def test_oid4vci_1_0_issuer_fail_unknown_credential_identifier(plan, by_identifier):
    wallet = plan.holder(**(details() if by_identifier else {}))
    asked = credential_request(wallet, credential_identifier=secrets.token_hex(8))
    del asked["credential_configuration_id"]
    refused(wallet.post("credential_endpoint", asked), "unknown_credential_identifier")


def details() -> dict[str, str]:
    detail = {"type": "openid_credential", "credential_configuration_id": RECORD}
    return {"authorization_details": json.dumps([detail])}


def test_oid4vci_1_0_issuer_fail_on_access_token_in_query(plan):
    wallet = plan.holder()
    query = f"?access_token={quote(wallet.token)}"
    answer = wallet.post("credential_endpoint", credential_request(wallet), query=query)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("DPoP ")
    assert "credentials" not in answer.json()
