"""An issuer with a second, ML-DSA-44 key: what it signs, what it publishes, what it refuses."""

import json

import pytest
from cryptography import x509
from issuer_config import config_file
from simulated_issuer import Site, Wallet
from typer.testing import CliRunner

from healthpassport.dids import resolve
from healthpassport.errors import PassportError
from healthpassport.formats import ldp_vc, sd_jwt_vc
from healthpassport.formats.sd_jwt import second_signature
from healthpassport.keys import generate_signer, load_signer, public_key_from_jwk, save_signer
from healthpassport.keys.public import public_key_from_library
from issuer.cli import app

BOTH = ("dc+sd-jwt", "ldp_vc")


@pytest.fixture
def second(tmp_path):
    """The settings that name a second key, and the key."""
    signer = generate_signer("ML-DSA-44")
    secret = tmp_path / "second.pass"
    secret.write_text("correct horse battery\n")
    uri = save_signer(signer, tmp_path / "second.key", b"correct horse battery")
    return signer, {"second_key": uri, "second_key_passphrase_file": secret}


def collected(site, name):
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    assert wallet.ask_token().status == 200
    answer = wallet.ask_credential(name).json()
    return [entry["credential"] for entry in answer["credentials"]]


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_every_copy_bears_a_second_signature_of_its_own(tmp_path, second):
    signer, settings = second
    site = Site(tmp_path, settings)
    found = set()
    for text in collected(site, "AllergySummary"):
        parsed = sd_jwt_vc.parse(text)
        held = sd_jwt_vc.open_held(text)
        disclosure = held.places[(second_signature.CLAIM,)]
        second_signature.check(parsed, disclosure, key=signer.public_key)
        found.add(disclosure.value)
    assert len(found) > 1


def test_without_a_second_key_nothing_of_it_is_in_a_record(tmp_path):
    for text in collected(Site(tmp_path), "AllergySummary"):
        assert second_signature.HEADER not in sd_jwt_vc.parse(text).header
        assert second_signature.CLAIM not in sd_jwt_vc.open_held(text).payload


def test_a_w3c_record_of_the_same_issuer_bears_one_signature(tmp_path, second):
    _, settings = second
    site = Site(tmp_path, {**settings, "formats": BOTH})
    [document, *_] = collected(site, "AllergySummary.ldp_vc")
    assert second_signature.CLAIM not in json.dumps(document)
    assert ldp_vc.open_held(json.dumps(document)).payload["state"] == "items"
    [text, *_] = collected(site, "AllergySummary")
    assert (second_signature.CLAIM,) in sd_jwt_vc.open_held(text).places


def test_both_keys_are_published_under_their_thumbprints(tmp_path, second):
    signer, settings = second
    site = Site(tmp_path, settings)
    first = site.issuer.signer.public_key
    keys = site.call("GET", "/.well-known/jwt-vc-issuer").json()["jwks"]["keys"]
    assert [public_key_from_jwk(key) for key in keys] == [first, signer.public_key]
    assert (keys[1]["kty"], keys[1]["alg"], keys[1]["use"]) == ("AKP", "ML-DSA-44", "sig")
    assert keys[1]["kid"] == signer.public_key.thumbprint()
    assert "priv" not in keys[1]
    document = site.call("GET", "/.well-known/did.json").json()
    resolved = [
        resolve(u, documents={document["id"]: document}) for u in document["assertionMethod"]
    ]
    assert [method.public_key for method in resolved] == [first, signer.public_key]
    assert [m["type"] for m in document["verificationMethod"]] == ["Multikey", "JsonWebKey"]
    assert "https://w3id.org/security/jwk/v1" in document["@context"]


def test_the_metadata_names_the_algorithm_that_every_wallet_reads(tmp_path, second):
    site = Site(tmp_path, second[1])
    offered = site.call("GET", "/.well-known/openid-credential-issuer").json()
    configurations = offered["credential_configurations_supported"]
    for name, configuration in configurations.items():
        if name != "EmergencyCard":
            assert configuration["credential_signing_alg_values_supported"] == ["ES256"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"formats": ("ldp_vc",)}, "issuer.second_key"),
        ({"second_key_passphrase_file": None}, "key.unreadable"),
        ({"second_key": "file:///nowhere.key"}, "key.unreadable"),
        ({"second_key": "https://issuer.example/key"}, "key.uri"),
    ],
)
def test_a_second_key_that_cannot_be_used_stops_the_issuer(tmp_path, second, changes, code):
    with pytest.raises(PassportError) as caught:
        Site(tmp_path, {**second[1], **changes})
    assert caught.value.code == code


def test_a_second_key_of_another_kind_is_refused(tmp_path):
    uri = save_signer(generate_signer(), tmp_path / "other.key")
    with pytest.raises(PassportError, match=r"issuer\.second_key"):
        Site(tmp_path, {"second_key": uri})


def test_a_second_key_and_its_request_are_made_once(tmp_path):
    key, csr = tmp_path / "second.key", tmp_path / "second.csr"
    asked = ("keys", "second", "issuer.example", "--out", key, "--csr", csr)
    made = run(*asked, "--json")
    told = json.loads(made.stdout)
    signer = load_signer(told["key"])
    assert (signer.algorithm, signer.public_key.thumbprint()) == ("ML-DSA-44", told["thumbprint"])
    assert key.stat().st_mode & 0o077 == 0
    request = x509.load_pem_x509_csr(csr.read_bytes())
    assert request.is_signature_valid
    assert public_key_from_library(request.public_key()) == signer.public_key
    assert "PASSPORT_ISSUER_SECOND_KEY" in made.stderr
    assert run(*asked).exception.code == "key.exists"


def test_the_doctor_looks_at_the_second_key_where_there_is_one(tmp_path, second):
    site = Site(tmp_path, second[1])
    config = config_file(tmp_path, site.settings)
    assert "second key" not in run("doctor", "--config", config).stdout
    config_file(tmp_path, site.settings, more=("second_key",))
    assert "WRONG  second key" in run("doctor", "--config", config).stdout  # no passphrase
    config_file(tmp_path, site.settings, more=("second_key", "second_key_passphrase_file"))
    assert "ok     second key" in run("doctor", "--config", config).stdout
