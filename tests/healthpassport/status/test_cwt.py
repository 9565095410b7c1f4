"""CBOR and Status List Tokens in CWT format: published examples, refusals."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport.encoding import b64url_encode
from healthpassport.errors import PassportError, StatusError
from healthpassport.keys import generate_signer, public_key_from_jwk
from healthpassport.status import cwt
from healthpassport.status.cbor import Tagged, decode, encode
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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",  # an argument that is missing
        "1817",  # 23 in two bytes
        "190017",  # 23 in three bytes
        "1a0000ffff",
        "1b00000000ffffffff",
        "5f4101ff",  # indefinite length
        "9fff",
        "4201",
        "62ff",
        "61ff",
        "81",
        "a101",
        "a201010102",  # a key twice
        "a1410101",  # a key of bytes
        "f4",  # false
        "fb3ff0000000000000",
        "0000",
        "818181818181818100",
        "9bffffffffffffffff",
    ],
)
def test_cbor_that_is_not_strict_is_refused(text):
    with pytest.raises(StatusError) as caught:
        decode(bytes.fromhex(text))
    assert caught.value.code == "status.cbor"


SMALL = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=300)
ITEMS = st.recursive(
    SMALL,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 2**40) | st.text(max_size=5), inner, max_size=4)
        | st.builds(Tagged, st.integers(0, 70_000), inner)
    ),
    max_leaves=6,
).filter(lambda item: depth(item) <= 7)


def depth(item):
    if isinstance(item, Tagged):
        return 1 + depth(item.value)
    if isinstance(item, dict):
        return 1 + max((depth(v) for v in item.values()), default=0)
    if isinstance(item, list):
        return 1 + max((depth(v) for v in item), default=0)
    return 1


@given(ITEMS)
def test_what_is_encoded_is_decoded_again(item):
    assert decode(encode(item)) == item


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        item = decode(data)
    except StatusError:
        return
    assert encode(item) == data
