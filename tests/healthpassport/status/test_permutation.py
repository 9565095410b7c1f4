"""The secret order of places."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.status.permutation import MAX_SIZE, SEED_BYTES, SecretOrder

SEED = bytes(range(SEED_BYTES))
SMALL = [871, 844, 313, 511, 705]
LARGE = [152594, 803464, 881145, 1030424, 652532]


def places(numbers, size, seed=SEED):
    order = SecretOrder(seed, size)
    return [order.place(number) for number in numbers]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100, 1000, 1024, 2048])
def test_every_place_of_a_list_is_given_once(size):
    assert sorted(places(range(size), size)) == list(range(size))


@settings(max_examples=25, deadline=None)
@given(
    st.binary(min_size=SEED_BYTES, max_size=SEED_BYTES),
    st.integers(1, 2**22),
    st.data(),
)
def test_two_numbers_never_meet(seed, size, data):
    numbers = data.draw(st.sets(st.integers(0, size - 1), max_size=20))
    assert len(set(places(numbers, size, seed))) == len(numbers)


def test_the_last_places_of_a_full_list_are_found_without_a_search():
    size = 2**20
    last = places(range(size - 50, size), size)
    assert len(set(last)) == 50
    assert all(0 <= index < size for index in last)


def test_neighbours_land_anywhere():
    size, count = 2**20, 2_000
    found = places(range(count), size)
    steps = [abs(a - b) for a, b in itertools.pairwise(found)]
    # Of places drawn at random two neighbours are a third of the list apart on average.
    assert 0.30 < sum(steps) / len(steps) / size < 0.37
    for quarter in range(4):
        share = sum(index * 4 // size == quarter for index in found) / count
        assert 0.2 < share < 0.3


def test_another_seed_gives_another_order():
    other = bytes(SEED_BYTES)
    pairs = zip(places(range(200), 2**20), places(range(200), 2**20, other), strict=True)
    assert sum(one == another for one, another in pairs) < 3


@pytest.mark.parametrize("size", [5, 1000, 2**20])
def test_many_places_at_once_are_those_of_one_after_the_other(size):
    order = SecretOrder(SEED, size)
    start, end = size // 3, min(size, size // 3 + 500)
    assert order.places(start, end) == [order.place(number) for number in range(start, end)]


def test_the_order_of_a_seed_stays_what_it_was():
    # Lists that are half given go on in it: another order would give a place twice.
    assert places(range(5), 2**20) == LARGE
    assert places(range(5), 1_000) == SMALL


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 4), (0, 9), (8, 9)])
def test_a_block_that_is_not_within_the_list_has_no_places(start, end):
    with pytest.raises(ValueError, match=str(start)):
        SecretOrder(SEED, 8).places(start, end)


@pytest.mark.parametrize("number", [-1, 8, 2**40])
def test_what_is_outside_the_list_has_no_place(number):
    with pytest.raises(ValueError, match=str(number)):
        SecretOrder(SEED, 8).place(number)


@pytest.mark.parametrize(
    ("seed", "size"), [(SEED, 0), (SEED, -1), (SEED, MAX_SIZE + 1), (b"", 8), (SEED + b"x", 8)]
)
def test_there_is_no_order_without_places_or_seed(seed, size):
    with pytest.raises(ValueError, match=str(size)):
        SecretOrder(seed, size)


def test_the_order_stays_the_same_for_as_long_as_the_list_lives():
    # A change of these numbers would give places of old lists a second time.
    assert places(range(4), 2**17) == [1749, 107877, 92384, 73312]
    assert places(range(4), 2**20) == [152594, 803464, 881145, 1030424]


def test_a_seed_is_not_told_by_its_order():
    assert SEED.hex() not in repr(SecretOrder(SEED, 8))
    assert "seed" not in repr(SecretOrder(SEED, 8))
