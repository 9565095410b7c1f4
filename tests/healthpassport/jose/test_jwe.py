"""Encrypted answers: what is refused before any cipher work, and what fails in it."""

from __future__ import annotations

import json

import pytest
from forge import b64
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from healthpassport.errors import PassportError
from healthpassport.jose import jwe

PRIVATE, PUBLIC = jwe.generate_encryption_key("transaction-1")
TOKEN = jwe.encrypt(b"the answer", recipient_jwk=PUBLIC)


def refused(token: str, code: str, **changes: object) -> None:
    with pytest.raises(PassportError) as refusal:
        jwe.decrypt(token, **({"private_key": PRIVATE} | changes))
    assert refusal.value.code == code


def with_header(**changes: object) -> str:
    """The sound token with another header; a change to None leaves the member out."""
    first, *rest = TOKEN.split(".")
    header = json.loads(jwe.b64url_decode(first)) | changes
    kept = {name: value for name, value in header.items() if value is not None}
    return ".".join([b64(json.dumps(kept)), *rest])


@pytest.mark.parametrize("encryption", ["A128GCM", "A256GCM"])
def test_what_is_encrypted_is_read_by_its_key_alone(encryption):
    token = jwe.encrypt(
        b"x" * 5000, recipient_jwk=PUBLIC, encryption=encryption, apu=b"a", apv=b"b"
    )
    assert jwe.decrypt(token, private_key=PRIVATE) == b"x" * 5000
    header = jwe.read_header(token)
    assert (header["kid"], header["apu"], header["apv"]) == ("transaction-1", "YQ", "Yg")
    stranger, _ = jwe.generate_encryption_key("transaction-1")
    refused(token, "jwe.decrypt", private_key=stranger)


def test_another_implementation_reads_it_and_writes_for_it():
    message = JWE()
    message.deserialize(TOKEN, JWK(**PRIVATE.jwk))
    assert message.payload == b"the answer"
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": "transaction-1"}
    theirs = JWE(b"theirs", json.dumps(header), recipient=JWK(**PUBLIC))
    assert jwe.decrypt(theirs.serialize(compact=True), private_key=PRIVATE) == b"theirs"


def test_the_private_key_is_not_shown():
    assert str(PRIVATE.jwk["d"]) not in repr(PRIVATE)
    assert "d" not in PUBLIC


@pytest.mark.parametrize("kid", ["transaction-2", None, 7])
def test_vpr_015_a_message_for_another_transaction_is_refused(kid):
    refused(with_header(kid=kid), "jwe.decrypt")
    refused(TOKEN, "jwe.decrypt", expected_kid="transaction-2")


def test_vpr_016_a_compressed_bomb_is_refused_unopened():
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": "transaction-1", "zip": "DEF"}
    bomb = JWE(bytes(10_000_000), json.dumps(header), recipient=JWK(**PUBLIC))
    token = bomb.serialize(compact=True)
    assert len(token) < 20_000
    refused(token, "jwe.zip_not_allowed")
    refused(with_header(zip="DEF"), "jwe.zip_not_allowed")


OFF_CURVE = {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(31) + b"\x01")}
HEADERS = {
    "vpr-017-rsa": {"alg": "RSA1_5"},
    "vpr-017-dir": {"alg": "dir"},
    "vpr-017-pbes2": {"alg": "PBES2-HS256+A128KW", "p2c": 2**31, "p2s": "AAAA"},
    "vpr-017-wrapped": {"alg": "ECDH-ES+A128KW"},
    "vpr-017-off-curve": {"epk": OFF_CURVE},
    "vpr-017-infinity": {"epk": OFF_CURVE | {"y": b64(bytes(32))}},
    "vpr-017-low-order": {"epk": {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))}},
    "vpr-017-another-curve": {"epk": {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32))}},
    "vpr-017-no-key": {"epk": None},
    "vpr-017-key-as-text": {"epk": "key"},
    "vpr-017-private": {"epk": PRIVATE.jwk},
    "cbc": {"enc": "A128CBC-HS256"},
    "no-enc": {"enc": None},
    "alg-as-list": {"alg": ["ECDH-ES"]},
}


