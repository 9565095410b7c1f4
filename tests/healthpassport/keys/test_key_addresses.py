"""Addresses of keys on tokens: what a pkcs11: URI may say, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.errors import KeyMaterialError
from healthpassport.keys import load_signer
from healthpassport.keys.pkcs11.address import parse
from healthpassport.keys.uris import SCHEMES

Q = "?module-path=/m.so&pin-source=file:/run/pin"


def refuses(code: str):
    return pytest.raises(KeyMaterialError, match=f"^{code}:")


def test_an_address_names_module_token_key_and_the_file_with_the_pin():
    found = parse(f"pkcs11:token=A%20b;object=k1;id=%00%ff;type=private;slot-id=7{Q}")
    assert (found.token, found.object, found.id, found.slot_id) == ("A b", "k1", b"\0\xff", 7)
    assert (found.module_path, found.pin_source) == (Path("/m.so"), Path("/run/pin"))
    assert found.name == "A b/k1"


@pytest.mark.parametrize("source", ["/run/pin", "file:/run/pin", "file:///run/pin"])
def test_a_pin_file_may_be_spelt_in_three_ways(source):
    found = parse(f"pkcs11:token=a;object=k?module-name=softhsm2&pin-source={source}")
    assert (found.pin_source, found.module_name) == (Path("/run/pin"), "softhsm2")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "pkcs11",
        "pkcs11:",
        "file:/k",
        f"pkcs11:object=k{Q}",
        f"pkcs11:token=a{Q}",
        "pkcs11:token=a;object=k",
        "pkcs11:token=a;object=k?pin-source=file:/p",
        f"pkcs11:token=a;token=a;object=k{Q}",
        f"pkcs11:token=a;object=k{Q}&pin-source=file:/p",
        f"pkcs11:token=a;object=k;{Q}",
        f"pkcs11:token=a;;object=k{Q}",
        f"pkcs11:token=a;object=k;type=public{Q}",
        f"pkcs11:token=a;object=k;library-version=3{Q}",
        f"pkcs11:token=a;object=k;x-vendor=1{Q}",
        f"pkcs11:token=a;object=k;slot-id=0x1{Q}",
        f"pkcs11:token=a;object=k{Q}&module-name=m",
        f"pkcs11:token=a;object=k{Q}#fragment",
        f"pkcs11:token=a b;object=k{Q}",
        f"pkcs11:token=a%2;object=k{Q}",
        f"pkcs11:token=%ff;object=k{Q}",
        f"pkcs11:token=a%00;object=k{Q}",
        f"pkcs11:token=;object=k{Q}",
        f"pkcs11:token=a/b;object=k{Q}",
        "pkcs11:token=a;object=k?module-path=m.so",
        "pkcs11:token=a;object=k?module-name=../m",
        "pkcs11:token=a;object=k?module-path=/m.so&pin-source=%7Ccat%20/pin",
        "pkcs11:token=a;object=k?module-path=/m.so&pin-source=|cat%20/pin",
        "pkcs11:token=a;object=k?module-path=/m.so&pin-source=file:pin",
        "pkcs11:token=a;object=k?module-path=/m.so&pin-source=https://x/pin",
        f"pkcs11:token={'a' * 5000};object=k{Q}",
    ],
)
def test_an_address_that_says_too_little_or_anything_strange_is_refused(uri):
    with refuses("key.uri"):
        parse(uri)


@pytest.mark.parametrize(
    "query", ["module-path=/m.so&pin-value=1234", "pin-value=1234&pin-source=file:/p"]
)
def test_a_pin_in_the_address_is_refused_and_not_repeated(query):
    with refuses("key.pin_value") as refusal:
        load_signer(f"pkcs11:token=a;object=k?{query}")
    assert "1234" not in str(refusal.value)


def test_a_pin_in_a_wrong_place_is_not_repeated_either():
    with refuses("key.uri") as refusal:
        parse("pkcs11:token=a;object=k;pin=1234?module-path=/m.so")
    assert "1234" not in str(refusal.value)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60)
def test_any_other_text_is_read_or_refused_by_code(path, query):
    with suppress(KeyMaterialError):  # every other error fails the test
        assert parse(f"pkcs11:{path}?{query}").name


def test_the_table_of_schemes_cannot_be_widened():
    assert set(SCHEMES) == {"file", "pkcs11"}
    with pytest.raises(TypeError):
        SCHEMES["awskms"] = None
