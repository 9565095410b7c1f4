"""A card at a desk without a network: the same states as of a presentation, and no more belief."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from card_forge import SIGNER, card, hostile
from record_examples import allergies, identity, medicines
from verification_world import INDEX, NOW, Desk, Surgery

from healthpassport.cards import CardChoices, build
from healthpassport.credential import CardLimit, DeskState, Outcome, Verdict
from healthpassport.keys import generate_signer
from healthpassport.status.entries import REPLACED, SUSPENDED, WITHDRAWN
from healthpassport.summary import SectionState
from healthpassport.verification import FreshnessPolicy
from healthpassport.verification.card import verify_card

ALLERGIES, MEDICINES = "AllergySummary", "MedicationSummary"
HELD = (identity(), allergies(), medicines("current"))


@pytest.fixture
def surgery():
    return Surgery(record_types=("EmergencyCard",))


def made(surgery, *records, **changes):
    return card(*(records or HELD), signer=surgery.signer, iss=surgery.iss, index=INDEX, **changes)


def read(surgery, text=None, **changes):
    desk = Desk((surgery,))
    parts = {
        "trust": desk.trust,
        "status": surgery.status_lists(),
        "policy": FreshnessPolicy(),
        "now": NOW,
    }
    return verify_card(made(surgery) if text is None else text, **(parts | changes))


def state(found, record_type=ALLERGIES):
    return found.summary.section(record_type).state


def hidden(found, code):
    """Nothing of the card is told but why."""
    assert found.summary.verdict is Verdict.REJECTED
    assert found.summary.codes == (code,)
    assert found.subject is None
    assert all(s.state is DeskState.FAILED_CHECK for s in found.summary.sections)
    assert all(not s.items and s.subject is None for s in found.summary.sections)
    return True


def test_a_card_is_verified_with_what_is_at_hand(surgery):
    found = read(surgery)
    assert found.summary.verdict is Verdict.ACCEPTED
    assert (found.issuer.iss, found.issuer.name) == (surgery.iss, "Example Surgery")
    assert found.subject["familyName"] == "Example"
    section = found.summary.section(ALLERGIES)
    assert (section.state, section.shown, section.total) == (DeskState.ITEMS, 2, 2)
    assert section.items[0].unit["reaction"][0]["severity"] == "severe"
    assert [c.outcome for c in section.checks] == [Outcome.PASSED] * 6


def test_each_card_says_what_paper_cannot_prove(surgery):
    assert read(surgery).limits == tuple(CardLimit)
    assert read(surgery, "HPC1:").limits == tuple(CardLimit)


def test_a_part_that_is_not_on_the_card_reads_as_not_shared(surgery):
    assert state(read(surgery), "PregnancyStatus") is DeskState.NOT_SHARED


def test_a_partial_allergy_list_says_so(surgery):
    content = build(HELD, CardChoices(items={ALLERGIES: frozenset({0})}))
    section = read(surgery, made(surgery, content=content)).summary.section(ALLERGIES)
    assert (section.state, section.shown, section.total) == (DeskState.PARTLY_SHARED, 1, 2)


def test_a_list_of_which_nothing_is_shown_never_keeps_its_own_state(surgery):
    content = build(HELD, CardChoices(items={}))
    assert state(read(surgery, made(surgery, content=content))) is DeskState.NOT_SHARED


def test_no_known_allergies_is_said_as_the_source_says_it(surgery):
    none = allergies(items=(), state=SectionState.NONE_KNOWN)
    assert state(read(surgery, made(surgery, identity(), none))) is DeskState.NONE_KNOWN


def test_past_its_day_it_is_out_of_date_and_never_accepted(surgery):
    later = NOW + timedelta(days=400)
    desk = Desk((surgery,), lists_issued_at=later)
    text = made(surgery, expires_at=NOW + timedelta(days=182))
    status = surgery.status_lists(issued_at=later)
    found = read(surgery, text, now=later, status=status, trust=desk.trust)
    assert state(found) is DeskState.OUT_OF_DATE
    assert found.summary.codes == ("cred.expired",)
    assert found.summary.section(ALLERGIES).items


@pytest.mark.parametrize(
    ("days", "old"),
    [(7, set()), (8, {MEDICINES}), (30, {MEDICINES}), (31, {MEDICINES, ALLERGIES})],
)
def test_sections_grow_old_by_their_own_rules(surgery, days, old):
    later = NOW + timedelta(days=days)
    text = made(surgery, *(replace(record, as_of=NOW.date()) for record in HELD))
    found = read(surgery, text, now=later, status=surgery.status_lists(issued_at=later))
    assert {s.record_type for s in found.summary.sections if s.old} == old


@pytest.mark.parametrize(
    ("status", "code"),
    [(WITHDRAWN, "status.revoked"), (SUSPENDED, "status.suspended"), (REPLACED, "status.replaced")],
)
def test_a_card_that_was_withdrawn_shows_nothing(surgery, status, code):
    surgery.statuses = {INDEX: status}
    found = read(surgery)
    assert found.summary.codes[0].startswith("status.")
    assert hidden(found, found.summary.codes[0])
    assert found.summary.codes == (code,)


def test_without_a_status_list_nothing_could_be_checked(surgery):
    found = read(surgery, status={})
    assert state(found) is DeskState.COULD_NOT_CHECK
    assert found.summary.codes == ("status.stale",)


def test_an_old_status_list_is_not_relied_on(surgery):
    old = surgery.status_lists(issued_at=NOW - timedelta(days=4))
    assert state(read(surgery, status=old)) is DeskState.COULD_NOT_CHECK


def test_an_old_trust_list_vouches_for_nobody(surgery):
    found = read(surgery, trust=Desk((surgery,), stale=True).trust)
    assert state(found) is DeskState.COULD_NOT_CHECK
    assert found.summary.codes == ("trust.stale",)


def test_an_issuer_that_the_list_does_not_name_is_not_believed(surgery):
    text = card(*HELD, signer=SIGNER, iss="https://stranger.example")
    assert hidden(read(surgery, text), "trust.issuer_unknown")


def test_a_key_that_the_list_does_not_name_is_not_believed(surgery):
    text = card(*HELD, signer=generate_signer(), iss=surgery.iss)
    assert hidden(read(surgery, text), "trust.key_unknown")


def test_a_key_for_records_alone_signs_no_card():
    surgery = Surgery(record_types=("AllergySummary", "EmergencySummary"))
    assert hidden(read(surgery), "trust.issuer_not_authorised")


def test_a_key_is_judged_on_the_day_of_signing(surgery):
    early = made(surgery, issued_at=NOW - timedelta(days=200))
    assert hidden(read(surgery, early), "trust.key_expired")


def test_a_card_of_tomorrow_is_not_believed(surgery):
    text = made(surgery, issued_at=NOW + timedelta(days=1))
    assert hidden(read(surgery, text), "cred.not_yet_valid")


def test_a_status_list_of_another_issuer_says_nothing(surgery):
    text = made(surgery, status_uri="https://other.example/status/1")
    assert hidden(read(surgery, text), "status.signer")


def test_the_name_of_a_listed_key_on_a_card_that_another_signed_helps_nobody(surgery):
    class Liar:
        algorithm = "ES256"
        public_key = surgery.signer.public_key
        sign = SIGNER.sign

    text = card(*HELD, signer=Liar(), iss=surgery.iss)
    assert hidden(read(surgery, text), "jws.signature")


@pytest.mark.parametrize(
    ("text", "code"), [c[1:] for c in hostile()], ids=[c[0] for c in hostile()]
)
def test_a_hostile_card_is_hidden_and_named(surgery, text, code):
    assert hidden(read(surgery, text), code)