@pytest.mark.parametrize("changes", HEADERS.values(), ids=HEADERS)
def test_another_algorithm_or_key_is_refused_before_any_cipher_work(changes):
    refused(with_header(**changes), "jwe.alg_not_allowed")


def test_an_encrypted_key_has_no_place_here():
    first, _, rest = TOKEN.split(".", 2)
    refused(f"{first}.AAAA.{rest}", "jwe.alg_not_allowed")


@pytest.mark.parametrize("encryption", ["A128GCM", "A256GCM"])
def test_a_verifier_may_allow_one_encryption_only(encryption):
    token = jwe.encrypt(b"x", recipient_jwk=PUBLIC, encryption=encryption)
    assert jwe.decrypt(token, private_key=PRIVATE, expected_encryption=[encryption])
    other = {"A128GCM", "A256GCM"} - {encryption}
    refused(token, "jwe.alg_not_allowed", expected_encryption=other)


@pytest.mark.parametrize(
    "changes", [{"apu": "YQ"}, {"apv": "YQ"}], ids=["vpr-019-apu", "vpr-019-apv"]
)
def test_an_altered_party_name_is_refused(changes):
    refused(with_header(**changes), "jwe.decrypt")


SYNTAX = {
    "critical": (with_header(crit=["x"], x=1), "jwe.syntax"),
    "unknown-member": (with_header(jku="https://evil.example"), "jwe.syntax"),
    "apu-as-number": (with_header(apu=1), "jwe.syntax"),
    "apv-padded": (with_header(apv="YQ=="), "b64.not_canonical"),
    "four-parts": (TOKEN.rpartition(".")[0], "jwe.syntax"),
    "six-parts": (TOKEN + ".AA", "jwe.syntax"),
    "json-form": ("{}", "jwe.syntax"),
    "empty": ("", "jwe.syntax"),
    "padded-tag": (TOKEN + "==", "b64.not_canonical"),
    "header-twice": (b64('{"alg":"a","alg":"b"}') + "....", "json.duplicate_key"),
    "too-large": ("A" * 1_048_577, "limit.size"),
    "short-tag": (TOKEN.rpartition(".")[0] + ".AAAA", "jwe.decrypt"),
    "no-tag": (TOKEN.rpartition(".")[0] + ".", "jwe.decrypt"),
}


@pytest.mark.parametrize(("token", "code"), SYNTAX.values(), ids=SYNTAX)
def test_text_that_is_not_strict_is_refused(token, code):
    refused(token, code)


def test_no_character_of_a_message_can_be_changed():
    for place in range(len(TOKEN)):
        other = "A" if TOKEN[place] != "A" else "B"
        with pytest.raises(PassportError):
            jwe.decrypt(TOKEN[:place] + other + TOKEN[place + 1 :], private_key=PRIVATE)


BAD_RECIPIENTS = {
    "private": PRIVATE.jwk,
    "off-curve": OFF_CURVE,
    "another-algorithm": PUBLIC | {"alg": "RSA-OAEP"},
    "p384": {"kty": "EC", "crv": "P-384", "x": b64(bytes(48)), "y": b64(bytes(48))},
    "ed25519": {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32))},
    "empty": {},
}


@pytest.mark.parametrize("jwk", BAD_RECIPIENTS.values(), ids=BAD_RECIPIENTS)
def test_nothing_is_encrypted_to_what_is_no_public_key_of_p256(jwk):
    with pytest.raises(PassportError, match=r"jwe\.alg_not_allowed"):
        jwe.encrypt(b"x", recipient_jwk=jwk)


def test_nothing_is_encrypted_with_another_cipher():
    with pytest.raises(PassportError, match=r"jwe\.alg_not_allowed"):
        jwe.encrypt(b"x", recipient_jwk=PUBLIC, encryption="A128CBC-HS256")


def test_a_recipient_without_a_name_gets_none():
    bare = {n: PUBLIC[n] for n in ("kty", "crv", "x", "y")}
    token = jwe.encrypt(b"x", recipient_jwk=bare)
    assert "kid" not in jwe.read_header(token)
    named = jwe.encrypt(b"x", recipient_jwk=bare, kid="transaction-1")
    assert jwe.decrypt(named, private_key=PRIVATE) == b"x"
