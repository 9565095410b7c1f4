"""ML-DSA-44 keys: as JWK and back, by thumbprint, and only for their own algorithm."""

from __future__ import annotations

import hashlib

import pytest
from forge import b64

from healthpassport import suites
from healthpassport.errors import JoseError, KeyMaterialError
from healthpassport.keys import (
    generate_signer,
    load_signer,
    public_key_from_jwk,
    save_signer,
    signer_from_private_jwk,
)

SIGNER = generate_signer("ML-DSA-44")
JWK = SIGNER.public_key.jwk()


def refused(code, call, *given):
    with pytest.raises(KeyMaterialError) as caught:
        call(*given)
    assert caught.value.code == code


def test_a_key_comes_back_from_its_jwk():
    assert public_key_from_jwk(JWK) == SIGNER.public_key
    assert (JWK["kty"], JWK["alg"], len(SIGNER.public_key.raw)) == ("AKP", "ML-DSA-44", 1_312)


def test_the_thumbprint_goes_over_alg_kty_and_pub_in_this_order():
    text = f'{{"alg":"ML-DSA-44","kty":"AKP","pub":"{JWK["pub"]}"}}'
    assert SIGNER.public_key.thumbprint() == b64(hashlib.sha256(text.encode()).digest())


def test_a_private_key_comes_back_from_its_jwk_and_signs_the_same_way():
    again = signer_from_private_jwk(SIGNER.private_jwk())
    suites.verify(SIGNER.public_key, "ML-DSA-44", again.sign(b"message"), b"message")


def test_a_private_key_comes_back_from_its_file(tmp_path):
    uri = save_signer(SIGNER, tmp_path / "second.pem")
    assert load_signer(uri).public_key == SIGNER.public_key


def test_a_private_jwk_is_no_public_key():
    refused("jwk.private", public_key_from_jwk, SIGNER.private_jwk())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alg": "ML-DSA-65"}, "jws.key_alg_mismatch"),
        ({"alg": None}, "jws.key_alg_mismatch"),
        ({"pub": None}, "jwk.invalid"),
        ({"pub": "****"}, "jwk.invalid"),
        ({"pub": b64(bytes(1_311))}, "jwk.invalid"),
        ({"use": "enc"}, "jwk.use"),
    ],
)
def test_what_is_no_such_key_is_refused(change, code):
    refused(code, public_key_from_jwk, {**JWK, **change})


@pytest.mark.parametrize("seed", [None, "****", b64(bytes(31)), b64(bytes(33))])
def test_what_is_no_seed_is_refused(seed):
    refused("jwk.invalid", signer_from_private_jwk, {**JWK, "priv": seed})


def test_a_private_jwk_with_anothers_public_part_is_refused():
    other = generate_signer("ML-DSA-44").public_key.jwk()
    refused("jwk.invalid", signer_from_private_jwk, {**SIGNER.private_jwk(), **other})
    other_alg = {**SIGNER.private_jwk(), "alg": "ML-DSA-87"}
    refused("jws.key_alg_mismatch", signer_from_private_jwk, other_alg)


def test_no_caller_allows_it_without_saying_so():
    assert "ML-DSA-44" in suites.SUITES
    assert "ML-DSA-44" not in suites.SUPPORTED_ALGORITHMS


@pytest.mark.parametrize("length", [0, 64, 2_419, 2_421])
def test_a_signature_of_another_length_is_refused(length):
    with pytest.raises(JoseError):
        suites.verify(SIGNER.public_key, "ML-DSA-44", bytes(length), b"message")
