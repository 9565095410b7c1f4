"""What a wallet may also do: identifiers, lost answers, notifications, bearer tokens, metadata."""

import json

import jsonschema
import pytest
from shared_inputs import shared
from simulated_issuer import Site, Wallet

from healthpassport.protocols import oid4vci
from issuer import service


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def schema(name):
    return json.loads(shared("vectors", "oidf-schemas", name).read_text())


def test_the_metadata_is_what_the_certification_schemas_ask_for(site):
    issuer = site.call("GET", "/.well-known/openid-credential-issuer")
    assert issuer.headers["content-type"] == "application/json"
    jsonschema.validate(issuer.json(), schema("credential_issuer_metadata-1_0.json"))
    server = site.call("GET", "/.well-known/oauth-authorization-server")
    jsonschema.validate(server.json(), schema("oauth_authorization_server_metadata.json"))
    parsed = oid4vci.parse_issuer_metadata(issuer.body, expected_issuer=site.settings.iss)
    assert parsed.batch_credential_issuance.batch_size == 5
    assert set(parsed.credential_configurations_supported) >= {"AllergySummary"}
    found = oid4vci.parse_authorization_server_metadata(
        server.body, expected_issuer=site.settings.iss
    )
    assert found.dpop_signing_alg_values_supported == ("ES256",)


def test_the_offer_is_what_the_certification_schema_asks_for(site):
    made = site.offer()
    jsonschema.validate(made.offer.wire(), schema("credential_offer-1_0.json"))
    assert oid4vci.parse_offer_link(made.link) == made.uri


def test_type_metadata_is_what_the_certification_schema_asks_for(site):
    answer = site.call("GET", "/vct/AllergySummary/1")
    jsonschema.validate(answer.json(), schema("type_metadata.json"))
    assert site.call("GET", "/vct/Nothing/1").status == 404


def test_the_context_of_each_record_type_can_be_read(site):
    answer = site.call("GET", "/contexts/AllergySummary/1")
    assert answer.headers["content-type"] == "application/ld+json"
    assert "AllergySummaryCredential" in answer.json()["@context"]
    assert site.call("GET", "/contexts/Nothing/1").status == 404


def test_the_keys_are_published_for_others(site):
    published = site.call("GET", "/.well-known/jwt-vc-issuer").json()
    assert published["issuer"] == site.settings.iss
    [key] = published["jwks"]["keys"]
    assert key["kid"] == site.issuer.signer.public_key.thumbprint()


def test_an_issuer_below_a_path_has_its_documents_before_it(tmp_path):
    site = Site(tmp_path, {"iss": "https://issuer.example/surgery"})
    for name in ("openid-credential-issuer", "oauth-authorization-server", "jwt-vc-issuer"):
        assert site.call("GET", f"/.well-known/{name}/surgery").status == 200
        assert site.call("GET", f"/.well-known/{name}").status == 404
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential().status == 200
    assert site.call("GET", "/surgery/status/1").status == 200


def test_authorization_details_give_identifiers_that_must_then_be_used(site):
    wallet = Wallet(site, site.offer())
    detail = {"type": "openid_credential", "credential_configuration_id": "AllergySummary"}
    granted = wallet.ask_token(authorization_details=json.dumps([detail]))
    [told] = granted.json()["authorization_details"]
    assert told["credential_configuration_id"] == "AllergySummary"
    [identifier] = told["credential_identifiers"]
    by_configuration = wallet.ask_credential()
    assert by_configuration.json()["error"] == "invalid_credential_request"
    proofs = {"jwt": [wallet.proof(wallet.nonce())]}
    unknown = wallet.post("/credential", {"credential_identifier": "x", "proofs": proofs})
    assert unknown.json()["error"] == "unknown_credential_identifier"
    answer = wallet.post("/credential", {"credential_identifier": identifier, "proofs": proofs})
    assert answer.status == 200


def test_authorization_details_beyond_the_offer_are_refused(site):
    wallet = Wallet(site, site.offer())
    detail = {"type": "openid_credential", "credential_configuration_id": "ProblemSummary"}
    answer = wallet.ask_token(authorization_details=json.dumps([detail]))
    assert (answer.status, answer.json()["error"]) == (400, "invalid_authorization_details")


