"""Project Wycheproof's cases for every algorithm that is enabled, through our own functions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from forge import b64
from jwcrypto.common import JWException
from jwcrypto.jwa import JWA
from shared_inputs import SHARED

from healthpassport import suites
from healthpassport.errors import JoseError, KeyMaterialError
from healthpassport.keys import PublicKey, public_key_from_jwk

pytestmark = pytest.mark.shared

FOLDER = SHARED / "vectors" / "wycheproof"


def groups(name: str) -> list[dict[str, Any]]:
    path = FOLDER / name
    return json.loads(path.read_text(encoding="utf-8"))["testGroups"] if path.exists() else []


def cases(name: str) -> list[Any]:
    return [
        pytest.param(group, case, id=f"{case['tcId']}-{case['result']}")
        for group in groups(name)
        for case in group["tests"]
    ]


def accepts(key: PublicKey, algorithm: str, signature: bytes, message: bytes) -> bool:
    try:
        suites.verify(key, algorithm, signature, message)
    except JoseError:
        return False
    return True


def raw_form(der: bytes) -> bytes | None:
    """r and s of a DER signature in JOSE form, or None where that form cannot hold them."""
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        return None


@pytest.mark.parametrize(("group", "case"), cases("ecdsa_secp256r1_sha256_test.json"))
def test_es256(group, case):
    x, y = (bytes.fromhex(group["publicKey"][n])[-32:].rjust(32, b"\0") for n in ("wx", "wy"))
    key = public_key_from_jwk({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)})
    signature = raw_form(bytes.fromhex(case["sig"]))
    if signature is None:
        assert case["result"] == "invalid"
        return
    accepted = accepts(key, "ES256", signature, bytes.fromhex(case["msg"]))
    # A wrong DER spelling of right numbers cannot be told apart in JOSE form, which has one only.
    spelling = {"BerEncodedSignature", "InvalidEncoding", "MissingZero", "SignatureMalleability"}
    if accepted and case["result"] == "invalid":
        assert spelling & set(case["flags"])
    else:
        assert accepted == (case["result"] == "valid")


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize(("group", "case"), cases("ed25519_test.json"))
def test_ed25519(group, case, algorithm):
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes.fromhex(group["publicKey"]["pk"]))}
    accepted = accepts(
        public_key_from_jwk(jwk),
        algorithm,
        bytes.fromhex(case["sig"]),
        bytes.fromhex(case["msg"]),
    )
    assert accepted == (case["result"] == "valid")


@pytest.mark.parametrize(("group", "case"), cases("mldsa_44_verify_test.json"))
def test_ml_dsa_44(group, case):
    jwk = {"kty": "AKP", "alg": "ML-DSA-44", "pub": b64(bytes.fromhex(group["publicKey"]))}
    try:
        key = public_key_from_jwk(jwk)
    except KeyMaterialError:
        assert case["result"] == "invalid"
        return
    signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
    if context := bytes.fromhex(case.get("ctx", "")):
        # JOSE signs with an empty context (RFC 9964): only the library can be asked for another.
        accepted = accepts_with(key, signature, message, context)
        assert not accepts(key, "ML-DSA-44", signature, message)
    else:
        accepted = accepts(key, "ML-DSA-44", signature, message)
    assert accepted == (case["result"] == "valid")


def accepts_with(key: PublicKey, signature: bytes, message: bytes, context: bytes) -> bool:
    try:
        key.key.verify(signature, message, context)
    except (InvalidSignature, ValueError):
        return False
    return True


def gcm() -> list[Any]:
    """Those that a JWE can hold: 96-bit IV, 128-bit tag, 128- or 256-bit key (RFC 7518, 5.3)."""
    return [
        case
        for case in cases("aes_gcm_test.json")
        if case.values[0]["ivSize"] == 96
        and case.values[0]["tagSize"] == 128
        and case.values[0]["keySize"] in {128, 256}
    ]


@pytest.mark.parametrize(("group", "case"), gcm())
def test_aes_gcm_of_the_jwe_library(group, case):
    cipher = JWA.encryption_alg(f"A{group['keySize']}GCM")
    parts = [bytes.fromhex(case[name]) for name in ("key", "aad", "iv", "ct", "tag")]
    if case["result"] == "invalid":
        with pytest.raises((InvalidTag, JWException, ValueError)):
            cipher.decrypt(*parts)
    else:
        assert cipher.decrypt(*parts) == bytes.fromhex(case["msg"])
