"""What is sealed opens for its own transaction, with its own key, and in no other way."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.errors import PassportError
from verifier.service.sealing import HEAD, NONCE_BYTES, Seal

TEXT = b"Penicillin: anaphylaxis"


@pytest.fixture(scope="module")
def seal(tmp_path_factory):
    return Seal(tmp_path_factory.mktemp("keys") / "holding.key", secrets.token_bytes)


def refused(seal, sealed, *, tenant="main", name="id-1"):
    with pytest.raises(PassportError) as caught:
        seal.open(sealed, tenant=tenant, name=name)
    return caught.value


def test_what_was_sealed_opens_for_the_same_transaction(seal):
    sealed = seal.close(TEXT, tenant="main", name="id-1")
    assert seal.open(sealed, tenant="main", name="id-1") == TEXT
    assert TEXT not in sealed


@pytest.mark.parametrize(
    ("tenant", "name"),
    [("main", "id-2"), ("north", "id-1"), ("mai", "nid-1"), ("maini", "d-1"), ("", "mainid-1")],
)
def test_it_opens_for_no_other_transaction_and_no_other_organisation(seal, tenant, name):
    sealed = seal.close(TEXT, tenant="main", name="id-1")
    assert refused(seal, sealed, tenant=tenant, name=name).code == "verifier.holding_key"


def test_it_does_not_open_with_another_key(seal, tmp_path):
    sealed = seal.close(TEXT, tenant="main", name="id-1")
    other = Seal(tmp_path / "holding.key", secrets.token_bytes)
    assert not other.made(sealed)
    assert "another key" in refused(other, sealed).detail


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_changed_bit_and_no_missing_byte_passes(seal, data):
    sealed = bytearray(seal.close(TEXT, tenant="main", name="id-1"))
    if data.draw(st.booleans()):
        sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del sealed[data.draw(st.integers(0, len(sealed) - 1)) :]
    assert refused(seal, bytes(sealed)).code == "verifier.holding_key"


def test_the_same_text_is_never_sealed_to_the_same_bytes(seal):
    first, second = (seal.close(TEXT, tenant="main", name="id-1") for _ in range(2))
    assert first[HEAD : HEAD + NONCE_BYTES] != second[HEAD : HEAD + NONCE_BYTES]
    assert first[HEAD + NONCE_BYTES :] != second[HEAD + NONCE_BYTES :]


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "holding.key"
    first = Seal(path, secrets.token_bytes)
    second = Seal(path, secrets.token_bytes)
    assert path.stat().st_mode & 0o777 == 0o600
    assert second.open(first.close(TEXT, tenant="t", name="n"), tenant="t", name="n") == TEXT
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    path = tmp_path / "holding.key"
    path.write_bytes(content)
    with pytest.raises(PassportError) as caught:
        Seal(path, secrets.token_bytes)
    assert caught.value.code == "verifier.setup"
