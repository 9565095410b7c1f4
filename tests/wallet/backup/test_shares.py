"""A secret among three: any two give it back, one tells nothing, a wrong one is named."""

from __future__ import annotations

import re
import secrets
from itertools import permutations

import pytest
from backup_by_the_book import line_through, ungroup
from backup_files import refused
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.errors import BackupError
from wallet.backup import groups
from wallet.backup.keys import SlotKind, recipient
from wallet.backup.split import Share, join, new_split, read_share


@pytest.fixture
def split():
    return new_split(secrets.token_bytes)


def test_any_two_of_three_give_the_same_secret_in_any_order(split):
    way, shares = split
    for count in (2, 3):
        for some in permutations(shares, count):
            secret = join(some, facts=way.facts)
            assert secret.kind is SlotKind.SPLIT
            assert recipient(secret, way.facts).public == way.public
    assert line_through(shares[0].text(), shares[2].text()) == secret.secret


def test_prv_005_a_share_alone_names_no_person_no_scheme_and_nothing_of_health(split):
    _way, shares = split
    for share in shares:
        assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){8}[0-9A-HJKMNP-TV-Z]{5}", share.text())
        plain = ungroup(share.text())
        assert plain == bytes([1]) + share.split + bytes([share.number]) + share.value
        assert repr(share.value) not in repr(share)


def test_one_share_fits_every_secret():
    """Perfect secrecy of one: for any secret there is a second share that leads to it."""
    _way, (share, *_others) = new_split(secrets.token_bytes)
    for wanted in (bytes(16), b"any other secret"):
        slope = int.from_bytes(wanted, "big") ^ int.from_bytes(share.value, "big")
        other = Share(share.split, 3, (int.from_bytes(wanted, "big") ^ times_3(slope)).to_bytes(16))
        assert line_through(share.text(), other.text()) == wanted


def times_3(value):
    double = value << 1
    double ^= ((1 << 128) | 0x87) if double >> 128 else 0
    return double ^ value


def test_shares_are_read_as_people_type_them(split):
    _way, (share, *_others) = split
    typed = share.text().lower().replace("-", "  ").replace("0", "o").replace("1", "l")
    assert read_share(f" {typed}\n") == share


def test_too_few_the_same_twice_and_two_splits_are_told_apart(split):
    way, shares = split
    _other, others = new_split(secrets.token_bytes)
    for code, some in [
        ("backup.share_few", shares[:1]),
        ("backup.share_twice", (shares[0], shares[0])),
        ("backup.share_mixed", (shares[0], others[1])),
        ("backup.share_old", others[:2]),
    ]:
        with refused(code):
            join(some, facts=way.facts)


def test_a_forged_share_is_named(split):
    way, shares = split
    forged = Share(shares[1].split, 2, bytes(16))
    for some in ((shares[0], forged), (forged, shares[2]), (shares[0], shares[2], forged)):
        with pytest.raises(BackupError) as raised:
            join(some, facts=way.facts)
        assert raised.value.code == "backup.share_forged"
        assert raised.value.detail == "part number 2"
    renumbered = Share(shares[0].split, 3, shares[0].value)
    with refused("backup.share_forged"):
        join((shares[1], renumbered), facts=way.facts)


@pytest.mark.parametrize("number", [0, 4, 255])
def test_a_share_with_an_impossible_number_is_refused(number):
    """Number 0 would be the secret itself."""
    text = "-".join(groups.encode(bytes([1]) + b"same" + bytes([number]) + b"v" * 16))
    with refused("backup.code_kind"):
        read_share(text)


def test_a_code_for_something_else_is_told():
    with refused("backup.code_kind"):
        read_share(" ".join(groups.encode(bytes([3]) + bytes(21))))


@given(st.binary(min_size=22, max_size=22))
def test_groups_are_read_back(data):
    text = " ".join(groups.encode(data))
    assert groups.decode(text, size=22) == data
    assert ungroup(text) == data


@given(st.binary(min_size=22, max_size=22), st.integers(0, 44), st.sampled_from(groups.ALPHABET))
def test_every_single_slip_is_named_by_its_group(data, place, typed):
    text = "".join(groups.encode(data))
    slipped = text[:place] + typed + text[place + 1 :]
    if slipped == text:
        return
    with pytest.raises(BackupError) as raised:
        groups.decode(slipped, size=22)
    assert raised.value.code == "backup.code_typed"
    assert raised.value.detail.startswith(f"look at group {place // 5 + 1}:")


@given(st.binary(min_size=22, max_size=22), st.integers(0, 43))
def test_two_neighbours_that_changed_places_are_seen(data, place):
    text = "".join(groups.encode(data))
    turned = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if turned != text:
        with refused("backup.code_typed"):
            groups.decode(turned, size=22)


@given(st.binary(min_size=22, max_size=22), st.permutations(range(9)))
def test_groups_in_another_order_are_seen(data, order):
    found = groups.encode(data)
    if list(order) != sorted(order):
        with refused("backup.code_typed"):
            groups.decode("-".join(found[place] for place in order), size=22)


@given(st.text(max_size=80))
def test_any_other_text_is_refused_in_our_words(text):
    with pytest.raises(BackupError) as raised:
        read_share(text)
    assert raised.value.code in {"backup.code_typed", "backup.code_kind"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: "", id="nothing"),
        pytest.param(lambda text: text[:-6], id="a group too few"),
        pytest.param(lambda text: text + "-" + text[-5:], id="a group too many"),
        pytest.param(lambda text: text[:-1], id="a character too few"),
        pytest.param(lambda text: text.replace("0", "U", 1), id="no letter of ours"),
        pytest.param(lambda text: text * 100, id="far too long"),
    ],
)
def test_a_code_of_the_wrong_length_is_refused(change):
    text = Share(b"0000", 1, bytes(16)).text()
    with refused("backup.code_typed"):
        read_share(change(text))


def test_bits_that_stand_for_nothing_must_be_zero():
    text = Share(b"0000", 1, bytes(16)).groups()
    last = text[-1]
    for spare in range(1, 16):
        value = groups.ALPHABET[groups.ALPHABET.index(last[3]) | spare]
        values = [groups.ALPHABET.index(c) for c in last[:3] + value]
        made = last[:3] + value + groups.ALPHABET[groups._check(values, 9)]
        with refused("backup.code_typed"):
            read_share("-".join((*text[:-1], made)))
