"""Who the issuer says it is: DID document, keys, and a key of another kind."""

import pytest
from simulated_issuer import Site, Wallet

from healthpassport.dids import resolve
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import public_key_from_jwk
from healthpassport.status import token_status_list as tsl


def test_an_issuer_under_a_path_publishes_its_did_there(tmp_path):
    site = Site(tmp_path, {"iss": "https://host.example:8443/surgery/one"})
    document = site.call("GET", "/surgery/one/did.json").json()
    did = "did:web:host.example%3A8443:surgery:one"
    assert document["id"] == did
    [url] = document["assertionMethod"]
    assert resolve(url, documents={did: document}).public_key == site.issuer.signer.public_key
    assert "authentication" not in document
    assert "secretKeyMultibase" not in document["verificationMethod"][0]
    assert site.call("GET", "/.well-known/did.json").status == 404
    metadata = site.call("GET", "/.well-known/jwt-vc-issuer/surgery/one").json()
    assert metadata["issuer"] == site.settings.iss


def test_an_issuer_at_an_ip_address_has_no_did(tmp_path):
    site = Site(tmp_path, {"iss": "https://192.0.2.1"})
    answer = site.call("GET", "/.well-known/did.json")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")
    assert site.call("GET", "/.well-known/jwt-vc-issuer").status == 200


@pytest.mark.parametrize("algorithm", ["ES384", "EdDSA"])
def test_an_issuer_signs_records_and_status_lists_with_the_key_it_has(tmp_path, algorithm):
    site = Site(tmp_path, {"algorithm": algorithm})
    key = site.issuer.signer.public_key
    assert key.algorithm == algorithm
    offered = site.call("GET", "/.well-known/openid-credential-issuer").json()
    configurations = offered["credential_configurations_supported"]
    for name, configuration in configurations.items():
        if name != "EmergencyCard":  # COSE names its algorithm in the card
            assert configuration["credential_signing_alg_values_supported"] == [algorithm]
    [jwk] = site.call("GET", "/.well-known/jwt-vc-issuer").json()["jwks"]["keys"]
    assert (jwk["alg"], public_key_from_jwk(jwk)) == (algorithm, key)
    document = site.call("GET", "/.well-known/did.json").json()
    [url] = document["assertionMethod"]
    assert resolve(url, documents={document["id"]: document}).public_key == key
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    text = wallet.ask_credential().json()["credentials"][0]["credential"]
    reference = tsl.reference(sd_jwt_vc.open_held(text).payload)
    listed = site.call("GET", "/status/1").body.decode()
    held = tsl.read(listed, expected_uri=reference.uri, keys=[key], now=site.now)
    assert held.get(reference.index) == tsl.VALID
