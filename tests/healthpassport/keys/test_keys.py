"""Keys: what is read from a JWK or a file, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from forge import b64
from simulated_ca import make

from healthpassport.errors import KeyMaterialError
from healthpassport.keys import (
    generate_signer,
    load_signer,
    public_key_from_certificate,
    public_key_from_jwk,
    save_signer,
    signer_from_private_jwk,
)
from healthpassport.keys.public import public_key_from_library
from healthpassport.keys.signer import signer_from_library

ALGORITHMS = pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
P256 = generate_signer()
ED25519 = generate_signer("EdDSA")


def refuses(code: str):
    return pytest.raises(KeyMaterialError, match=f"^{code}")


@ALGORITHMS
def test_a_key_survives_the_way_through_its_jwk(algorithm):
    signer = generate_signer(algorithm)
    assert public_key_from_jwk(signer.public_key.jwk()) == signer.public_key
    assert signer_from_private_jwk(signer.private_jwk()) == signer
    assert hash(signer.public_key) == hash(public_key_from_jwk(signer.public_key.jwk()))


def test_the_thumbprint_is_that_of_rfc_7638_and_rfc_8037():
    # RFC 8037 appendix A.3
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert public_key_from_jwk(jwk).thumbprint() == expected


@ALGORITHMS
def test_a_private_key_is_not_shown(algorithm):
    signer = generate_signer(algorithm)
    assert str(signer.private_jwk()["d"]) not in repr(signer)
    assert "private" not in repr(signer)


def test_a_thumbprint_needs_only_the_required_members():
    jwk = P256.public_key.jwk() | {"kid": "x", "use": "sig", "alg": "ES256", "key_ops": ["verify"]}
    assert public_key_from_jwk(jwk).thumbprint() == P256.public_key.thumbprint()


JWK = P256.public_key.jwk()
OKP = ED25519.public_key.jwk()
BAD = {
    "private": (P256.private_jwk(), "jwk.private"),
    "symmetric": ({"kty": "oct", "k": "AAAA"}, "jwk.private"),
    "encryption": (JWK | {"use": "enc"}, "jwk.use"),
    "operations": (JWK | {"key_ops": ["deriveBits"]}, "jwk.use"),
    "operations-as-text": (JWK | {"key_ops": "verify"}, "jwk.use"),
    "other-algorithm": (JWK | {"alg": "ES384"}, "jws.key_alg_mismatch"),
    "rsa": ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "jws.key_alg_mismatch"),
    "no-type": ({}, "jws.key_alg_mismatch"),
    "koblitz": (JWK | {"crv": "secp256k1"}, "jws.key_alg_mismatch"),
    "no-curve": ({"kty": "EC"}, "jws.key_alg_mismatch"),
    "curve-as-list": (JWK | {"crv": ["P-256"]}, "jws.key_alg_mismatch"),
    "x25519": (OKP | {"crv": "X25519"}, "jws.key_alg_mismatch"),
    "no-x": ({"kty": "EC", "crv": "P-256", "y": JWK["y"]}, "jwk.invalid"),
    "x-as-number": (JWK | {"x": 1}, "jwk.invalid"),
    "padded": (JWK | {"x": f"{JWK['x']}="}, "jwk.invalid"),
    "off-the-curve": (JWK | {"y": JWK["x"]}, "jwk.invalid_point"),
    "short": (OKP | {"x": b64(bytes(31))}, "jwk.invalid_point"),
}


@pytest.mark.parametrize(("jwk", "code"), BAD.values(), ids=BAD)
def test_a_jwk_that_is_not_a_public_signing_key_is_refused(jwk, code):
    with refuses(code):
        public_key_from_jwk(jwk)


def test_an_encryption_key_is_read_where_one_is_wanted():
    jwk = JWK | {"use": "enc", "alg": "ECDH-ES", "key_ops": []}
    assert public_key_from_jwk(jwk, use="enc") == P256.public_key


PRIVATE = P256.private_jwk()
BAD_PRIVATE = {
    "public": JWK,
    "no-curve": {"d": PRIVATE["d"]},
    "unknown-curve": PRIVATE | {"crv": "P-521"},
    "not-base64": PRIVATE | {"d": "!"},
    "zero": PRIVATE | {"d": b64(bytes(32))},
    "short-ed25519": ED25519.private_jwk() | {"d": b64(bytes(31))},
    "another-public-part": PRIVATE | generate_signer().public_key.jwk(),
    "no-public-part": {"crv": "P-256", "d": PRIVATE["d"]},
}


@pytest.mark.parametrize("jwk", BAD_PRIVATE.values(), ids=BAD_PRIVATE)
def test_a_private_jwk_that_does_not_hold_together_is_refused(jwk):
    with refuses("jwk.invalid"):
        signer_from_private_jwk(jwk)


def test_no_key_is_made_for_an_algorithm_outside_the_table():
    with refuses("jws.alg_not_allowed"):
        generate_signer("HS256")


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP521R1()), x25519.X25519PrivateKey.generate()]
)
def test_a_key_of_the_library_that_no_algorithm_uses_is_refused(key):
    with refuses("jws.key_alg_mismatch"):
        public_key_from_library(key.public_key())


def test_bytes_that_are_no_certificate_are_refused():
    with refuses("key.certificate"):
        public_key_from_certificate(b"not a certificate")


def test_a_certificate_for_a_kind_of_key_that_nobody_knows_is_refused():
    der = make("Nobody", None, host="nobody.example").der
    known, unknown = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f")
    assert der.count(known) == 1
    with refuses("key.certificate"):
        public_key_from_certificate(der.replace(known, unknown))


@ALGORITHMS
@pytest.mark.parametrize("passphrase", [None, b"a passphrase"])
def test_a_key_file_gives_back_its_signer_and_is_the_owners_alone(tmp_path, algorithm, passphrase):
    signer = generate_signer(algorithm)
    uri = save_signer(signer, tmp_path / "my key.pem", passphrase)
    assert load_signer(uri, passphrase) == signer
    assert stat.S_IMODE((tmp_path / "my key.pem").stat().st_mode) == 0o600


def test_a_relative_key_uri_is_read_from_the_working_folder(tmp_path, monkeypatch):
    save_signer(P256, tmp_path / "key.pem")
    monkeypatch.chdir(tmp_path)
    assert load_signer("file:key.pem") == P256


@pytest.mark.parametrize("passphrase", [None, b"another passphrase"])
def test_a_key_file_opens_with_its_own_passphrase_only(tmp_path, passphrase):
    uri = save_signer(P256, tmp_path / "key.pem", b"a passphrase")
    with refuses("key.unreadable"):
        load_signer(uri, passphrase)


def test_a_key_file_that_needs_no_passphrase_takes_none(tmp_path):
    uri = save_signer(P256, tmp_path / "key.pem")
    with refuses("key.unreadable"):
        load_signer(uri, b"a passphrase")


def test_a_key_file_is_never_overwritten(tmp_path):
    save_signer(P256, tmp_path / "key.pem")
    with refuses("key.exists"):
        save_signer(ED25519, tmp_path / "key.pem")
    assert load_signer(f"file:{tmp_path}/key.pem") == P256


def test_a_key_file_that_is_missing_or_cannot_be_written_says_so(tmp_path):
    with refuses("key.unreadable"):
        load_signer(f"file:{tmp_path}/absent.pem")
    with refuses("key.unreadable"):
        save_signer(P256, tmp_path / "absent" / "key.pem")


def test_a_key_file_of_another_kind_is_refused(tmp_path: Path):
    rsa_key = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "rsa.pem"
    path.write_bytes(rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with refuses("jws.key_alg_mismatch"):
        load_signer(path.as_uri())
    with refuses("jws.key_alg_mismatch"):
        signer_from_library(rsa_key)


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=a",
        "awskms:key",
        "key.pem",
        "https://x.example/k",
        "file://host/k",
        "file:",
        "file:k?a",
    ],
)
def test_a_key_uri_of_another_scheme_is_refused(uri):
    with refuses("key.uri"):
        load_signer(uri)
