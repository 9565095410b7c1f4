"""What a wallet believes of a receipt: everything that was checked, and every difference told."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receipt_world import CLAIMS, RECORDS, TOKEN, Desk
from simulated_trust import NOW

from healthpassport import receipts
from healthpassport.encoding import b64_encode, b64url_encode, dump_json
from healthpassport.errors import PassportError, ReceiptError
from healthpassport.keys import generate_signer
from healthpassport.receipts import MAX_RECEIPT, Receipt


@pytest.fixture(scope="module")
def desk():
    return Desk()


def refusal(action, *arguments, **named):
    with pytest.raises(PassportError) as caught:
        action(*arguments, **named)
    return caught.value.code


def rows(**changes):
    """The records of an honest receipt, with the first one changed."""
    first, second = (r.model_dump(mode="json") for r in RECORDS)
    return [first | changes, second]


def test_an_honest_receipt_has_no_problems(desk):
    found = desk.check(desk.sign())
    assert found.problems == ()
    assert found.receipt.organisation.name == "Example Hospital"
    assert found.receipt.issued_at == NOW
    assert found.certificate_hash == desk.sent().certificate_hash


def test_the_role_of_the_reader_may_stand_in_it(desk):
    found = desk.check(desk.sign(desk.receipt(reader={"role": "clinician"})))
    assert found.problems == ()
    assert found.receipt.reader.role == "clinician"


DIFFERENT = {
    "another request": ({"request_hash": "A" * 43}, ("receipt.request",)),
    "another answer": ({"vp_token_hash": "A" * 43}, ("receipt.answer",)),
    "one record's hash": ({"records": rows(hash="A" * 43)}, ("receipt.answer",)),
    "a field more": (
        {"records": rows(paths=[*RECORDS[0].paths, "phone"])},
        ("receipt.fields_more",),
    ),
    "a field less": ({"records": rows(paths=["asOf", "familyName"])}, ("receipt.fields_fewer",)),
    "another field": (
        {"records": rows(paths=["asOf", "familyName", "items.unit", "phone"])},
        ("receipt.fields_more", "receipt.fields_fewer"),
    ),
    "a record less": ({"records": rows()[:1]}, ("receipt.fields_fewer",)),
    "a record more": (
        {"records": [*rows(), rows(query="more", type="ProblemSummary")[0]]},
        ("receipt.fields_more",),
    ),
    "another type": (
        {"records": rows(type="ProblemSummary")},
        ("receipt.fields_more", "receipt.fields_fewer"),
    ),
    "another purpose": (
        {"purpose": {"id": "pharmacy", "dpv": receipts.purpose_term("pharmacy")}},
        ("receipt.purpose",),
    ),
    "kept longer": (
        {"retention": {"text": "For ever.", "dpv": receipts.retention_term()}},
        ("receipt.retention",),
    ),
    "another name": (
        {"organisation": {"name": "Other Hospital", "ods": "RX123"}},
        ("receipt.organisation",),
    ),
    "another code": (
        {"organisation": {"name": "Example Hospital", "ods": "RX999"}},
        ("receipt.organisation",),
    ),
    "tomorrow": ({"iat": int(NOW.timestamp()) + 86_400}, ("receipt.time",)),
    "two minutes ahead": ({"iat": int(NOW.timestamp()) + 120}, ("receipt.time",)),
    "an hour ago": ({"iat": int(NOW.timestamp()) - 3_600}, ("receipt.time",)),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_every_difference_is_told_and_the_receipt_is_read_all_the_same(desk, name):
    changes, codes = DIFFERENT[name]
    found = desk.check(desk.sign(desk.receipt(**changes)))
    assert found.problems == codes
    assert found.receipt.jti == "r" * 22


def test_every_problem_stands_in_the_catalogue():
    told = {code for _, codes in DIFFERENT.values() for code in codes}
    assert all(ReceiptError(code).hint for code in told)


def test_a_receipt_for_a_card_is_none_for_an_answer(desk):
    assert "receipt.kind" in desk.check(desk.sign(desk.card())).problems
    assert desk.check_card(desk.sign()).problems == ("receipt.kind",)


def test_another_listed_desk_cannot_sign_for_the_one_that_asked(desk):
    other = Desk()
    found = other.check(other.sign(), expected=desk.sent())
    assert found.problems == ("receipt.key",)


def test_a_desk_that_is_on_no_list_vouches_for_nothing(desk):
    stranger = Desk(listed=False)
    found = stranger.check(stranger.sign(), expected=desk.sent(), trust=desk.trust)
    assert found.problems == ("receipt.key", "trust.verifier_unknown")


def test_a_desk_that_was_not_listed_when_it_signed_is_told():
    late = Desk(notBefore=(NOW + timedelta(days=1)).isoformat())
    assert late.check(late.sign()).problems == ("trust.verifier_expired",)


def test_a_desk_that_calls_itself_as_the_patient_was_told_and_not_as_the_list_says():
    other = Desk(name="Private Clinic")
    assert other.check(other.sign()).problems == ("receipt.organisation",)


def test_a_chain_with_a_spare_certificate_is_told(desk):
    token = desk.sign(x5c=[b64_encode(desk.leaf.der), b64_encode(Desk().leaf.der)])
    assert desk.check(token).problems == ("x509.path_invalid",)


def test_an_old_list_vouches_for_nobody(desk):
    from dataclasses import replace  # noqa: PLC0415

    stale = replace(desk.trust, stale=True)
    assert refusal(desk.check, desk.sign(), trust=stale) == "trust.stale"
    assert refusal(desk.check_card, desk.sign(desk.card()), trust=stale) == "trust.stale"


def unsigned(desk):
    header = {"typ": receipts.TYP, "alg": "none", "x5c": [b64_encode(desk.leaf.der)]}
    parts = (b64url_encode(dump_json(part)) for part in (header, desk.receipt()))
    return ".".join([*parts, ""])


HOSTILE = {
    "nothing": lambda _: ("", "receipt.format"),
    "no token": lambda _: ("not a receipt", "receipt.format"),
    "two parts": lambda d: (".".join(d.sign().split(".")[:2]), "receipt.format"),
    "huge": lambda d: (d.sign() + "A" * MAX_RECEIPT, "receipt.format"),
    "no certificate": lambda d: (d.sign(x5c=...), "receipt.format"),
    "an empty chain": lambda d: (d.sign(x5c=[]), "receipt.format"),
    "a certificate that is none": lambda d: (d.sign(x5c=[b64_encode(b"x")]), "receipt.format"),
    "a key of its own": lambda d: (
        d.sign(jwk=d.signer.public_key.jwk()),
        "receipt.format",
    ),
    "a key from elsewhere": lambda d: (d.sign(x5u="https://evil.example/x"), "receipt.format"),
    "critical": lambda d: (d.sign(crit=["b64"], b64=False), "receipt.format"),
    "alg none": lambda d: (unsigned(d), "receipt.signature"),
    "another key": lambda d: (d.sign(signer=generate_signer()), "receipt.signature"),
    "another algorithm": lambda d: (d.sign(signer=generate_signer("EdDSA")), "receipt.signature"),
    "a request's typ": lambda d: (d.sign(typ="oauth-authz-req+jwt"), "receipt.signature"),
    "no typ": lambda d: (d.sign(typ=...), "receipt.signature"),
    "changed": lambda d: (_swapped(d), "receipt.signature"),
    "no JSON": lambda d: (d.sign(b"\xff"), "receipt.format"),
    "an array": lambda d: (d.sign(b"[]"), "receipt.format"),
    "twice a member": lambda d: (d.sign(b'{"iat":1,"iat":2}'), "receipt.format"),
}


def _swapped(desk):
    """The head and the signature of one receipt around the claims of another."""
    head, _, signature = desk.sign().split(".")
    return f"{head}.{desk.sign(desk.receipt(jti='q' * 22)).split('.')[1]}.{signature}"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_nobody_signed_proves_nothing(desk, name):
    token, code = HOSTILE[name](desk)
    assert refusal(desk.check, token) == code
    assert refusal(desk.check_card, token) == code
    assert refusal(receipts.read_unchecked, token) == code


MALFORMED = {
    "another version": {"version": 2},
    "no version at all but a text": {"version": "1"},
    "an unknown member": {"values": {"familyName": "Smith"}},
    "no id": {"jti": ...},
    "a short id": {"jti": "abc"},
    "no time": {"iat": ...},
    "a time in text": {"iat": "1790000000"},
    "a time that is true": {"iat": True},
    "a time before all": {"iat": -1},
    "a time after all": {"iat": 10**15},
    "half a second": {"iat": 1790000000.5},
    "another kind": {"kind": "advert"},
    "no request": {"request_hash": ...},
    "no answer": {"vp_token_hash": ...},
    "a hash in hex": {"request_hash": "ab" * 32},
    "a card as well": {"card_hash": "A" * 43},
    "a reason for an answer": {"reason": 1},
    "no records": {"records": []},
    "records that are none": {"records": "all"},
    "a record without hash": {"records": [{"type": "A", "format": "f", "query": "q", "paths": []}]},
    "a record twice": {"records": rows() + rows()[:1]},
    "paths out of order": {"records": rows(paths=["b", "a"])},
    "a path twice": {"records": rows(paths=["a", "a"])},
    "a value for a path": {"records": rows(paths=["Penicillin V 250 mg"])},
    "a value beside a path": {"records": rows(value="Penicillin")},
    "too many paths": {"records": rows(paths=sorted(f"p{i}" for i in range(200)))},
    "too many records": {"records": [rows(query=f"q{i}")[0] for i in range(65)]},
    "a purpose in words": {"purpose": "emergency"},
    "a script for a term": {"purpose": {"id": "emergency", "dpv": "javascript:alert(1)"}},
    "an endless name": {"organisation": {"name": "x" * 201, "ods": "RX123"}},
    "an empty name": {"organisation": {"name": "", "ods": "RX123"}},
    "a role with a face": {"reader": {"role": "Dr Jane Roe"}},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_signed_and_no_receipt_is_refused(desk, name):
    token = desk.sign(desk.receipt(**MALFORMED[name]))
    assert refusal(desk.check, token) == "receipt.format"


@pytest.mark.parametrize("change", [{"reason": 7}, {"reason": 0}, {"card_hash": ...}])
def test_a_card_receipt_has_its_own_members(desk, change):
    made = {name: value for name, value in (desk.card() | change).items() if value is not ...}
    assert refusal(desk.check_card, desk.sign(made)) == "receipt.format"


def test_a_receipt_for_a_card_is_checked_against_the_cards_that_were_made(desk):
    token = desk.sign(desk.card())
    found = desk.check_card(token, b"an older card", b"a card")
    assert found.problems == ()
    assert (found.receipt.reason, found.receipt.request_hash) == (2, None)
    assert desk.check_card(token, b"another card").problems == ("receipt.card",)


def test_a_receipt_for_a_card_may_come_long_after_the_reading(desk):
    later = NOW + timedelta(days=400)
    assert desk.check_card(desk.sign(desk.card()), now=later).problems == ()
    ahead = desk.card(iat=int(NOW.timestamp()) + 600)
    assert desk.check_card(desk.sign(ahead)).problems == ("receipt.time",)


def test_the_hash_of_a_request_is_the_same_for_every_wallet_that_fetches_it():
    other = dict(reversed(CLAIMS.items())) | {"wallet_nonce": "another"}
    assert receipts.request_hash(other) == receipts.request_hash(CLAIMS)
    assert receipts.request_hash(CLAIMS | {"nonce": "m" * 22}) != receipts.request_hash(CLAIMS)


def test_a_receipt_that_no_wallet_would_read_is_not_signed(desk):
    from healthpassport.receipts import ReceivedRecord  # noqa: PLC0415

    paths = tuple(sorted(f"p{'x' * 50}{i:03}" for i in range(128)))
    many = tuple(
        ReceivedRecord(type="T", format="f", query=f"q{i}", hash="A" * 43, paths=paths)
        for i in range(64)
    )
    whole = Receipt.parse(dump_json(desk.receipt())).model_copy(update={"records": many})
    assert refusal(receipts.issue, whole, signer=desk.signer, chain=desk.chain) == "receipt.format"


def test_what_a_desk_issues_a_wallet_checks(desk):
    made = Receipt.parse(dump_json(desk.receipt()))
    token = receipts.issue(made, signer=desk.signer, chain=desk.chain)
    assert desk.check(token).receipt == made
    assert TOKEN["allergies"][0] not in token


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(member=st.sampled_from(sorted(Receipt.model_fields)), value=JSON)
def test_any_value_in_any_member_is_read_whole_or_refused(member, value):
    claims = Desk.receipt(None) | {member: value}
    try:
        payload = dump_json(claims)
    except (ValueError, UnicodeEncodeError):
        return
    with suppress(ReceiptError):
        found = Receipt.parse(payload)
        assert Receipt.parse(dump_json(found.payload())) == found


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_receipt_or_refused(text):
    with pytest.raises(ReceiptError, match=r"^receipt\.format: "):
        receipts.read_unchecked(text)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_byte_of_a_receipt_can_be_changed(desk, data):
    token = desk.sign()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != token[place]))
    with pytest.raises(ReceiptError):
        receipts.read_unchecked(token[:place] + other + token[place + 1 :])
