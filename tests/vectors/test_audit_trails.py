"""The trails of ``audit.json``: what other implementations can be tried on as well."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import audit_by_the_book
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthpassport.audit.entries import first_hash
from healthpassport.audit.heads import read_head
from healthpassport.audit.reports import check_file
from healthpassport.encoding import b64_decode
from healthpassport.keys import public_key_from_certificate

FILE = json.loads(Path(__file__).with_name("audit.json").read_text(encoding="utf-8"))
CERTIFICATE = b64_decode(FILE["certificate"])
KEYS = [public_key_from_certificate(CERTIFICATE)]
CASES = FILE["cases"]
GOOD = [case for case in CASES if not case["findings"]]


def octets(case):
    return b"".join(line.encode() + b"\n" for line in case["lines"])


def findings(data, kept=()):
    heads = [read_head(token, expected_keys=KEYS) for token in kept]
    report = check_file(BytesIO(data), expected_keys=KEYS, outside=heads)
    return [
        {"code": one.code, "first": one.first, "last": one.last, "line": one.line}
        for one in report.findings
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_trail_is_judged_as_the_file_says(case):
    assert findings(octets(case), case["keptElsewhere"]) == case["findings"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_reader_that_knows_the_page_alone_says_the_same(case):
    found = audit_by_the_book.whole(octets(case), [CERTIFICATE], case["keptElsewhere"])
    assert found == (not case["findings"])


def test_the_file_has_every_finding_and_more_bad_trails_than_good():
    codes = {one["code"] for case in CASES for one in case["findings"]}
    assert codes == {f"audit.{name}" for name in NAMES}
    assert len(GOOD) < len(CASES) / 2


NAMES = ("altered", "cut", "form", "head", "inserted", "removed", "reordered", "unsigned")


def test_what_a_first_entry_follows_is_that_of_the_file():
    told = FILE["firstHash"]
    assert first_hash(told["tenant"], told["trail"]) == told["hash"]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_both_readers_agree_on_any_edit_of_a_good_trail(data):
    whole = octets(data.draw(st.sampled_from(GOOD)))
    at = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(max_size=3))
    touched = whole[:at] + put + whole[at + data.draw(st.integers(0, 3)) :]
    by_the_book = audit_by_the_book.whole(touched, [CERTIFICATE])
    assert (findings(touched) == []) == by_the_book == (touched == whole)
