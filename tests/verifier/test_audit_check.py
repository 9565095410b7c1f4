"""A trail that was touched is told from one that was not, and which entry was touched is named."""

from __future__ import annotations

from io import BytesIO

import pytest
from audit_files import TRAIL, altered, entries, head, line, rewritten, token_line
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.audit.heads import read_head
from healthpassport.audit.reports import check_file
from healthpassport.keys import generate_signer

MADE = entries()
EVERY = range(1, len(MADE) + 1)


@pytest.fixture(scope="module")
def sign(world):
    def signed(last, **changes):
        changes = {"signer": world.desk_signer, "chain": world.registered.certificate.chain} | (
            changes
        )
        return head(last, changes.pop("signer"), changes.pop("chain"), **changes)

    return signed


@pytest.fixture(scope="module")
def good(sign):
    return [*map(line, MADE), token_line("head", sign(MADE[-1]))]


@pytest.fixture(scope="module")
def checked(world):
    def check(lines, **named):
        return check_file(lines, expected_keys=[world.desk_signer.public_key], **named)

    return check


def found(report):
    return [(f.code.removeprefix("audit."), f.first, f.last) for f in report.findings]


def without_head(lines):
    return list(lines)[:-1]


def test_a_trail_that_nobody_touched_is_whole(checked, good):
    report = checked(good)
    assert report.whole
    assert (report.first, report.last, report.entries, report.signed) == (1, 8, 8, 8)
    assert (report.tenant, report.trail) == ("main", TRAIL)


@pytest.mark.parametrize("at", EVERY)
@pytest.mark.parametrize(
    "change", [{"event": "card.read"}, {"about": ""}, {"facts": {"late": True}}]
)
def test_an_altered_entry_is_named(checked, good, at, change):
    lines = list(good)
    lines[at - 1] = line(altered(MADE[at - 1], hashed=False, **change))
    assert found(checked(lines)) == [("altered", at, at)]


@pytest.mark.parametrize("at", EVERY)
def test_an_altered_entry_is_named_also_where_its_hash_was_put_right(checked, good, at):
    lines = list(good)
    lines[at - 1] = line(altered(MADE[at - 1], event="card.read"))
    named = [("altered", at, at)] if at < len(MADE) else [("head", at, at)]
    assert found(checked(lines)) == named


@pytest.mark.parametrize("at", EVERY)
def test_an_entry_that_was_made_to_follow_another_is_named(checked, good, at):
    lines = list(good)
    lines[at - 1] = line(altered(MADE[at - 1], prev="A" * 43))
    told = found(checked(lines))
    assert ("altered", at, at) in told
    assert {first for _, first, _ in told} == {at}


@pytest.mark.parametrize("at", EVERY)
def test_a_hash_that_was_changed_alone_is_named(checked, good, at):
    lines = list(good)
    lines[at - 1] = lines[at - 1].replace(MADE[at - 1].hash.encode(), b"A" * 43)
    assert ("altered", at, at) in found(checked(lines))


@pytest.mark.parametrize("at", range(1, len(MADE)))
@pytest.mark.parametrize("count", [1, 2])
def test_entries_that_were_taken_out_are_numbered(checked, good, at, count):
    lines = list(good)
    count = min(count, len(MADE) - at)
    del lines[at - 1 : at - 1 + count]
    assert found(checked(lines)) == [("removed", at, at + count - 1)]


@pytest.mark.parametrize("cut", EVERY)
def test_a_tail_that_was_cut_is_noticed_by_the_head(checked, good, cut):
    lines = [*good[: cut - 1], good[-1]]
    assert found(checked(lines)) == [("cut", cut, len(MADE))]


@pytest.mark.parametrize("cut", range(2, len(MADE) + 1))
def test_a_tail_cut_with_its_head_is_noticed_by_a_head_kept_elsewhere(
    checked, good, sign, world, cut
):
    token = sign(MADE[-1])
    kept = read_head(token, expected_keys=[world.desk_signer.public_key])
    lines = [*good[: cut - 1], token_line("head", sign(MADE[cut - 2]))]
    assert checked(lines).whole
    assert found(checked(lines, outside=[kept])) == [("cut", cut, len(MADE))]


def test_a_file_without_a_head_is_not_called_whole(checked, good):
    assert found(checked(without_head(good))) == [("unsigned", 8, 8)]
    assert found(checked([])) == [("unsigned", 0, 0)]


@pytest.mark.parametrize("at", range(1, len(MADE)))
def test_two_entries_in_the_wrong_order_are_told(checked, good, at):
    lines = list(good)
    lines[at - 1], lines[at] = lines[at], lines[at - 1]
    assert found(checked(lines)) == [("reordered", at, at)]


