"""Multikey: published keys of every type, and what is refused."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from forge import b64
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport import multibase
from healthpassport.errors import KeyMaterialError
from healthpassport.keys import (
    generate_signer,
    public_key_from_jwk,
    public_key_from_multikey,
    signer_from_multikey,
)
from healthpassport.keys.bls import BlsPublicKey
from healthpassport.keys.multikey import multikey

# Controlled Identifiers 1.0, Multikey examples.
P256 = "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"
P384 = "z82LkvCwHNreneWpsgPEbV3gu1C6NFJEBg4srfJ5gdxEsMGRJUz2sG9FE42shbn2xkZJh54"
ED25519 = "z6Mkf5rGMoatrSj1f4CyvuHBeXJELe9RPdzo2PKGNCKVtZxP"
BLS = (
    "zUC7EK3ZakmukHhuncwkbySmomv3FmrkmS36E4Ks5rsb6VQSRpoCrx6Hb8e2Nk6UvJFSdyw9NK1scFXJp21gNNYFj"
    "VWNgaqyGnkyhtagagCpQb5B7tagJu3HDbjQ8h5ypoHjwBb"
)
PUBLISHED = {"ES256": P256, "ES384": P384, "EdDSA": ED25519, "BBS": BLS}
SIGNERS = pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
MULTICODEC = {"ES256": (0x1200, 0x1306), "ES384": (0x1201, 0x1307), "EdDSA": (0xED, 0x1300)}


def refuses(code: str):
    return pytest.raises(KeyMaterialError, match=f"^{code}")


def varint(number: int) -> bytes:
    return bytes([number & 127 | 128, number >> 7])


def octets(text: str) -> bytes:
    return multibase.decode(text)


@pytest.mark.parametrize(("algorithm", "text"), PUBLISHED.items())
def test_a_published_key_is_read_and_written(algorithm, text):
    key = public_key_from_multikey(text)
    assert key.algorithm == algorithm
    assert multikey(key) == text
    assert hash(key) == hash(public_key_from_multikey(text))


@SIGNERS
def test_a_key_of_our_own_is_read_from_its_text_and_its_secret(algorithm):
    signer = generate_signer(algorithm)
    text = multikey(signer.public_key)
    assert public_key_from_multikey(text) == signer.public_key
    public, secret = MULTICODEC[algorithm]
    assert octets(text)[:2] == varint(public)
    number = multibase.decode("u" + signer.private_jwk()["d"])
    secret_text = multibase.encode_base58(varint(secret) + number)
    again = signer_from_multikey(secret_text, text)
    assert again == signer
    assert public_key_from_jwk(again.public_key.jwk()) == signer.public_key


def test_a_bls_key_has_a_thumbprint_but_no_jwk():
    key = public_key_from_multikey(BLS)
    assert key.key == BlsPublicKey(key.raw)
    assert len(key.raw) == 96
    assert key.thumbprint() == b64(hashlib.sha256(BLS.encode()).digest())
    with refuses("multikey.no_jwk"):
        key.jwk()
    with refuses("bbs.key"):
        BlsPublicKey(key.raw[1:])


def test_a_key_for_ml_dsa_44_is_written_in_base64url():
    made = mldsa.MLDSA44PrivateKey.generate().public_key().public_bytes_raw()
    text = multibase.encode_base64url(varint(0x1210) + made)
    key = public_key_from_multikey(text)
    assert (key.algorithm, key.raw, multikey(key)) == ("ML-DSA-44", made, text)
    assert key.jwk() == {"kty": "AKP", "alg": "ML-DSA-44", "pub": b64(made)}
    with refuses("multikey.invalid"):
        public_key_from_multikey(multibase.encode_base58(varint(0x1210) + made))


def changed(text: str, **changes) -> str:
    data = octets(text)
    header = changes.get("header", data[:2])
    return multibase.encode_base58(header + changes.get("key", data[2:]))


UNCOMPRESSED = b"\x04" + public_key_from_multikey(P256).raw
IDENTITY = b"\xc0" + bytes(95)
BAD = {
    "empty": ("", "multikey.invalid"),
    "base": ("m" + P256[1:], "multikey.invalid"),
    "base64url": (multibase.encode_base64url(octets(P256)), "multikey.invalid"),
    "no-base": (P256[1:], "multikey.invalid"),
    "foreign-character": (P256[:-1] + "0", "multikey.invalid"),
    "very-long": ("z" + "1" * 5_000, "multikey.invalid"),
    "one-octet": (multibase.encode_base58(b"\x80"), "multikey.unknown"),
    "secp256k1": (changed(P256, header=varint(0xE7)), "multikey.unknown"),
    "x25519": (changed(ED25519, header=varint(0xEC)), "multikey.unknown"),
    "bls-g1": (changed(BLS, header=varint(0xEA)), "multikey.unknown"),
    "p521": (changed(P256, header=varint(0x1202)), "multikey.unknown"),
    "long-varint": (changed(ED25519, header=b"\xed\x81\x00"), "multikey.unknown"),
    "secret": (changed(P256, header=varint(0x1306)), "multikey.private"),
    "secret-ed25519": (changed(ED25519, header=varint(0x1300)), "multikey.private"),
    "secret-bls": (changed(BLS, header=varint(0x130A)), "multikey.private"),
    "secret-bls-as-printed": (changed(BLS, header=b"\x80\x30"), "multikey.private"),
    "secret-ml-dsa": (changed(ED25519, header=varint(0x131A)), "multikey.private"),
    "uncompressed": (changed(P256, key=UNCOMPRESSED), "multikey.invalid"),
    "raw": (changed(P256, key=UNCOMPRESSED[1:]), "multikey.invalid"),
    "short": (changed(ED25519, key=octets(ED25519)[2:-1]), "multikey.invalid"),
    "long": (changed(ED25519, key=octets(ED25519)[2:] + b"\0"), "multikey.invalid"),
    "other-curve": (changed(P256, header=varint(0x1201)), "multikey.invalid"),
    "sign": (changed(P256, key=b"\x04" + octets(P256)[3:]), "multikey.invalid_point"),
    "infinity": (changed(P256, key=bytes(33)), "multikey.invalid_point"),
    "beyond-the-field": (changed(P256, key=b"\x02" + b"\xff" * 32), "multikey.invalid_point"),
    "off-the-curve": (changed(P384, key=b"\x02" + bytes(47) + b"\x01"), "multikey.invalid_point"),
    "bls-identity": (changed(BLS, key=IDENTITY), "multikey.invalid_point"),
    "bls-off-the-curve": (
        changed(BLS, key=b"\x80" + bytes(94) + b"\x01"),
        "multikey.invalid_point",
    ),
    "bls-uncompressed-flag": (changed(BLS, key=bytes(96)), "multikey.invalid_point"),
}


@pytest.mark.parametrize(("text", "code"), BAD.values(), ids=BAD)
def test_a_text_that_is_no_public_key_of_a_known_type_is_refused(text, code):
    with refuses(code):
        public_key_from_multikey(text)


@given(st.sampled_from(sorted(PUBLISHED.values())), st.data())
def test_a_text_with_one_other_character_is_another_key_or_refused(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(sorted(set(multibase._ALPHABET) - {text[place]})))
    altered = text[:place] + other + text[place + 1 :]
    try:
        key = public_key_from_multikey(altered)
    except KeyMaterialError:
        return
    assert multikey(key) == altered
    assert key != public_key_from_multikey(text)


def secret_of(signer, multicodec: int) -> str:
    number = multibase.decode("u" + signer.private_jwk()["d"])
    return multibase.encode_base58(varint(multicodec) + number)


def test_a_secret_that_is_not_that_of_the_public_key_is_refused():
    one, other, ed25519 = generate_signer(), generate_signer(), generate_signer("EdDSA")
    text = multikey(one.public_key)
    for secret in (
        secret_of(other, 0x1306),
        secret_of(one, 0x1307),
        secret_of(ed25519, 0x1300),
        multibase.encode_base58(varint(0x1306) + bytes(32)),
        multibase.encode_base58(varint(0x1306) + b"\xff" * 32),
        multibase.encode_base58(varint(0x1306) + bytes(31)),
        multikey(one.public_key),
    ):
        with refuses("multikey.invalid"):
            signer_from_multikey(secret, text)
    with refuses("multikey.invalid"):
        signer_from_multikey(multibase.encode_base58(varint(0x130A) + bytes(32)), BLS)


def published_pairs() -> list[tuple[str, str]]:
    def load(*parts: str):
        return json.loads(shared("vectors", *parts).read_text())

    many = load("vc-di-eddsa", "proof-set-chain", "multiKeyPairs.json")
    sd = load("vc-di-ecdsa", "ecdsa-sd-2023", "SDKeyMaterial.json")
    pairs = [
        load("vc-di-eddsa", "keyPair.json"),
        *many.values(),
        load("vc-di-ecdsa", "p256KeyPair.json"),
        load("vc-di-ecdsa", "p384KeyPair.json"),
        sd["baseKeyPair"],
        sd["proofKeyPair"],
    ]
    return [
        (pair.get("secretKeyMultibase") or pair["privateKeyMultibase"], pair["publicKeyMultibase"])
        for pair in pairs
    ]


@pytest.mark.shared
def test_every_published_key_pair_of_the_suites_belongs_together():
    pairs = published_pairs()
    assert len(pairs) == 9
    for secret, public in pairs:
        assert multikey(signer_from_multikey(secret, public).public_key) == public
    bbs = json.loads(shared("vectors", "vc-di-bbs", "BBSKeyMaterial.json").read_text())
    raw = bytes.fromhex(bbs["publicKeyHex"])
    text = multibase.encode_base58(varint(0xEB) + raw)
    assert public_key_from_multikey(text).raw == raw
