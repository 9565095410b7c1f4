"""Bitstring lists as we make them: the specification's octets, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport.errors import StatusError
from healthpassport.status.bitstring import BitstringEntry, read_entry, read_list
from healthpassport.status.bitstring_writing import build, credential, encode

SIZE = 131_072
URI = "https://issuer.example/status/bitstring/1"
NOW = datetime(2026, 11, 1, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
# The example of section 2.2: nothing is revoked.
EMPTY = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"


def made(marked=(), *, size=SIZE, **changes):
    parts = {
        "uri": URI,
        "issuer": "did:web:issuer.example",
        "purpose": "revocation",
        "valid_from": NOW,
        "valid_until": NOW + timedelta(days=3),
        "ttl": timedelta(minutes=15),
    }
    return credential(build(size=size, marked=marked), **(parts | changes))


def refuses(code):
    return pytest.raises(StatusError, match=f"^{code}")


def test_the_empty_list_has_the_very_octets_that_the_specification_prints():
    assert encode(build(size=SIZE)) == EMPTY


@pytest.mark.shared
def test_the_published_vector_is_the_empty_list():
    path = shared("vectors", "bitstring-status-list", "vectors.json")
    [vector] = json.loads(path.read_text())["vectors"]
    assert vector["encodedList"] == encode(build(size=vector["min_bitstring_bits"]))


def test_the_first_entry_is_the_left_most_bit():
    # 0, 3 and 6 of the first byte, 9 in the second: bytes that are no palindromes.
    data = build(size=SIZE, marked=[0, 3, 6, 9, SIZE - 1])
    assert data[:2] == bytes([0b10010010, 0b01000000])
    assert data[-1] == 1


@given(
    st.sets(st.integers(0, SIZE - 1), max_size=20), st.sampled_from(["revocation", "suspension"])
)
def test_what_was_marked_is_read_again_and_nothing_else(marked, purpose):
    subject = made(marked, purpose=purpose)["credentialSubject"]
    found = read_list(subject)
    places = marked | {0, 1, 7, 8, SIZE - 1} | {(i + 1) % SIZE for i in marked}
    for index in places:
        entry = read_entry(BitstringEntry(purpose, index, URI).claim())
        assert found.get(entry) == (index in marked)


def test_the_credential_has_the_members_of_section_2_2():
    document = made([5])
    assert document == {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": URI,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "did:web:issuer.example",
        "validFrom": "2026-11-01T12:00:00Z",
        "validUntil": "2026-11-04T12:00:00Z",
        "credentialSubject": {
            "id": f"{URI}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "ttl": 900_000,
            "encodedList": encode(build(size=SIZE, marked=[5])),
        },
    }
    assert datetime.fromisoformat(document["validFrom"]) == NOW.astimezone(UTC).replace(
        microsecond=0
    )


def test_an_entry_names_its_list_and_place_and_nothing_more():
    assert BitstringEntry("suspension", 7, URI).claim() == {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "suspension",
        "statusListIndex": "7",
        "statusListCredential": URI,
    }


@pytest.mark.parametrize(
    ("size", "marked", "code"),
    [
        (SIZE - 8, [], "status.herd"),
        (0, [], "status.herd"),
        (SIZE + 1, [], "status.bits"),
        (SIZE, [SIZE], "status.index"),
        (SIZE, [-1], "status.index"),
        (8 * 16 * 1_048_576 + 8, [], "status.too_large"),
    ],
)
def test_a_list_that_would_mislead_its_readers_is_not_made(size, marked, code):
    with refuses(code):
        build(size=size, marked=marked)


@pytest.mark.parametrize("purpose", ["message", "refresh", "", "Revocation"])
def test_a_list_for_another_purpose_is_not_made(purpose):
    with refuses("status.purpose"):
        made(purpose=purpose)
