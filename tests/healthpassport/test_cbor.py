"""CBOR: what is read, and that bombs are refused before they cost anything."""

import pytest
from bounded import within
from hypothesis import given
from hypothesis import strategies as st

from healthpassport import cbor
from healthpassport.cbor import Tagged, decode, encode
from healthpassport.errors import EncodingError


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1b000000e8d4a51000", 1_000_000_000_000),
        ("1bffffffffffffffff", 2**64 - 1),
        ("3bffffffffffffffff", -(2**64)),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "\u00fc"),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("c11a514b67b0", Tagged(1, 1_363_896_240)),
    ],
)
def test_the_examples_of_rfc_8949_appendix_a_are_read_and_written(text, item):
    data = bytes.fromhex(text)
    assert decode(data) == item
    assert encode(item) == data


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
        "9a00010000" + "00" * 65_535,  # a count that one byte too few follows
        "bbffffffffffffffff",
        "a20101",
        "5bffffffffffffffff00",
        "c0",
        "1c",  # 28 is not assigned
    ],
)
def test_cbor_that_is_not_strict_is_refused(text):
    with pytest.raises(EncodingError) as caught:
        decode(bytes.fromhex(text))
    assert caught.value.code == "cbor.invalid"


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
    except EncodingError:
        return
    assert encode(item) == data


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x9a\xff\xff\xff\xff" + b"\x00" * 60,
        b"\x9a\x00\x0f\x00\x00" + b"\x80" * 0xF0000,
        b"\x81" * 1_000_000,
        b"\xc1" * 1_000_000,
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x40" * (cbor.MAX_BYTES + 1),
    ],
    ids=["count", "items", "arrays", "tags", "length", "size"],
)
def test_a_bomb_is_refused_at_once(bomb):
    def read():
        with pytest.raises(EncodingError, match=r"^cbor\.invalid"):
            decode(bomb)

    within(1, read)


def test_a_callers_own_limit_counts():
    assert decode(b"\x43abc", max_bytes=4) == b"abc"
    with pytest.raises(EncodingError, match=r"^cbor\.invalid"):
        decode(b"\x43abc", max_bytes=3)