@pytest.mark.parametrize("at", EVERY)
@pytest.mark.parametrize("before", [True, False])
def test_an_entry_that_was_put_in_is_told(checked, good, at, before):
    added = altered(MADE[at - 1], event="sign_in.made")
    lines = list(good)
    lines.insert(at - 1 if before else at, line(added))
    report = checked(lines)
    assert found(report) == [("inserted", at, at)]
    assert report.findings[0].line == (at if before else at + 1)


@pytest.mark.parametrize("at", EVERY)
def test_a_line_that_stands_twice_is_told(checked, good, at):
    assert ("inserted", at, at) in found(checked([*good[:at], good[at - 1], *good[at:]]))


def test_an_entry_of_another_trail_or_organisation_is_told(checked, good):
    for other in (entries(trail="b3RoZXI"), entries(tenant="south")):
        lines = [*good[:4], line(other[4]), *good[4:]]
        assert found(checked(lines)) == [("inserted", 5, 5)]


@pytest.mark.parametrize("at", EVERY)
def test_a_trail_written_anew_behind_a_change_does_not_fit_its_head(checked, sign, at):
    anew = rewritten(MADE, at, lambda sealed: altered(sealed, event="card.read"))
    lines = [*map(line, anew), token_line("head", sign(MADE[-1]))]
    assert found(checked(lines)) == [("head", 8, 8)]


def test_a_head_of_another_key_is_no_head(checked, good, sign):
    stranger = sign(MADE[-1], signer=generate_signer())
    assert ("head", 8, 8) in found(checked([*good[:-1], token_line("head", stranger)]))
    with_other_chain = sign(MADE[-1], chain=())
    assert ("head", 8, 8) in found(checked([*good[:-1], token_line("head", with_other_chain)]))


@pytest.mark.parametrize("change", [{"tenant": "south"}, {"trail": "b3RoZXI"}, {"entry_hash": "A"}])
def test_a_head_that_speaks_of_something_else_is_told(checked, good, sign, change):
    lines = [*good[:-1], token_line("head", sign(MADE[-1], **change))]
    assert ("head", 8, 8) in found(checked(lines))


def test_entries_behind_the_head_are_told(checked, good, sign):
    assert ("inserted", 8, 8) in found(checked([*good[:7], good[-1], good[7]]))
    assert ("inserted", 8, 8) in found(checked([*good[:-1], token_line("head", sign(MADE[6]))]))
    assert ("head", 8, 8) in found(checked([*good, good[-1]]))


def test_a_trail_that_was_cut_at_its_beginning_stands_on_a_signed_base(checked, good, sign):
    base = token_line("base", sign(MADE[2]))
    report = checked([base, *good[3:]])
    assert report.whole
    assert (report.first, report.last, report.entries) == (4, 8, 5)
    assert found(checked(good[3:])) == [("removed", 1, 3)]
    assert ("removed", 4, 4) in found(checked([base, *good[4:]]))
    assert ("altered", 4, 4) in found(
        checked([token_line("base", sign(MADE[2], entry_hash="A")), *good[3:]])
    )
    assert ("head", 3, 3) in found(checked([*good[:3], base, *good[3:]]))
    stranger = token_line("base", sign(MADE[2], signer=generate_signer()))
    assert found(checked([stranger, *good[3:]])) == [("head", 0, 0)]


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b'{"entry":{},"hash":"x"}\n',
        b'{"entry":1,"hash":"x"}\n',
        b'{"head":1}\n',
        b'{"entry":{"a":1,"a":1},"hash":"x"}\n',
        b"\xff\n",
        b'{"head":"' + b"a" * 20_000 + b'"}\n',
    ],
)
def test_what_is_no_line_is_told_with_its_place(checked, good, bad):
    report = checked([*good[:3], bad, *good[3:]])
    assert report.findings[0].code == "audit.form"
    assert report.findings[0].line == 4


@pytest.mark.parametrize("change", [b" ", b"\r"])
def test_another_spelling_of_the_same_entry_is_no_entry(checked, good, change):
    lines = [*good[:3], good[3][:-1] + change + b"\n", *good[4:]]
    assert found(checked(lines)) == [("form", 4, 4)]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_single_edit_of_a_file_goes_unnoticed(checked, good, data):
    whole = b"".join(good)
    at = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["change", "take", "put", "cut"]))
    octet = data.draw(st.integers(0, 255))
    if kind == "change":
        touched = whole[:at] + bytes([octet]) + whole[at + 1 :]
    elif kind == "take":
        touched = whole[:at] + whole[at + 1 :]
    elif kind == "put":
        touched = whole[:at] + bytes([octet]) + whole[at:]
    else:
        touched = whole[:at]
    assert checked(BytesIO(touched)).whole == (touched == whole)
