"""What a desk concludes is the same in both families of formats: the contract that they share."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_examples import NO_ALLERGIES, allergies, identity, medicines, records
from verification_world import (
    CHALLENGE,
    IDENTITY,
    INDEX,
    NOW,
    SD_JWT,
    W3C,
    Desk,
    Surgery,
    other_person,
    present,
)

from healthpassport.credential import Challenge, DeskState, Outcome, Verdict
from healthpassport.errors import PassportError
from healthpassport.formats import format_named
from healthpassport.keys.signer import generate_signer
from healthpassport.protocols.oid4vp.request import VP_FORMATS
from healthpassport.summary import SectionState, disclosure_tree, from_payload, to_payload

HOLDER = generate_signer()
NONE_KNOWN = allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,))


@pytest.fixture(params=[SD_JWT, W3C], scope="module")
def surgery(request):
    return Surgery(format=request.param)


@pytest.fixture(scope="module")
def desk(surgery):
    return Desk((surgery,))


def allergy_section(surgery, desk, record=None, *, changes=None, **how):
    text = surgery.issue(record or allergies(), HOLDER, **(changes or {}))
    summary = desk.verify({"allergies": present(text, HOLDER, **how)})
    return summary, summary.section("AllergySummary")


def test_a_whole_record_is_accepted_with_its_issuer_and_every_step_passed(surgery, desk):
    summary, section = allergy_section(surgery, desk)
    assert summary.verdict is Verdict.ACCEPTED, summary.codes
    assert (section.state, section.shown, section.total) == (DeskState.ITEMS, 2, 2)
    assert (section.issuer.iss, section.issuer.ods) == (surgery.iss, "A12345")
    assert (section.status, section.status_list_age) == ("valid", timedelta(0))
    assert [check.outcome for check in section.checks] == [Outcome.PASSED] * 9


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=records())
def test_every_record_that_can_be_issued_comes_through_whole(surgery, record):
    form = format_named(surgery.format)
    held = form.open_held(surgery.issue(record, HOLDER))
    read = form.read_held(
        surgery.issue(record, HOLDER),
        issuer_key=surgery.signer.public_key,
        holder_key=HOLDER.public_key,
        now=NOW,
    )
    found = from_payload(form.record(read.claims))
    assert found.complete
    assert from_payload(held.payload) == found
    wanted = from_payload(json.loads(json.dumps(to_payload(record))))
    assert (found.items, found.negations, found.subject) == (
        wanted.items,
        wanted.negations,
        wanted.subject,
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_withheld_is_nowhere_in_what_is_sent(surgery, desk, data):
    record = allergies(
        items=tuple(
            replace(
                item,
                unit={**item.unit, "text": f"secret-{number}"},
                fields={"onset": f"19{number}0"},
            )
            for number, item in enumerate((allergies().items[0],) * 4)
        )
    )
    shown = data.draw(st.sets(st.integers(0, 3)))
    with_onset = data.draw(st.sets(st.sampled_from(sorted(shown)))) if shown else set()
    show = [*IDENTITY, *(("items", n, "unit") for n in shown)]
    show += [("items", n, "onset") for n in with_onset]
    text = surgery.issue(record, HOLDER)
    sent = present(text, HOLDER, show=show)
    section = desk.verify({"allergies": sent}).section("AllergySummary")
    assert (section.shown, section.total) == (len(shown), 4)
    assert {item.unit["text"] for item in section.items} == {f"secret-{n}" for n in shown}
    if surgery.format == W3C:
        assert not any(f"secret-{n}" in sent for n in {0, 1, 2, 3} - shown)
        assert not any(f"19{n}0" in sent for n in {0, 1, 2, 3} - with_onset)


def test_one_of_two_allergies_is_a_partly_shared_list(surgery, desk):
    summary, section = allergy_section(surgery, desk, show=[*IDENTITY, ("items", 0, "unit")])
    assert summary.verdict is Verdict.ACCEPTED
    assert (section.state, section.shown, section.total) == (DeskState.PARTLY_SHARED, 1, 2)


def test_identity_without_any_allergy_shown_is_not_shared_and_never_none(surgery, desk):
    _, section = allergy_section(surgery, desk, show=IDENTITY)
    assert (section.state, section.shown, section.total) == (DeskState.NOT_SHARED, 0, 2)


def test_an_assertion_of_none_is_none_known_only_as_the_source_said(surgery, desk):
    _, section = allergy_section(surgery, desk, NONE_KNOWN)
    assert section.state is DeskState.NONE_KNOWN
    assert len(section.negations) == 1


@pytest.mark.parametrize("state", ["withheld", "not_recorded", "no_information"])
def test_an_empty_section_keeps_the_source_s_reason(surgery, desk, state):
    empty = allergies(state=SectionState(state), items=())
    assert allergy_section(surgery, desk, empty)[1].state is DeskState(state)


def test_a_row_of_absence_is_dropped_from_an_old_list(surgery, desk):
    _, section = allergy_section(surgery, desk, replace(NONE_KNOWN, as_of=date(2026, 9, 1)))
    assert section.negations == ()


def test_a_record_past_its_last_day_is_shown_as_out_of_date_and_rejected(surgery, desk):
    ended = {"expires_at": NOW - timedelta(hours=1)}
    summary, section = allergy_section(surgery, desk, changes=ended)
    assert summary.verdict is Verdict.REJECTED
    assert (section.state, section.code) == (DeskState.OUT_OF_DATE, "cred.expired")
    assert len(section.items) == 2


def test_without_a_status_list_at_hand_nothing_is_valid(surgery):
    desk = Desk((surgery,), without_lists=True)
    summary, section = allergy_section(surgery, desk)
    assert summary.verdict is Verdict.REJECTED
    assert (section.state, section.status) == (DeskState.COULD_NOT_CHECK, None)


def test_a_status_list_older_than_policy_is_could_not_check_never_valid(surgery):
    desk = Desk((surgery,), lists_issued_at=NOW - timedelta(days=4))
    summary, section = allergy_section(surgery, desk)
    assert summary.verdict is Verdict.REJECTED
    assert (section.state, section.code) == (DeskState.COULD_NOT_CHECK, "status.stale")


@pytest.mark.parametrize("form", [SD_JWT, W3C])
@pytest.mark.parametrize("value", [1, 2, 3])
@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=6)])
def test_a_withdrawn_suspended_or_replaced_record_fails_and_is_hidden(form, value, age):
    surgery = Surgery(format=form, statuses={INDEX: value})
    desk = Desk((surgery,), lists_issued_at=NOW - age)
    _, section = allergy_section(surgery, desk)
    replaced = value == 3 and form == SD_JWT  # a bitstring has no word for replaced
    words = {2: "status.suspended", 3: "status.replaced" if replaced else "status.revoked"}
    code = words.get(value, "status.revoked")
    assert (section.state, section.code) == (DeskState.FAILED_CHECK, code)
    assert (section.items, section.subject, section.total) == ((), None, 0)


@pytest.mark.parametrize("form", [SD_JWT, W3C])
def test_the_neighbours_of_a_withdrawn_record_stay_valid(form):
    surgery = Surgery(format=form, statuses={INDEX - 1: 1, INDEX + 1: 2})
    assert allergy_section(surgery, Desk((surgery,)))[0].verdict is Verdict.ACCEPTED


def test_a_record_without_a_status_is_refused(surgery, desk):
    summary, _ = allergy_section(surgery, desk, changes={"status": None})
    assert summary.codes == ("status.missing",)


def test_a_record_of_an_unlisted_issuer_is_hidden(surgery, desk):
    stranger = Surgery("https://stranger.example", format=surgery.format)
    _, section = allergy_section(stranger, desk)
    assert (section.state, section.code) == (DeskState.FAILED_CHECK, "trust.issuer_unknown")
    assert section.items == ()


def test_a_listed_name_with_another_key_is_refused(surgery, desk):
    summary, _ = allergy_section(Surgery(format=surgery.format), desk)
    expected = "x509.untrusted_root" if surgery.format == SD_JWT else "trust.key_unknown"
    assert summary.codes == (expected,)


def test_an_issuer_may_sign_only_the_types_it_is_listed_for(surgery):
    pharmacy = Surgery(format=surgery.format, record_types=("MedicationSummary",))
    summary, _ = allergy_section(pharmacy, Desk((pharmacy,)))
    assert summary.codes == ("trust.issuer_not_authorised",)


def test_a_record_signed_in_the_future_is_refused(surgery, desk):
    ahead = {"issued_at": NOW + timedelta(days=1)}
    assert allergy_section(surgery, desk, changes=ahead)[0].codes == ("cred.not_yet_valid",)


@pytest.mark.parametrize(
    ("challenge", "codes"),
    [
        (Challenge("other" * 8, CHALLENGE.audience), {"kb.nonce", "INVALID_CHALLENGE_ERROR"}),
        (Challenge(CHALLENGE.nonce, "x509_hash:other"), {"kb.aud", "INVALID_DOMAIN_ERROR"}),
    ],
)
def test_a_presentation_made_for_another_request_is_hidden(surgery, desk, challenge, codes):
    _, section = allergy_section(surgery, desk, challenge=challenge)
    assert section.state is DeskState.FAILED_CHECK
    assert section.code in codes


def test_a_record_is_presented_by_its_holder_alone(surgery):
    text = surgery.issue(allergies(), HOLDER)
    with pytest.raises(PassportError):
        present(text, generate_signer())


def test_a_record_without_its_holder_s_proof_is_refused(surgery, desk):
    summary = desk.verify({"allergies": surgery.issue(allergies(), HOLDER)})
    assert summary.codes == ("kb.missing",)


def test_another_type_than_was_asked_for_is_refused(surgery, desk):
    text = present(surgery.issue(medicines("current"), HOLDER), HOLDER)
    assert desk.verify({"allergies": text}).codes == ("dcql.type_mismatch",)


def test_an_answer_without_identity_misses_the_smallest_claim_set(surgery, desk):
    summary, _ = allergy_section(surgery, desk, show=[("items", None, "unit")])
    assert summary.codes == ("dcql.claim_missing",)


def test_records_of_two_people_are_one_presentation_of_nobody(surgery, desk):
    answers = {
        "identity": present(surgery.issue(identity(), HOLDER), HOLDER),
        "allergies": present(surgery.issue(other_person(allergies()), HOLDER), HOLDER),
    }
    assert desk.verify(answers).codes == ("match.subject_mismatch",)


@pytest.mark.parametrize("path", [("state",), ("itemCount",), ("warnings",), ("source",)])
def test_a_record_whose_inseparable_parts_could_be_hidden_is_refused(surgery, desk, path):
    tree = [*disclosure_tree("AllergySummary"), path]
    text = surgery.issue(allergies(warnings=("a",)), HOLDER, disclosable=tree)
    form = format_named(surgery.format)
    held = form.open_held(text)
    if surgery.format == W3C:  # our own wallet offers nothing that the definition does not
        held = replace(held, places=(*held.places, path))
    sent = form.present(
        held,
        disclose=held.places,
        challenge=CHALLENGE,
        holder_signer=HOLDER,
        now=NOW,
        random=os.urandom,
    )
    assert desk.verify({"allergies": sent}).codes == ("record.separable",)


def test_a_record_whose_state_was_held_back_is_refused(surgery, desk):
    tree = [*disclosure_tree("AllergySummary"), ("state",)]
    text = surgery.issue(allergies(), HOLDER, disclosable=tree)
    sent = present(text, HOLDER, show=[*IDENTITY, ("items", None, "unit")])
    assert desk.verify({"allergies": sent}).section("AllergySummary").items == ()


def test_fields_that_were_not_asked_for_are_taken_out(surgery, desk):
    first = allergies().items[0]
    noted = replace(first, fields={**first.fields, "recorder": "Dr Example"})
    _, section = allergy_section(surgery, desk, allergies(items=(noted,)))
    assert "recorder" not in section.items[0].fields


def test_a_record_of_one_family_is_no_record_of_the_other(surgery):
    text = surgery.issue(allergies(), HOLDER)
    other = format_named(W3C if surgery.format == SD_JWT else SD_JWT)
    with pytest.raises(PassportError):
        other.parse(text)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_presentation_that_was_altered_anywhere_shows_nothing(surgery, desk, seed):
    chance = random.Random(seed)  # noqa: S311 - picks a place
    if not hasattr(surgery, "sent"):
        surgery.sent = present(surgery.issue(allergies(), HOLDER), HOLDER)
    place = chance.randrange(len(surgery.sent))
    other = chance.choice('Aa0_-z9{}"')
    if surgery.sent[place] == other:
        return
    altered = surgery.sent[:place] + other + surgery.sent[place + 1 :]
    summary = desk.verify({"allergies": altered})
    sections = [s for s in summary.sections if s.query_id.startswith("allergies")]
    assert summary.verdict is Verdict.REJECTED
    assert all(not s.items for s in sections)


def test_what_was_issued_is_not_sent_even_where_nothing_can_be_withheld():
    surgery = Surgery(format=W3C)
    desk = Desk((surgery,))
    empty = allergies(subject={}, items=(), state=SectionState.NONE_KNOWN)
    text = surgery.issue(empty, HOLDER)
    sent = present(text, HOLDER)
    given = json.loads(sent)["verifiableCredential"][0]["proof"]["proofValue"]
    assert given != json.loads(text)["proof"]["proofValue"]
    assert given.startswith("u2V0B")  # vc-di-ecdsa 1.0 section 3.5.7: a derived proof
    # Whose it is nobody can say, and so it counts for nothing; yet its proof was a good one.
    [*_, check] = desk.verify({"allergies": sent}).section("AllergySummary").checks
    assert check.code == "dcql.claim_missing"


@pytest.mark.parametrize("suite", ["ecdsa-jcs-2019", "ecdsa-rdfc-2019"])
def test_only_suites_that_a_request_names_are_taken(suite):
    # OpenID4VP 1.0 appendix B.1: the proof's cryptosuite must be one of cryptosuite_values.
    surgery = Surgery(format=W3C)
    desk = Desk((surgery,))
    named = VP_FORMATS[W3C]["cryptosuite_values"]
    text = surgery.issue(allergies(), HOLDER, cryptosuite=suite)
    codes = desk.verify({"allergies": present(text, HOLDER)}).codes
    assert codes == (() if suite in named else ("di.policy",))
