"""Base64url without padding, and base64 as certificates have it: one spelling for one value."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.encoding import b64_decode, b64_encode, b64url_decode, b64url_encode
from healthpassport.errors import EncodingError


def refused(code, function, *arguments, **options):
    with pytest.raises(EncodingError) as caught:
        function(*arguments, **options)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
        (b"\xfb\xff\xfe", "-__-"),
        (b"\xff", "_w"),
        (b"\x00", "AA"),
    ],
)
def test_base64url_is_written_and_read_without_padding(data, text):
    assert b64url_encode(data) == text
    assert b64url_decode(text) == data


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Zg==", id="sdj-033 padded"),
        pytest.param("Zm8=", id="sdj-033 padded once"),
        pytest.param("=", id="padding alone"),
        pytest.param("====", id="a whole group of padding"),
        pytest.param("Zm9v=", id="padding where none is due"),
        pytest.param("Zh", id="sdj-034 stray bits of four"),
        pytest.param("Zm9", id="sdj-034 stray bits of two"),
        pytest.param("Zm9vYh", id="sdj-034 stray bits at the end"),
        pytest.param("-+__", id="sdj-035 plus"),
        pytest.param("-/__", id="sdj-035 slash"),
        pytest.param("Zm9v\n", id="sdj-035 newline at the end"),
        pytest.param("Zm\n9v", id="sdj-035 newline inside"),
        pytest.param(" Zm9v", id="sdj-035 space"),
        pytest.param("Zm 9v", id="sdj-035 space inside"),
        pytest.param("Zm9v\x00", id="sdj-035 NUL"),
        pytest.param("Z", id="an impossible length"),
        pytest.param("Zm9vY", id="an impossible length at the end"),
        pytest.param("Zm9\u2013", id="a dash that is no hyphen"),
        pytest.param("\uff3am9v", id="a fullwidth letter"),
        pytest.param("Zm9.", id="a full stop"),
        pytest.param("Zm9~", id="a tilde"),
    ],
)
def test_base64url_that_is_not_strict_is_refused(text):
    refused("b64.not_canonical", b64url_decode, text)


@given(st.binary(max_size=100))
def test_base64url_comes_back(data):
    assert b64url_decode(b64url_encode(data)) == data
    assert b64url_encode(data) == base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.text("AQgwBCZ_-+/= ", max_size=9))
def test_one_value_has_one_base64url_spelling(text):
    try:
        data = b64url_decode(text)
    except EncodingError:
        return
    assert b64url_encode(data) == text


@given(st.binary(max_size=100))
def test_base64_comes_back(data):
    assert b64_decode(b64_encode(data)) == data


@pytest.mark.parametrize(
    "text", ["Zh==", "Zm9=", "Zg", "Zg=", "Z-==", "Zm9v\n", " Zm9v", "Zg==Zg==", "\u00e9"]
)
def test_base64_that_is_not_strict_is_refused(text):
    refused("b64.not_canonical", b64_decode, text)


def test_base64_is_refused_with_the_code_of_its_place():
    with pytest.raises(EncodingError) as caught:
        b64_decode("?", code="json.invalid")
    assert caught.value.code == "json.invalid"