def test_an_identifier_nobody_was_given_is_refused(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    value = {"credential_identifier": "AllergySummary", "proofs": {"jwt": ["a.b.c"]}}
    answer = wallet.post("/credential", value)
    assert answer.json()["error"] == "unknown_credential_identifier"


def test_a_lost_answer_is_given_again_for_the_very_same_proofs(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    nonce = wallet.nonce()
    proofs = [wallet.proof(nonce), wallet.proof(nonce)]
    first = wallet.ask_credential(proofs=proofs)
    again = wallet.ask_credential(proofs=proofs)
    assert (again.status, again.json()) == (200, first.json())
    assert len(service.issued(site.issuer)) == 1


def test_rel_003_other_proofs_never_make_a_second_issuance(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    assert wallet.ask_credential().status == 200
    answer = wallet.ask_credential()
    assert (answer.status, answer.json()["error"]) == (400, "invalid_credential_request")
    assert len(service.issued(site.issuer)) == 1


def test_after_the_notification_the_answer_is_not_given_again(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    proofs = [wallet.proof(wallet.nonce())]
    told = wallet.ask_credential(proofs=proofs).json()["notification_id"]
    notice = {"notification_id": told, "event": "credential_accepted"}
    for _ in range(2):
        answer = wallet.post("/notification", notice)
        assert (answer.status, answer.body) == (204, b"")
    assert wallet.ask_credential(proofs=proofs).status == 400
    assert service.issued(site.issuer)[0].event == "credential_accepted"


def test_after_a_failure_the_answer_can_still_be_had(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    proofs = [wallet.proof(wallet.nonce())]
    told = wallet.ask_credential(proofs=proofs).json()["notification_id"]
    wallet.post("/notification", {"notification_id": told, "event": "credential_failure"})
    assert wallet.ask_credential(proofs=proofs).status == 200


def test_a_bearer_token_is_given_only_where_the_setting_allows(tmp_path):
    site = Site(tmp_path, {"dpop_required": False})
    wallet = Wallet(site, site.offer())
    granted = wallet.ask_token(headers={})
    assert granted.json()["token_type"] == "Bearer"
    value = {
        "credential_configuration_id": "AllergySummary",
        "proofs": {"jwt": [wallet.proof(wallet.nonce())]},
    }
    wrong = wallet.post("/credential", value)
    assert (wrong.status, wrong.json()["error"]) == (401, "invalid_token")
    headers = {"authorization": f"Bearer {wallet.token}"}
    assert wallet.post("/credential", value, headers=headers).status == 200


def test_a_client_that_named_itself_may_sign_its_own_name_into_the_proofs(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token(client_id="wallet-1")
    other = wallet.ask_credential(proofs=[wallet.proof(wallet.nonce(), client_id="wallet-2")])
    assert other.json()["error"] == "invalid_proof"
    proofs = [wallet.proof(wallet.nonce(), client_id="wallet-1")]
    assert wallet.ask_credential(proofs=proofs).status == 200
    assert wallet.ask_credential("PatientIdentity").status == 200  # appendix F.1: iss is optional


def test_a_restart_between_all_steps_loses_nothing(site):
    wallet = Wallet(site, site.offer())
    site.reopen()
    assert wallet.ask_token().status == 200
    site.reopen()
    nonce = wallet.nonce()
    site.reopen()
    answer = wallet.ask_credential(proofs=[wallet.proof(nonce)])
    assert answer.status == 200
    site.reopen()
    told = {"notification_id": answer.json()["notification_id"], "event": "credential_accepted"}
    assert wallet.post("/notification", told).status == 204


def test_an_address_that_is_not_there_has_our_shape(site):
    answer = site.call("GET", "/nothing")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")
    answer = site.call("GET", "/token")
    assert (answer.status, answer.json()["code"]) == (405, "http.method")
    assert answer.headers["allow"] == "POST"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert site.call("GET", "/health").json() == {"status": "ok"}
