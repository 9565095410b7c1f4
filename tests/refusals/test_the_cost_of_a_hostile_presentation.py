"""What a stranger can have a desk compute: bounded, and never a suite that nobody allowed."""

from __future__ import annotations

import copy
import json
import tracemalloc
from dataclasses import replace

import pytest
from bounded import within
from hostile_holder import signed, text_of
from record_examples import PENICILLIN, allergies
from verification_world import W3C, Desk, Surgery, present

from healthpassport import cbor, multibase
from healthpassport.credential import DeskState, Verdict
from healthpassport.encoding import MAX_TOKEN_BYTES
from healthpassport.errors import PassportError
from healthpassport.keys.signer import generate_signer
from healthpassport.suites.bbs import generators

HOLDER = generate_signer()
SECONDS = 2  # security.md: the worst that one token may cost
OCTETS = 64 * 2**20


@pytest.fixture(scope="module")
def surgery():
    return Surgery(format=W3C)


@pytest.fixture(scope="module")
def shown(surgery):
    return json.loads(present(surgery.issue(allergies(), HOLDER), HOLDER))["verifiableCredential"][
        0
    ]


@pytest.fixture(scope="module")
def desk(surgery):
    return Desk((surgery,))


def codes(desk, presentation):
    return desk.verify({"allergies": text_of(presentation)}).codes


def test_a_record_or_presentation_with_many_proofs_costs_nothing(desk, shown):
    many = {**shown, "proof": [shown["proof"]] * 3}
    assert codes(desk, signed([many], HOLDER)) == ("limit.size",)
    presentation = signed([shown], HOLDER)
    assert codes(desk, {**presentation, "proof": [presentation["proof"]] * 3}) == ("limit.size",)


def test_di_010_a_suite_that_is_not_allowed_is_not_computed_beside_one_that_is(
    desk, shown, monkeypatch
):
    def computed(*_):
        pytest.fail("a proof of a suite that nobody allowed was looked at")

    monkeypatch.setattr(generators, "generators", computed)
    presentation = signed([shown], HOLDER)
    value = multibase.encode_base64url(
        b"\xd9\x5d\x03" + cbor.encode([bytes(96_272), {}, [], [], b""])
    )
    other = {**presentation["proof"], "cryptosuite": "bbs-2023", "proofValue": value}
    for proofs in ([presentation["proof"], other], [other, presentation["proof"]]):
        assert codes(desk, {**presentation, "proof": proofs}) == ("di.policy",)
    beside = {**shown, "proof": [shown["proof"], {**other, "proofPurpose": "assertionMethod"}]}
    assert codes(desk, signed([beside], HOLDER)) == ("di.policy",)


def test_two_proofs_of_a_holder_who_changes_suites_are_one_holder_s(desk, shown):
    presentation, again = signed([shown], HOLDER), signed([shown], HOLDER)
    both = {**presentation, "proof": [presentation["proof"], again["proof"]]}
    assert desk.verify({"allergies": text_of(both)}).verdict is Verdict.ACCEPTED


def grown(shown, entry):
    """``shown`` with as many items like ``entry`` as a token holds."""
    subject = {**shown["credentialSubject"]}
    number = (MAX_TOKEN_BYTES * 3 // 4) // len(json.dumps(entry(100)))
    subject["items"] = [entry(index) for index in range(number)]
    return {**copy.deepcopy(shown), "credentialSubject": subject}


ENTRIES = {
    "items that are told apart": lambda n: {"unit": n},
    "items that look alike": lambda _: {"unit": 1},
    "empty items": lambda _: {},
    "contexts": lambda _: {"@context": {}, "unit": 1},
    "shipped contexts": lambda _: {"@context": "https://www.w3.org/ns/credentials/v2"},
    "types": lambda n: {"type": ["AllergySummary", f"urn:{n}"]},
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_token_full_of_items_is_refused_in_bounded_time_and_memory(desk, shown, entry):
    document = grown(shown, entry)
    try:
        text = text_of(signed([document], HOLDER))
    except PassportError:  # what no proof can be made over, a holder's proof only looks like one
        text = text_of({**signed([shown], HOLDER), "verifiableCredential": [document]})
    checked = within(SECONDS, lambda: desk.verify({"allergies": text}))
    assert checked.verdict is Verdict.REJECTED
    tracemalloc.start()
    desk.verify({"allergies": text})
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < OCTETS


def test_a_record_of_very_many_items_can_be_shown_whole_with_every_field(surgery, desk):
    fields = {"onset": "2001", "recorder": "Dr Example"}
    items = tuple(
        replace(PENICILLIN, unit={"text": f"Item {n}"}, fields=fields) for n in range(400)
    )
    sent = present(surgery.issue(allergies(items=items), HOLDER), HOLDER)
    section = desk.verify({"allergies": sent}).section("AllergySummary")
    assert (section.state, section.shown, section.total) == (DeskState.ITEMS, 400, 400)
