"""Bitstring Status List 1.0: the published example, bit order, refusals."""

import gzip
import json

import pytest
from shared_inputs import shared

from healthpassport.encoding import b64url_encode
from healthpassport.errors import StatusError
from healthpassport.status.bitstring import BitstringEntry, BitstringList, read_entry, read_list

URI = "https://issuer.example/bitstring/1"


def entry(**changes):
    value = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": URI,
    }
    return {k: v for k, v in (value | changes).items() if v is not ...}


def subject(data=b"\0" * 16_384, **changes):
    value = {
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": "u" + b64url_encode(gzip.compress(data)),
    }
    return {k: v for k, v in (value | changes).items() if v is not ...}


def refused(code, function, value):
    with pytest.raises(StatusError) as caught:
        function(value)
    assert caught.value.code == code


def test_the_published_list_unpacks_to_its_bytes():
    folder = shared("vectors", "bitstring-status-list")
    texts = [p.read_text() for p in folder.iterdir()]
    encoded = next(found for text in texts for found in encoded_lists(json.loads(text)))
    held = read_list(subject(encodedList=encoded))
    assert held.data == b"\0" * 16_384


def encoded_lists(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "encodedList":
                yield inner
            else:
                yield from encoded_lists(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from encoded_lists(inner)


def test_entries_are_packed_from_the_most_significant_bit():
    held = BitstringList(("revocation",), b"\x01\x80")
    bits = [held.get(BitstringEntry("revocation", i, URI)) for i in range(16)]
    assert bits == [0] * 7 + [1, 1] + [0] * 7


def test_a_list_may_serve_two_purposes():
    held = read_list(subject(statusPurpose=["message", "suspension"]))
    assert held.get(read_entry(entry(statusPurpose="suspension"))) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "StatusList2021Entry"}, "status.missing"),
        ({"statusPurpose": ...}, "status.purpose"),
        ({"statusPurpose": "message"}, "status.purpose"),
        ({"statusPurpose": ["revocation"]}, "status.purpose"),
        ({"statusSize": 2}, "status.bits"),
        ({"statusListIndex": 5}, "status.index"),
        ({"statusListIndex": "-1"}, "status.index"),
        ({"statusListIndex": "1.5"}, "status.index"),
        ({"statusListIndex": ""}, "status.index"),
        ({"statusListIndex": "\u0661"}, "status.index"),
        ({"statusListIndex": "9" * 13}, "status.index"),
        ({"statusListCredential": "http://issuer.example/1"}, "status.reference"),
        ({"statusListCredential": 5}, "status.reference"),
    ],
)
def test_a_malformed_entry_is_refused(changes, code):
    refused(code, read_entry, entry(**changes))


@pytest.mark.parametrize("value", [None, [], "x"])
def test_what_is_no_object_is_refused(value):
    refused("status.missing", read_entry, value)
    refused("status.claims", read_list, value)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "Other"}, "status.claims"),
        ({"encodedList": ...}, "status.claims"),
        ({"encodedList": "uAAAA"}, "status.decode"),
        ({"encodedList": "u===="}, "status.decode"),
        ({"statusPurpose": ...}, "status.purpose"),
        ({"statusPurpose": []}, "status.purpose"),
        ({"statusPurpose": [5]}, "status.purpose"),
        ({"statusPurpose": 5}, "status.purpose"),
        ({"data": b"\0" * 16_383}, "status.herd"),
        ({"data": b"\0" * (16 * 1_048_576 + 1)}, "status.too_large"),
    ],
)
def test_a_malformed_list_is_refused(changes, code):
    refused(code, lambda value: read_list(subject(**value)), changes)


@pytest.mark.parametrize("end", [b"", b"more"])
def test_a_stream_cut_short_or_with_something_behind_is_refused(end):
    packed = gzip.compress(b"\0" * 16_384)
    packed = packed + end if end else packed[:-4]
    refused("status.decode", read_list, subject(encodedList="u" + b64url_encode(packed)))


def test_an_index_behind_the_list_is_refused():
    held = read_list(subject())
    refused("status.index", held.get, read_entry(entry(statusListIndex="131072")))
    assert held.get(read_entry(entry(statusListIndex="131071"))) == 0


@pytest.mark.parametrize(
    "name", ["another purpose", "refresh only", "list for refresh only", "no multibase prefix"]
)
def test_sta_014_a_list_of_another_purpose_or_encoding_is_refused(name):
    if name == "another purpose":
        held = read_list(subject(statusPurpose="suspension"))
        refused("status.purpose", held.get, read_entry(entry()))
    elif name == "refresh only":
        refused("status.purpose", read_entry, entry(statusPurpose="refresh"))
    elif name == "list for refresh only":
        refused("status.purpose", read_list, subject(statusPurpose="refresh"))
    else:
        encoded = b64url_encode(gzip.compress(b"\0" * 16_384))
        refused("status.decode", read_list, subject(encodedList=encoded))
