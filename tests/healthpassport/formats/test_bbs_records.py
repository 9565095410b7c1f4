"""A record with a BBS proof: nobody accepts it unasked, and it works where it is asked for."""

from __future__ import annotations

import json
import secrets

import pytest
from record_examples import allergies
from verification_world import CHALLENGE, IDENTITY, NOW, W3C, Desk, Surgery, present

from healthpassport.credential import Challenge, Verdict
from healthpassport.errors import PassportError
from healthpassport.formats import ldp_vc
from healthpassport.formats.data_integrity import DEFAULT_ALLOWED
from healthpassport.keys.signer import generate_signer
from healthpassport.suites import bbs

ALLOWED = frozenset({"bbs-2023"})
HOLDER = generate_signer()
SIGNER = bbs.bbs_signer(bbs.key_gen(b"k" * 32))
PART = [*IDENTITY, ("items", 0, "unit")]


@pytest.fixture(scope="module")
def surgery():
    return Surgery(format=W3C)


@pytest.fixture(scope="module")
def record(surgery):
    return surgery.issue(allergies(), HOLDER, signer=SIGNER)


@pytest.fixture(scope="module")
def sent(record):
    return present(record, HOLDER, show=PART)


def verify(text, **changes):
    how = {"issuer_key": SIGNER.public_key, "challenge": CHALLENGE, "now": NOW, "allowed": ALLOWED}
    return ldp_vc.verify(ldp_vc.parse(text), **(how | changes))


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def test_the_default_policy_knows_no_bbs():
    assert ALLOWED.isdisjoint(DEFAULT_ALLOWED)


def test_a_desk_refuses_it_by_default(sent):
    with refused("di.policy"):
        verify(sent, allowed=DEFAULT_ALLOWED)


def test_a_wallet_refuses_it_on_receipt(record):
    with refused("di.policy"):
        ldp_vc.read_held(
            record, issuer_key=SIGNER.public_key, holder_key=HOLDER.public_key, now=NOW
        )


def test_a_whole_desk_shows_nothing_of_it(surgery, sent):
    summary = Desk((surgery,)).verify({"allergies": sent})
    assert summary.verdict is Verdict.REJECTED
    assert not any(section.items for section in summary.sections)


def test_where_it_is_allowed_a_part_can_be_shown(sent):
    found = verify(sent)
    subject = found.payload["credentialSubject"]
    assert [item["unit"]["text"] for item in subject["items"]] == ["Penicillin"]
    assert subject["itemCount"] == 2
    assert "Latex" not in sent
    assert ("credentialSubject", "items", 0) in found.disclosed
    assert found.holder_key == HOLDER.public_key


def test_two_showings_of_one_copy_have_proofs_without_a_common_octet_string(record, sent):
    proofs = [
        json.loads(text)["verifiableCredential"][0]["proof"]["proofValue"]
        for text in (sent, present_anew(record))
    ]
    assert proofs[0] != proofs[1]


def present_anew(record):
    held = ldp_vc.open_held(record)
    chosen = [place for place in held.places if place[0] != "items" or place == ("items", 0)]
    return ldp_vc.present(
        held,
        disclose=chosen,
        challenge=CHALLENGE,
        holder_signer=HOLDER,
        now=NOW,
        random=secrets.token_bytes,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer_key": bbs.bbs_signer(bbs.key_gen(b"o" * 32)).public_key}, "did.unresolved"),
        ({"challenge": Challenge("other" * 8, CHALLENGE.audience)}, "INVALID_CHALLENGE_ERROR"),
        ({"challenge": Challenge(CHALLENGE.nonce, "other")}, "INVALID_DOMAIN_ERROR"),
        ({"challenge": None}, "kb.unexpected"),
        ({"allowed": frozenset()}, "di.policy"),
    ],
)
def test_being_allowed_makes_nothing_else_lax(sent, changes, code):
    with refused(code):
        verify(sent, **changes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Penicillin", "Penicillan"),
        ('"itemCount":2', '"itemCount":1'),
        ("1958-07-14", "1958-07-15"),
    ],
)
def test_what_was_altered_is_refused(record, before, after):
    altered = record.replace(before, after)
    assert altered != record
    with refused("di.signature"):
        verify(present(altered, HOLDER, show=PART))


def test_the_base_proof_is_for_the_holder_alone(record):
    with refused("di.proof_value"):
        verify(record, challenge=None)
