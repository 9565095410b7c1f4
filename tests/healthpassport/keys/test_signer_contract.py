"""What every signer owes, whatever holds its key: a new one is added to ``SIGNERS`` and must pass.

docs/keys.md names this file as the contract.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from tokens import PIN, tokens

from healthpassport import suites
from healthpassport.errors import JoseError
from healthpassport.jose import jws
from healthpassport.keys import Signer, generate_signer, load_signer, save_signer
from healthpassport.keys.requests import certificate_request

LENGTHS = {"ES256": 64, "ES384": 96, "EdDSA": 64}
MESSAGES = [b"", b"a", bytes(range(256)) * 64]


def _of_file(algorithm: str) -> Signer:
    path = Path(mkdtemp()) / "key.pem"
    return load_signer(save_signer(generate_signer(algorithm), path))


def _of_locked_file(algorithm: str) -> Signer:
    path = Path(mkdtemp()) / "key.pem"
    return load_signer(
        save_signer(generate_signer(algorithm), path, b"a passphrase"), b"a passphrase"
    )


def _of_token(algorithm: str) -> Signer:
    return load_signer(tokens().make("spare", f"contract-{algorithm}", algorithm))


SIGNERS: dict[str, Callable[[str], Signer]] = {
    "file": _of_file,
    "locked file": _of_locked_file,
    "pkcs11": _of_token,
}


@cache
def _signer(scheme: str, algorithm: str) -> Signer:
    return SIGNERS[scheme](algorithm)


@pytest.fixture(params=[(s, a) for s in SIGNERS for a in LENGTHS], ids=lambda p: f"{p[0]}-{p[1]}")
def signer(request) -> Signer:
    return _signer(*request.param)


def test_a_signer_names_the_algorithm_of_its_public_key(signer):
    assert signer.algorithm == signer.public_key.algorithm
    assert signer.algorithm in LENGTHS


@pytest.mark.parametrize("message", MESSAGES, ids=len)
def test_a_signature_has_jose_form_and_is_good_for_its_message_alone(signer, message):
    signature = signer.sign(message)
    assert len(signature) == LENGTHS[signer.algorithm]
    suites.verify(signer.public_key, signer.algorithm, signature, message)
    with pytest.raises(JoseError, match=r"^jws\.signature"):
        suites.verify(signer.public_key, signer.algorithm, signature, message + b".")


def test_a_token_that_a_signer_signed_is_read_by_everybody(signer):
    token = jws.sign(header={"typ": "x"}, payload={"a": 1}, signer=signer)
    found = jws.verify(
        token, key=signer.public_key, expected_typ="x", expected_algorithms=(signer.algorithm,)
    )
    assert found.claims == {"a": 1}


def test_many_threads_sign_at_once_and_every_signature_is_its_own(signer):
    messages = [b"%d" % number for number in range(24)]
    with ThreadPoolExecutor(12) as pool:
        signatures = list(pool.map(signer.sign, messages))
    for message, signature in zip(messages, signatures, strict=True):
        suites.verify(signer.public_key, signer.algorithm, signature, message)


def test_a_signer_shows_nothing_secret_and_cannot_be_changed(signer):
    assert PIN not in repr(signer)
    assert "PRIVATE" not in repr(signer).upper()
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        signer.public_key = None


def test_a_signer_asks_for_its_certificate(signer):
    from cryptography import x509  # noqa: PLC0415

    from healthpassport.keys.public import public_key_from_library  # noqa: PLC0415

    request = x509.load_pem_x509_csr(certificate_request(signer, host="issuer.example"))
    assert request.is_signature_valid
    assert public_key_from_library(request.public_key()) == signer.public_key
