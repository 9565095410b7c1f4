"""Which keys the authority certifies, and the proof that their owners have them."""

from __future__ import annotations

import pytest
from authority_world import ISSUER, NOW, VERIFIER, followed, jwk, refused
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from healthpassport.keys import generate_signer
from healthpassport.keys.x509 import validate_chain


def csr(key=None, *, tampered: bool = False) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest)
    der = request.public_bytes(Encoding.DER)
    if tampered:
        der = der[:-1] + bytes([der[-1] ^ 1])
        request = x509.load_der_x509_csr(der)
    return request.public_bytes(Encoding.PEM)


def test_a_signing_request_proves_the_possession_of_its_key(authority):
    assert authority.add_issuer(**ISSUER, csr_pem=csr(), now=NOW).not_after > NOW


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "authority.subject_key"),
        ({"csr_pem": csr(), "jwk": jwk()}, "authority.subject_key"),
        ({"csr_pem": b"x"}, "authority.csr"),
        ({"csr_pem": csr(tampered=True)}, "authority.csr"),
        ({"csr_pem": csr(rsa.generate_private_key(65537, 2048))}, "authority.csr"),
        ({"csr_pem": csr(ec.generate_private_key(ec.SECP384R1()))}, "authority.csr"),
        ({"jwk": generate_signer("ES384").public_key.jwk()}, "authority.csr"),
        ({"csr_pem": csr(ed25519.Ed25519PrivateKey.generate(), tampered=True)}, "authority.csr"),
        ({"jwk": generate_signer().private_jwk()}, "jwk.private"),
        ({"jwk": {}}, "jws.key_alg_mismatch"),
    ],
)
def test_a_key_that_cannot_be_certified(authority, given, code):
    refused(code, authority.add_issuer, **ISSUER, now=NOW, **given)


def test_an_issuer_may_have_an_ed25519_key_and_a_verifier_may_not(authority, tmp_path):
    key = ed25519.Ed25519PrivateKey.generate()
    certificate = authority.add_issuer(**ISSUER, csr_pem=csr(key), now=NOW)
    leaf = validate_chain(
        certificate.chain, anchors=(authority.anchor_der,), at=NOW, expected_host="issuer.example"
    )
    assert leaf.public_key.raw == key.public_key().public_bytes_raw()
    found = followed(authority, tmp_path)
    _, listed = found.issuer_key(
        iss=ISSUER["iss"],
        thumbprint=leaf.public_key.thumbprint(),
        record_type="AllergySummary",
        at=NOW,
    )
    assert listed.public_key == leaf.public_key
    jwk = leaf.public_key.jwk()
    refused(
        "authority.csr",
        authority.add_verifier,
        **VERIFIER,
        purposes=["emergency"],
        jwk=jwk,
        now=NOW,
    )
