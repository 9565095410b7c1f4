"""Status List Tokens in CWT format: published examples, refusals."""

import json
import re
from datetime import UTC, datetime

import pytest
from shared_inputs import shared

from healthpassport.cbor import Tagged, decode, encode
from healthpassport.encoding import b64url_encode
from healthpassport.errors import PassportError, StatusError
from healthpassport.keys import generate_signer, public_key_from_jwk
from healthpassport.status import cwt
from healthpassport.status.entries import compress, inflate

URI = "https://example.com/statuslists/1"
NOW = datetime(2023, 7, 1, tzinfo=UTC)
SIGNER = generate_signer()
HEX = re.compile(r"[0-9a-f\n]{20,}")


def published(name):
    text = shared("vectors", "token-status-list", name).read_text()
    return bytes.fromhex("".join(max(HEX.findall(text), key=len).split()))


def example_key():
    key = json.loads(shared("vectors", "token-status-list", "example-key.jwk.json").read_text())
    return public_key_from_jwk({name: key[name] for name in ("kty", "crv", "x", "y")})


def test_the_published_token_is_read():
    token = published("status_list_cwt.md")
    held = cwt.read(token, expected_uri=URI, keys=[example_key()], now=NOW)
    assert held.list.data.hex() == "b9a3"
    assert held.bits == 1
    assert held.ttl.total_seconds() == 43_200
    assert encode(decode(token)) == token


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("status_list_encoding_cbor.md", 1),
        ("status_list_encoding2_cbor.md", 2),
        ("status_list_encoding1_long_cbor.md", 1),
        ("status_list_encoding2_long_cbor.md", 2),
        ("status_list_encoding4_cbor.md", 4),
        ("status_list_encoding8_cbor.md", 8),
    ],
)
def test_the_published_lists_in_cbor_are_those_in_json(name, bits):
    held = decode(published(name))
    assert held["bits"] == bits
    text = shared("vectors", "token-status-list", name.replace("cbor", "json")).read_text()
    lst = "".join(re.search(r'"lst":\s*"([^"]+)"', text).group(1).split())
    assert b64url_encode(held["lst"]) == lst
    assert inflate(held["lst"])


def token(*, header=None, claims=None, signer=SIGNER, tag=18, parts=4):
    protected = encode({1: -7, 16: "application/statuslist+cwt"} if header is None else header)
    content = {
        2: URI,
        6: int(NOW.timestamp()),
        4: int(NOW.timestamp()) + 60,
        65_534: 60,
        65_533: {"bits": 2, "lst": compress(b"\1" * 8)},
    }
    content |= claims or {}
    payload = encode({k: v for k, v in content.items() if v is not ...})
    signature = signer.sign(encode(["Signature1", protected, b"", payload]))
    return encode(Tagged(tag, [protected, {}, payload, signature][:parts]))


def read(text, **changes):
    arguments = {"expected_uri": URI, "keys": [SIGNER.public_key], "now": NOW}
    return cwt.read(text, **(arguments | changes))


def test_a_token_of_our_own_is_read():
    assert read(token()).get(0) == 1
    es384 = generate_signer("ES384")
    header = {1: -35, 16: "application/statuslist+cwt"}
    other = token(header=header, signer=es384)
    assert read(other, keys=[es384.public_key]).get(1) == 0


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"signer": generate_signer()}, "status.signer"),
        ({"tag": 17}, "status.cbor"),
        ({"tag": 61}, "status.cbor"),
        ({"parts": 3}, "status.cbor"),
        ({"header": {1: -7}}, "jws.typ"),
        ({"header": {1: -7, 16: "application/statuslist+jwt"}}, "jws.typ"),
        ({"header": {16: "application/statuslist+cwt"}}, "jws.alg_not_allowed"),
        ({"header": {1: 5, 16: "application/statuslist+cwt"}}, "jws.alg_not_allowed"),
        ({"header": {1: "ES256", 16: "application/statuslist+cwt"}}, "jws.alg_not_allowed"),
        ({"header": {1: -7, 2: [1], 16: "application/statuslist+cwt"}}, "jws.crit_unsupported"),
        ({"header": [1]}, "status.cbor"),
        ({"claims": {2: URI + "/"}}, "status.sub_mismatch"),
        ({"claims": {2: ...}}, "status.sub_mismatch"),
        ({"claims": {6: ...}}, "status.claims"),
        ({"claims": {6: b"1"}}, "status.claims"),
        ({"claims": {4: 1}}, "status.expired"),
        ({"claims": {65_534: 0}}, "status.ttl"),
        ({"claims": {65_533: ...}}, "status.claims"),
        ({"claims": {65_533: {"bits": 2, "lst": "text"}}}, "status.claims"),
        ({"claims": {65_533: {"bits": 3, "lst": b""}}}, "status.bits"),
        ({"claims": {65_533: {"bits": 2, "lst": b"\1"}}}, "status.decode"),
    ],
)
def test_a_wrong_token_is_refused(made, code):
    with pytest.raises(PassportError) as caught:
        read(token(**made))
    assert caught.value.code == code


def test_a_message_whose_parts_are_of_another_kind_is_refused():
    for parts in (["a", {}, b"", b""], [b"", {}, "a", b""], [b"", {}, b"", "a"], "abcd"):
        with pytest.raises(StatusError) as caught:
            read(encode(Tagged(18, parts)))
        assert caught.value.code == "status.cbor"
    header = encode({1: -7, 16: "application/statuslist+cwt"})
    payload = encode([1])
    signature = SIGNER.sign(encode(["Signature1", header, b"", payload]))
    with pytest.raises(StatusError) as caught:
        read(encode(Tagged(18, [header, {}, payload, signature])))
    assert caught.value.code == "status.cbor"
    with pytest.raises(StatusError) as caught:
        read(b"\0" * 1_048_577)
    assert caught.value.code == "status.too_large"


@pytest.mark.parametrize("message", [b"", b"\xd2\x9b" + b"\xff" * 8, b"\x81" * 9 + b"\0"])
def test_a_message_that_is_no_strict_cbor_is_refused(message):
    with pytest.raises(StatusError) as caught:
        read(message)
    assert caught.value.code == "status.cbor"
