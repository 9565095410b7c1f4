"""Multibase: published values, one spelling for each value, bounded cost."""

import pytest
from bounded import within
from hypothesis import given
from hypothesis import strategies as st

from healthpassport import multibase
from healthpassport.errors import EncodingError

# Controlled Identifiers 1.0 section 2.4 and the base58 examples of draft-msporny-base58 section 5.
KNOWN = {
    "z2NEpo7TZRRrLZSi2U": b"Hello World!",
    "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z": (
        b"The quick brown fox jumps over the lazy dog."
    ),
    "z11233QC4": bytes.fromhex("0000287fb4cd"),
    "z1": b"\0",
    "z111": b"\0\0\0",
    "zz": b"\x39",
    "z21": b"\x3a",
    "uSGVsbG8gV29ybGQh": b"Hello World!",
    "u-_8": b"\xfb\xff",
}


@pytest.mark.parametrize(("text", "data"), KNOWN.items(), ids=KNOWN)
def test_a_published_value_is_read_and_written(text, data):
    assert multibase.decode(text) == data
    encode = multibase.encode_base58 if text[0] == "z" else multibase.encode_base64url
    assert encode(data) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "u",
        "2NEpo7TZRRrLZSi2U",
        "m2NEpo7TZRRrLZSi2U",
        "f00",
        "U-_8",
        "Z11233QC4",
        "z0",
        "zO",
        "zI",
        "zl",
        "z2NEpo7TZRRrLZSi2U ",
        " z2NEpo7TZRRrLZSi2U",
        "z2NEpo7TZRRrLZSi2U\n",
        "z2NEp\u00f67",
        "z\u0661",
        "u-_9",  # stray bits
        "u-_8=",
        "u+/8",
        "u-_8\n",
        "uA",
    ],
)
def test_a_value_that_is_not_strict_is_refused(text):
    with pytest.raises(EncodingError, match=r"^multibase\.invalid"):
        multibase.decode(text)


def test_a_long_value_is_refused_before_it_is_worked_on():
    within(1, read_and_write_the_longest)


def read_and_write_the_longest():
    longest = "z" + "z" * (multibase.MAX_BASE58_CHARS - 1)
    assert multibase.encode_base58(multibase.decode(longest)) == longest
    for text in (longest + "z", "z" + "z" * 10**7, "u" + "A" * multibase.MAX_CHARS):
        with pytest.raises(EncodingError, match=r"^multibase\.invalid"):
            multibase.decode(text)
    with pytest.raises(EncodingError, match=r"^multibase\.invalid"):
        multibase.decode("uAAAA", max_chars=4)
    for octets in (3_500, 10**7):
        with pytest.raises(EncodingError, match=r"^multibase\.invalid"):
            multibase.encode_base58(b"\xff" * octets)


@given(st.binary(min_size=1, max_size=200))
def test_what_is_encoded_is_decoded_again(data):
    for encode in (multibase.encode_base58, multibase.encode_base64url):
        assert multibase.decode(encode(data)) == data


@given(st.text(alphabet=multibase._ALPHABET, min_size=1, max_size=200))
def test_every_text_of_the_alphabet_is_the_one_spelling_of_its_octets(text):
    assert multibase.encode_base58(multibase.decode("z" + text)) == "z" + text


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        data = multibase.decode(text)
    except EncodingError as error:
        assert error.code == "multibase.invalid"  # noqa: PT017
    else:
        encode = multibase.encode_base58 if text[0] == "z" else multibase.encode_base64url
        assert encode(data) == text
