"""HPKE as backups and packages for helpers use it, against the vector that RFC 9180 prints.

The library gives no room for the ``aad`` of the printed vector. So the steps of the RFC, written
out, are held against the vector, and the library against them in both directions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from backup_by_the_book import hpke_keys, hpke_open, hpke_seal
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from wallet.backup import keys
from wallet.handing import package

TOLD = json.loads(Path(__file__).with_name("hpke_base_x25519.json").read_text(encoding="utf-8"))
VECTOR = {
    name: bytes.fromhex(value)
    for name, value in TOLD.items()
    if name not in {"source", "address", "licence"}
}
RECIPIENT = X25519PrivateKey.from_private_bytes(VECTOR["skRm"])
EPHEMERAL = X25519PrivateKey.from_private_bytes(VECTOR["skEm"])
SUITES = pytest.mark.parametrize("suite", [keys.SUITE, package._SUITE], ids=["backup", "handing"])


def test_the_steps_reach_the_printed_key_and_nonce():
    assert RECIPIENT.public_key().public_bytes_raw() == VECTOR["pkRm"]
    dh = RECIPIENT.exchange(X25519PublicKey.from_public_bytes(VECTOR["enc"]))
    found = hpke_keys(dh, VECTOR["enc"] + VECTOR["pkRm"], VECTOR["info"])
    assert found == (VECTOR["key"], VECTOR["base_nonce"])


def test_the_steps_seal_and_open_the_printed_message():
    sealed = VECTOR["enc"] + VECTOR["ct"]
    made = hpke_seal(VECTOR["pt"], EPHEMERAL, RECIPIENT.public_key(), VECTOR["info"], VECTOR["aad"])
    assert made == sealed
    assert hpke_open(sealed, RECIPIENT, VECTOR["info"], VECTOR["aad"]) == VECTOR["pt"]
    with pytest.raises(InvalidTag):
        hpke_open(sealed, RECIPIENT, VECTOR["info"])


@SUITES
@given(
    message=st.binary(max_size=200),
    info=st.binary(max_size=80),
    seed=st.binary(min_size=32, max_size=32),
)
def test_what_the_steps_seal_the_library_opens_and_the_other_way_round(suite, message, info, seed):
    ephemeral = X25519PrivateKey.from_private_bytes(seed)
    public = RECIPIENT.public_key()
    assert suite.decrypt(hpke_seal(message, ephemeral, public, info), RECIPIENT, info) == message
    assert hpke_open(suite.encrypt(message, public, info), RECIPIENT, info) == message


@SUITES
@pytest.mark.parametrize("place", [0, 31, 32, -1])
def test_one_bit_anywhere_is_refused(suite, place):
    sealed = bytearray(hpke_seal(VECTOR["pt"], EPHEMERAL, RECIPIENT.public_key(), b"info"))
    sealed[place] ^= 1
    with pytest.raises(InvalidTag):
        suite.decrypt(bytes(sealed), RECIPIENT, b"info")


@SUITES
def test_other_info_or_another_recipient_is_refused(suite):
    sealed = hpke_seal(VECTOR["pt"], EPHEMERAL, RECIPIENT.public_key(), b"info")
    with pytest.raises(InvalidTag):
        suite.decrypt(sealed, RECIPIENT, b"inf0")
    with pytest.raises(InvalidTag):
        suite.decrypt(sealed, EPHEMERAL, b"info")
