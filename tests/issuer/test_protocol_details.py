"""What OpenID4VCI 1.0 asks of an issuer besides its flows: levels, identifiers, signatures."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode

import pytest
from attested_keys import ROOT, attested
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from issuer_config import variables
from returning_wallet import Returning, offered, source_site
from simulated_issuer import NOW, Site, Wallet, refused

from healthpassport.errors import SettingsError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer, public_key_from_certificate
from issuer import service, settings
from issuer.api.negotiation import prefers

METADATA = "/.well-known/openid-credential-issuer"
JWT, JSON = "application/jwt", "application/json"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def detail(*names, **more):
    found = [{"type": "openid_credential", "credential_configuration_id": n} | more for n in names]
    return {"authorization_details": json.dumps(found)}


def test_who_asks_for_less_than_was_offered_gets_less_and_the_rest_is_forgotten(site):
    wallet = Wallet(site, site.offer())
    told = wallet.ask_token(**detail("AllergySummary", claims=[], anything=1)).json()
    assert [one["credential_configuration_id"] for one in told["authorization_details"]] == [
        "AllergySummary"
    ]
    proofs = {"jwt": [wallet.proof(wallet.nonce())]}
    other = {"credential_identifier": "PatientIdentity", "proofs": proofs}
    refused(wallet.post("/credential", other), "unknown_credential_identifier")
    (identifier,) = told["authorization_details"][0]["credential_identifiers"]
    asked = {"credential_identifier": identifier, "proofs": proofs}
    assert wallet.post("/credential", asked).status == 200


def test_a_record_comes_with_the_nonce_for_the_next_one(site):
    wallet = Wallet(site, site.offer())
    wallet.ask_token()

    def asked(name, nonce):
        proofs = {"jwt": [wallet.proof(nonce)]}
        asks = {"credential_configuration_id": name, "proofs": proofs}
        return wallet.post("/credential", asks)

    used = wallet.nonce()
    following = asked("PatientIdentity", used).json()["c_nonce"]
    refused(asked("AllergySummary", used), "invalid_nonce")
    assert asked("AllergySummary", following).status == 200
    assert following != used


def test_the_nonce_for_the_next_one_can_be_left_out(tmp_path):
    site = Site(tmp_path, {"nonce_with_records": False})
    wallet = Wallet(site, site.offer())
    wallet.ask_token()
    proofs = {"jwt": [wallet.proof(wallet.nonce())]}
    asked = {"credential_configuration_id": "AllergySummary", "proofs": proofs}
    assert set(wallet.post("/credential", asked).json()) == {"credentials", "notification_id"}


def test_each_detail_gives_its_own_identifiers(site):
    wallet = Wallet(site, site.offer())
    told = wallet.ask_token(**detail("PatientIdentity", "AllergySummary", "PatientIdentity"))
    named = [one["credential_configuration_id"] for one in told.json()["authorization_details"]]
    assert named == ["PatientIdentity", "AllergySummary"]
    for name in named:
        proofs = {"jwt": [wallet.proof(wallet.nonce())]}
        answer = wallet.post("/credential", {"credential_identifier": name, "proofs": proofs})
        assert answer.status == 200


def test_a_wallet_that_comes_back_may_ask_by_identifiers_too(tmp_path):
    site = source_site(tmp_path)
    wallet = Returning.of(site, offered(site))
    old = wallet.refresh_token
    refused(wallet.refresh(**detail("Nothing")), "invalid_authorization_details")
    refused(wallet.refresh(authorization_details="[5]"), "invalid_authorization_details")
    assert wallet.refresh_token == old
    told = wallet.refresh(**detail("AllergySummary")).json()["authorization_details"]
    assert told == [
        {
            "type": "openid_credential",
            "credential_configuration_id": "AllergySummary",
            "credential_identifiers": ["AllergySummary"],
        }
    ]
    refused(wallet.ask_credential(), "invalid_credential_request")
    proofs = {"jwt": [wallet.proof(wallet.nonce())]}
    asked = {"credential_identifier": "AllergySummary", "proofs": proofs}
    assert wallet.post("/credential", asked).status == 200


def test_an_unknown_scope_is_ignored_with_a_code_that_was_authorised_before(site):
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token(scope="anything").status == 200
    assert wallet.ask_credential().status == 200


def test_a_wallet_may_name_the_issuer_as_its_resource(site):
    wallet = Wallet(site, site.offer())
    assert wallet.ask_token(resource=site.settings.iss).status == 200


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        ("", False),
        ("*/*", False),
        ("application/*", False),
        (JSON, False),
        (JWT, True),
        ("Application/JWT", True),
        (f"{JWT}, {JSON}", True),
        (f"{JSON}, {JWT}", False),
        (f"{JSON};q=0.5, {JWT}", True),
        (f"{JWT};q=0.5, {JSON}", False),
        (f"{JWT};q=0", False),
        (f"{JWT};q=x", False),
        (f"{JWT};q=0.2;v=1, */*", True),
        ("text/html," * 40 + JWT, False),
    ],
)
def test_who_prefers_the_signed_form_gets_it(accept, signed):
    assert prefers(accept, JWT, over=JSON) is signed


def test_signed_metadata_is_the_metadata_signed_by_the_key_of_the_records(site):
    plain, answer = site.call("GET", METADATA), site.call("GET", METADATA, headers={"accept": JWT})
    assert plain.headers["content-type"] == JSON
    assert plain.headers["vary"] == "accept"
    assert (answer.status, answer.headers["content-type"]) == (200, JWT)
    assert answer.headers["vary"] == "accept"
    token = jws.parse(answer.body.decode())
    assert token.certificates() == site.issuer.x5c
    claims = jws.verify(
        token,
        key=public_key_from_certificate(token.certificates()[0]),
        expected_typ="openidvci-issuer-metadata+jwt",
        expected_algorithms=("ES256",),
    ).claims
    assert claims["sub"] == claims["iss"] == site.settings.iss
    assert claims["iat"] <= NOW.timestamp() < claims["exp"]
    assert {
        k: v for k, v in claims.items() if k not in {"iss", "sub", "iat", "exp"}
    } == plain.json()


def test_metadata_is_signed_anew_each_hour(site):
    def signed():
        return site.call("GET", METADATA, headers={"accept": JWT}).body

    first = signed()
    site.pass_time(minutes=59)
    assert signed() == first
    site.pass_time(minutes=1)
    assert signed() != first


def test_claims_have_their_names_in_both_languages(site):
    told = site.call("GET", METADATA).json()["credential_configurations_supported"]
    claims = told["AllergySummary"]["credential_metadata"]["claims"]
    (number,) = [claim for claim in claims if claim["path"] == ["nhsNumber"]]
    assert [one["locale"] for one in number["display"]] == ["en", "cy"]
    assert number["display"][0]["name"] == "NHS number"
    assert next(claim["path"] for claim in claims if claim["mandatory"]) == ["source"]


@pytest.fixture
def strict(tmp_path):
    """An issuer that gives nothing to keys that nobody vouches for."""
    root = tmp_path / "attesters.pem"
    root.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    changes = {
        "key_attesters": root,
        "key_attestation_required": True,
        "key_storage": ("iso_18045_high",),
    }
    folder = tmp_path / "strict"
    folder.mkdir()
    return Site(folder, changes)


def test_the_metadata_says_which_attestations_do(strict, site):
    told = strict.call("GET", METADATA).json()["credential_configurations_supported"]
    asked = {"key_storage": ["iso_18045_high"]}
    for kind in ("jwt", "attestation"):
        assert told["AllergySummary"]["proof_types_supported"][kind] == {
            "proof_signing_alg_values_supported": ["ES256"],
            "key_attestations_required": asked,
        }
    plain = site.call("GET", METADATA).json()["credential_configurations_supported"]
    assert list(plain["AllergySummary"]["proof_types_supported"]) == ["jwt"]


def ready(site):
    wallet = Returning.of(site)
    return wallet, wallet.nonce(), generate_signer()


def vouched(nonce, *keys, **claims):
    jwks = [key.public_key.jwk() for key in keys]
    return attested(keys=jwks, nonce=nonce, **({"key_storage": ["iso_18045_high"]} | claims))


def requested(wallet, **proofs):
    value = {"credential_configuration_id": "AllergySummary", "proofs": proofs}
    return wallet.post("/credential", value)


def with_attestation(wallet, nonce, key, token):
    head = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.jwk(), "key_attestation": token}
    claims = {"aud": wallet.iss, "iat": int(NOW.timestamp()), "nonce": nonce}
    return jws.sign(header=head, payload=claims, signer=key)


def test_attested_keys_get_a_copy_each(strict):
    wallet, nonce, key = ready(strict)
    others = [generate_signer() for _ in range(3)]
    proof = with_attestation(wallet, nonce, key, vouched(nonce, key, *others))
    assert len(requested(wallet, jwt=[proof]).json()["credentials"]) == 4


def test_an_attestation_alone_gets_a_copy_for_each_key(strict):
    wallet, nonce, key = ready(strict)
    token = vouched(nonce, key, *(generate_signer() for _ in range(9)))
    answer = requested(wallet, attestation=[token])
    assert len(answer.json()["credentials"]) == strict.settings.batch_size
    assert requested(wallet, attestation=[token]).json() == answer.json()


def test_keys_that_nobody_vouches_for_get_nothing(strict):
    wallet, nonce, key = ready(strict)
    refused(requested(wallet, jwt=[wallet.proof(nonce)]), "invalid_proof")
    weak = vouched(nonce, key, key_storage=["iso_18045_basic"])
    refused(requested(wallet, attestation=[weak]), "invalid_proof")
    proof = with_attestation(wallet, nonce, key, vouched(nonce, generate_signer()))
    refused(requested(wallet, jwt=[proof]), "invalid_proof")
    assert service.issued(strict.issuer) == ()


def test_the_nonce_of_an_attestation_is_ours_and_used_once(strict):
    wallet, nonce, key = ready(strict)
    refused(requested(wallet, attestation=[vouched("theirs", key)]), "invalid_nonce")
    proof = with_attestation(wallet, nonce, key, vouched("theirs", key))
    refused(requested(wallet, jwt=[proof]), "invalid_nonce")
    assert requested(wallet, attestation=[vouched(nonce, key)]).status == 200
    again = Returning.of(strict)
    refused(requested(again, attestation=[vouched(nonce, key)]), "invalid_nonce")


def test_an_issuer_that_believes_nobody_takes_no_attestation_for_a_proof(site):
    wallet, nonce, key = ready(site)
    refused(requested(wallet, attestation=[vouched(nonce, key)]), "invalid_proof")
    ignored = with_attestation(wallet, nonce, key, vouched("theirs", key))
    assert requested(wallet, jwt=[ignored]).status == 200


def test_levels_without_anybody_to_believe_are_a_mistake(monkeypatch, site):
    for name, value in variables(site.settings).items():
        monkeypatch.setenv(name, value)
    settings.load()
    monkeypatch.setenv("PASSPORT_ISSUER_KEY_STORAGE", '["iso_18045_high"]')
    with pytest.raises(SettingsError, match=r"^issuer\.settings"):
        settings.load()


def test_a_record_is_given_again_for_new_keys_only_where_the_setting_says_so(tmp_path):
    site = Site(tmp_path, {"collect_again": True})
    wallet = Returning.of(site)
    answers = [wallet.ask_credential() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    wallet.accept(answers[0])
    kept = [wallet.proof(wallet.nonce())]
    first = wallet.ask_credential(proofs=kept)
    assert wallet.ask_credential(proofs=kept).json() == first.json()
    for _ in range(6):
        assert wallet.ask_credential().status == 200
    refused(wallet.ask_credential(), "invalid_credential_request")
    assert len(service.issued(site.issuer)) == 10
    assert all(one.status == 0 for one in service.issued(site.issuer))
    assert b"Penicillin" not in site.files()
    site.pass_time(minutes=10)
    service.sweep(site.issuer)
    refused(wallet.ask_credential(), "invalid_token", 401)


def test_vci_006_a_pin_is_compared_as_a_whole_by_digests(site, monkeypatch):
    """No prefix of the right PIN can be told from another: what is compared has none of it."""
    seen = []
    whole = hmac.compare_digest

    def watched(ours, theirs):
        seen.append((ours, theirs))
        return whole(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    wallet = Wallet(site, site.offer())
    pin = wallet.made.pin
    last = str((int(pin[-1]) + 1) % 10)
    first = str((int(pin[0]) + 1) % 10)
    answers = [wallet.ask_token(one) for one in (pin[:-1] + last, first + pin[1:], pin[:3])]
    for answer in answers:
        refused(answer, "invalid_grant")
    assert len({json.dumps(answer.json()) for answer in answers}) == 1
    assert len(seen) == 3
    for ours, theirs in seen:
        assert len(ours) == len(theirs) == 43
        assert pin not in theirs
    digests = [ours for ours, _ in seen]
    assert len(set(digests)) == 3


def test_certificates_of_signed_metadata_hold_no_anchor(site):
    token = site.call("GET", METADATA, headers={"accept": JWT}).body.decode()
    (leaf,) = jws.parse(token).header["x5c"]
    certificate = load_der_x509_certificate(b64decode(leaf))
    assert certificate.issuer != certificate.subject
