"""The packed array: published vectors, bit order, bounds."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport.encoding import b64url_decode
from healthpassport.errors import StatusError
from healthpassport.status.entries import StatusList, build, compress, inflate


def vectors():
    return json.loads(shared("vectors", "token-status-list", "encoding-vectors.json").read_text())


def test_the_short_published_vectors_unpack_to_their_bytes():
    for vector in vectors()["short"]:
        assert inflate(b64url_decode(vector["json"]["lst"])).hex() == vector["bytes_hex"]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_every_entry_of_the_long_published_vectors_is_read(bits):
    vector = next(v for v in vectors()["long"] if v["bits"] == bits)
    encoded = vector.get("json", vector)["lst"]
    data = inflate(b64url_decode(encoded))
    held = StatusList(bits, len(data) * 8 // bits, data)
    assert held.size == vector["size_entries"]
    wanted = {int(k): v for k, v in vector["non_zero_statuses"].items()}
    assert {i: held.get(i) for i in wanted} == wanted
    assert build(bits=bits, size=held.size, entries=wanted.items()).data == data


def test_entries_are_packed_from_the_least_significant_bit():
    # 0x01 reversed is 0x80: a reader of the wrong order finds the entry at 7.
    one = StatusList(1, 8, b"\x01")
    assert [one.get(i) for i in range(8)] == [1, 0, 0, 0, 0, 0, 0, 0]
    two = StatusList(2, 4, bytes([0b11_00_10_01]))
    assert [two.get(i) for i in range(4)] == [1, 2, 0, 3]
    assert build(bits=2, size=4, entries=[(0, 1), (1, 2), (3, 3)]).data == two.data


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.lists(st.integers(0, 255), min_size=1, max_size=80),
)
def test_what_is_built_is_read_again(bits, values):
    values = [value % (1 << bits) for value in values]
    built = build(bits=bits, size=len(values), entries=enumerate(values))
    assert [built.get(i) for i in range(built.size)] == values
    assert inflate(compress(built.data)) == built.data


def test_a_later_entry_for_the_same_index_wins():
    assert build(bits=2, size=4, entries=[(1, 3), (1, 1)]).get(1) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"bits": 3, "size": 8}, "status.bits"),
        ({"bits": 16, "size": 8}, "status.bits"),
        ({"bits": 2, "size": 8, "entries": [(0, 4)]}, "status.bits"),
        ({"bits": 2, "size": 8, "entries": [(0, -1)]}, "status.bits"),
        ({"bits": 2, "size": 8, "entries": [(8, 1)]}, "status.index"),
        ({"bits": 2, "size": 8, "entries": [(-1, 1)]}, "status.index"),
    ],
)
def test_a_list_that_cannot_be_is_not_built(arguments, code):
    with pytest.raises(StatusError) as caught:
        build(**arguments)
    assert caught.value.code == code


def test_inflating_stops_at_its_limit():
    bomb = zlib.compress(b"\0" * 17 * 1_048_576, 9)
    with pytest.raises(StatusError) as caught:
        inflate(bomb)
    assert caught.value.code == "status.too_large"
    assert len(inflate(zlib.compress(b"\0" * 16 * 1_048_576))) == 16 * 1_048_576


@given(st.binary(max_size=60).filter(lambda data: data[:1] != b"\x78"))
def test_bytes_that_are_no_stream_have_one_refusal(data):
    with pytest.raises(StatusError) as caught:
        inflate(data)
    assert caught.value.code == "status.decode"


def test_a_million_entries_with_one_in_a_hundred_marked_stay_small():
    # rel-007: at most 20 kB at 1 % withdrawn, spread evenly.
    entries = [(i, 1) for i in range(0, 2**20, 101)]
    built = build(bits=2, size=2**20, entries=entries)
    assert len(compress(built.data)) <= 20_000
