"""A post-quantum key beside an issuer's certified one: listed, told, taken off."""

from __future__ import annotations

import json

import pytest
from authority_world import ISSUER, NOW, VERIFIER, followed, jwk, refused
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authority.service.checking import Level, check_authority
from healthpassport.keys import generate_signer

SECOND = generate_signer("ML-DSA-44")
KEY = jwk()


def csr(signer=SECOND, *, tampered=False):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer.example")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    der = builder.sign(signer.private_key, None).public_bytes(Encoding.DER)
    if tampered:
        der = der[:-1] + bytes([der[-1] ^ 1])
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)


def added(authority, **second):
    return authority.add_issuer(**ISSUER, jwk=KEY, now=NOW, **second).public_key.thumbprint()


def listed(authority, tmp_path):
    [issuer] = followed(authority, tmp_path).issuers
    return issuer.keys[0].second_key


def changes(tmp_path):
    log = json.loads((tmp_path / "www" / "changelog.json").read_bytes())
    return [(change["action"], change["what"]) for change in log["changes"]]


@pytest.mark.parametrize("given", ["second_csr_pem", "second_jwk"])
def test_a_second_key_is_listed_with_the_first_and_told_to_everybody(authority, tmp_path, given):
    values = {"second_csr_pem": csr(), "second_jwk": SECOND.public_key.jwk()}
    added(authority, **{given: values[given]})
    assert listed(authority, tmp_path) == SECOND.public_key
    [(action, what)] = changes(tmp_path)
    assert action == "added"
    assert f"ML-DSA-44 key {SECOND.public_key.thumbprint()}" in what
    assert "ML-DSA-44 key" in (tmp_path / "www" / "changelog.md").read_text()


def test_no_second_key_stands_in_a_list_unless_it_is_asked_for(authority, tmp_path):
    added(authority)
    assert listed(authority, tmp_path) is None
    text = next((tmp_path / "www" / "targets").glob("*.json")).read_text()
    assert "secondJwk" not in text


def test_a_key_that_is_listed_gets_a_second_one_another_and_none(authority, tmp_path):
    thumbprint = added(authority)
    other = generate_signer("ML-DSA-44")
    for signer in (SECOND, other):
        found = authority.set_second_key(ISSUER["iss"], thumbprint, now=NOW, csr_pem=csr(signer))
        assert found == signer.public_key
        assert listed(authority, tmp_path) == signer.public_key
    assert authority.set_second_key(ISSUER["iss"], thumbprint, now=NOW) is None
    assert listed(authority, tmp_path) is None
    assert [action for action, _ in changes(tmp_path)] == ["added", "added", "added", "removed"]
    assert all(thumbprint in what for _, what in changes(tmp_path)[1:])


def test_check_says_where_a_second_key_stands(authority):
    added(authority, second_csr_pem=csr())
    said = [f for f in check_authority(authority.store, published=None, now=NOW) if f.message]
    [finding] = [f for f in said if "post-quantum key" in f.message]
    assert finding.level is Level.OK
    assert SECOND.public_key.thumbprint()[:8] in finding.message


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"second_csr_pem": csr(), "second_jwk": jwk()}, "authority.subject_key"),
        ({"second_csr_pem": csr(tampered=True)}, "authority.csr"),
        ({"second_csr_pem": csr(generate_signer("EdDSA"))}, "authority.csr"),
        ({"second_csr_pem": b"x"}, "authority.csr"),
        ({"second_jwk": jwk()}, "authority.csr"),
        ({"second_jwk": SECOND.private_jwk()}, "jwk.private"),
        ({"second_jwk": {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AA"}}, "jws.key_alg_mismatch"),
    ],
)
def test_what_is_no_second_key_is_refused(authority, second, code):
    refused(code, added, authority, **second)


def test_a_post_quantum_key_is_never_certified(authority):
    pem = csr()
    refused("authority.csr", authority.add_issuer, **ISSUER, csr_pem=pem, now=NOW)
    purposes = ["emergency"]
    refused(
        "authority.csr", authority.add_verifier, **VERIFIER, purposes=purposes, csr_pem=pem, now=NOW
    )


def test_a_second_key_needs_a_listed_key_and_one_owner(authority):
    iss, pem = ISSUER["iss"], csr()
    refused("authority.unknown", authority.set_second_key, iss, "x" * 43, now=NOW, csr_pem=pem)
    thumbprint = added(authority)
    refused("authority.unknown", authority.set_second_key, iss, "x" * 43, now=NOW, csr_pem=pem)
    refused("authority.unknown", authority.set_second_key, iss, thumbprint, now=NOW)
    authority.set_second_key(iss, thumbprint, now=NOW, csr_pem=pem)
    other = {**ISSUER, "iss": "https://b.example", "status_lists": ["https://b.example/status/1"]}
    again = {"jwk": jwk(), "second_csr_pem": pem}
    refused("trust.duplicate", authority.add_issuer, **other, **again, now=NOW)
