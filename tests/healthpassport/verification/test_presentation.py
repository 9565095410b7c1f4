from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from record_examples import NO_ALLERGIES, allergies, identity, medicines
from verification_world import CHALLENGE, IDENTITY, LIST, NOW, Desk, Surgery, other_person, present

from healthpassport.credential import (
    Challenge,
    Credential,
    DeskState,
    Outcome,
    Presentation,
    Verdict,
)
from healthpassport.errors import ProtocolError
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys.signer import generate_signer
from healthpassport.summary import SectionState, disclosure_tree

HOLDER = generate_signer()
SURGERY = Surgery()
DESK = Desk((SURGERY,))
WARNING = replace(allergies(), negations=(NO_ALLERGIES,))


def shared(record, **how):
    return present(SURGERY.issue(record, HOLDER), HOLDER, **how)


def allergy_section(answers=None, *, desk=DESK, **how):
    summary = desk.verify(answers or {"allergies": shared(allergies(), **how)})
    return summary, summary.section("AllergySummary")


def test_a_whole_record_is_accepted_with_its_issuer_and_every_step_passed():
    summary, section = allergy_section()
    assert summary.verdict is Verdict.ACCEPTED
    assert (section.state, section.shown, section.total) == (DeskState.ITEMS, 2, 2)
    assert (section.issuer.ods, section.issuer.name) == ("A12345", "Example Surgery")
    assert (section.status, section.status_list_age) == ("valid", timedelta(0))
    assert [check.outcome for check in section.checks] == [Outcome.PASSED] * 9


def test_what_was_asked_for_and_not_sent_is_not_shared():
    summary, _ = allergy_section()
    assert summary.section("MedicationSummary").state is DeskState.NOT_SHARED


def test_what_nobody_asked_for_is_told_apart_from_what_was_not_shared():
    desk = Desk((SURGERY,), template="medicines_check")
    summary = desk.verify({"medications": shared(medicines("current"))})
    assert summary.section("ImmunisationSummary").state is DeskState.NOT_ASKED_FOR


def test_one_of_two_allergies_is_a_partly_shared_list():
    summary, section = allergy_section(show=[*IDENTITY, ("items", 0, "unit")])
    assert summary.verdict is Verdict.ACCEPTED
    assert (section.state, section.shown, section.total) == (DeskState.PARTLY_SHARED, 1, 2)
    assert section.record_state is SectionState.ITEMS


def test_identity_without_any_allergy_shown_is_not_shared_and_never_none():
    _, section = allergy_section(show=IDENTITY)
    assert (section.state, section.shown, section.total) == (DeskState.NOT_SHARED, 0, 2)


def test_an_assertion_of_none_is_none_known_only_as_the_source_said():
    none = allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,))
    _, section = allergy_section({"allergies": shared(none)})
    assert section.state is DeskState.NONE_KNOWN
    assert len(section.negations) == 1


def test_a_negation_is_dropped_while_any_item_is_hidden():
    show = [*IDENTITY, ("items", 0, "unit"), ("negations", None, "unit")]
    _, section = allergy_section({"allergies": shared(WARNING, show=show)})
    assert section.negations == ()


def test_a_negation_is_shown_beside_the_whole_list():
    _, section = allergy_section({"allergies": shared(WARNING)})
    assert len(section.negations) == 1


NONE_KNOWN = allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,))


@pytest.mark.parametrize(
    ("record", "dates", "desk"),
    [
        pytest.param(NONE_KNOWN, {"expires_at": NOW - timedelta(days=1)}, DESK, id="out-of-date"),
        pytest.param(replace(NONE_KNOWN, as_of=date(2026, 9, 1)), {}, DESK, id="old"),
        pytest.param(NONE_KNOWN, {}, Desk((SURGERY,), without_lists=True), id="could-not-check"),
        pytest.param(NONE_KNOWN, {}, Desk((SURGERY,), stale=True), id="old-trust-list"),
        pytest.param(replace(NONE_KNOWN, subject={"givenNames": ["A"]}), {}, DESK, id="nobody"),
    ],
)
def test_a_row_of_absence_is_dropped_from_a_list_that_is_not_fresh_checked_and_matched(
    record, dates, desk
):
    text = SURGERY.issue(record, HOLDER, **dates)
    _, section = allergy_section({"allergies": present(text, HOLDER)}, desk=desk)
    assert section.negations == ()


@pytest.mark.parametrize("state", ["withheld", "not_recorded", "no_information"])
def test_an_empty_section_keeps_the_source_s_reason(state):
    empty = allergies(state=SectionState(state), items=())
    _, section = allergy_section({"allergies": shared(empty)})
    assert section.state is DeskState(state)


def test_a_record_past_its_last_day_is_shown_as_out_of_date_and_rejected():
    text = SURGERY.issue(allergies(), HOLDER, expires_at=NOW - timedelta(days=1))
    summary, section = allergy_section({"allergies": present(text, HOLDER)})
    assert summary.verdict is Verdict.REJECTED
    assert (section.state, section.code) == (DeskState.OUT_OF_DATE, "cred.expired")
    assert len(section.items) == 2


def test_an_old_record_is_marked_old():
    _, section = allergy_section({"allergies": shared(allergies(as_of=NOW.date()))})
    assert not section.old
    old = allergies(as_of=NOW.date() - timedelta(days=31))
    _, section = allergy_section({"allergies": shared(old)})
    assert section.old


def test_a_trust_list_past_its_age_leaves_everything_unchecked():
    summary, section = allergy_section(desk=Desk((SURGERY,), stale=True))
    assert summary.verdict is Verdict.REJECTED
    assert (section.state, section.code) == (DeskState.COULD_NOT_CHECK, "trust.stale")


def test_without_a_status_list_at_hand_nothing_is_valid():
    summary, section = allergy_section(desk=Desk((SURGERY,), without_lists=True))
    assert summary.verdict is Verdict.REJECTED
    assert (section.state, section.status) == (DeskState.COULD_NOT_CHECK, None)


@pytest.mark.parametrize("age", [timedelta(days=3, seconds=1), timedelta(days=8)])
def test_sta_019_a_status_list_older_than_policy_is_could_not_check_never_valid(age):
    desk = Desk((SURGERY,), lists_issued_at=NOW - age)
    summary, section = allergy_section(desk=desk)
    assert summary.verdict is Verdict.REJECTED
    assert section.state is DeskState.COULD_NOT_CHECK
    assert section.code in {"status.stale", "status.expired"}
    assert section.status_list_age == age


@pytest.mark.parametrize(("value", "code"), [(1, "revoked"), (2, "suspended"), (3, "replaced")])
def test_a_withdrawn_suspended_or_replaced_record_fails_and_is_hidden(value, code):
    surgery = Surgery(statuses={7: value})
    text = present(surgery.issue(allergies(), HOLDER), HOLDER)
    summary = Desk((surgery,)).verify({"allergies": text})
    section = summary.section("AllergySummary")
    assert (section.state, section.code) == (DeskState.FAILED_CHECK, f"status.{code}")
    assert (section.items, section.subject, section.total) == ((), None, 0)


def test_a_list_that_is_too_old_is_still_believed_when_it_says_withdrawn():
    surgery = Surgery(statuses={7: 1})
    text = present(surgery.issue(allergies(), HOLDER), HOLDER)
    desk = Desk((surgery,), lists_issued_at=NOW - timedelta(days=9))
    assert desk.verify({"allergies": text}).codes == ("status.revoked",)


def test_sta_013_a_record_without_a_status_is_refused():
    text = SURGERY.issue(allergies(), HOLDER, status=None)
    assert DESK.verify({"allergies": present(text, HOLDER)}).codes == ("status.missing",)


def test_a_list_of_another_issuer_says_nothing_of_this_record():
    other = Surgery("https://other.example", "B54321", list_uri="https://other.example/status/9")
    status = {"status_list": {"idx": 7, "uri": other.list_uri}}
    text = SURGERY.issue(allergies(), HOLDER, status=status)
    summary = Desk((SURGERY, other)).verify({"allergies": present(text, HOLDER)})
    assert summary.codes == ("status.signer",)


def test_a_list_that_nobody_named_is_refused_and_never_fetched():
    status = {"status_list": {"idx": 7, "uri": "https://surgery.example/status/2"}}
    text = SURGERY.issue(allergies(), HOLDER, status=status)
    assert DESK.verify({"allergies": present(text, HOLDER)}).codes == ("status.signer",)


@pytest.mark.parametrize("index", [1 << 17, 1 << 40])
def test_an_index_beyond_the_list_is_refused(index):
    status = {"status_list": {"idx": index, "uri": LIST}}
    text = SURGERY.issue(allergies(), HOLDER, status=status)
    assert DESK.verify({"allergies": present(text, HOLDER)}).codes == ("status.index",)


def test_tru_008_a_record_of_an_unlisted_issuer_is_hidden():
    stranger = Surgery("https://stranger.example")
    text = present(stranger.issue(allergies(), HOLDER), HOLDER)
    _, section = allergy_section({"allergies": text})
    assert (section.state, section.code) == (DeskState.FAILED_CHECK, "trust.issuer_unknown")
    assert section.items == ()


def test_tru_009_an_issuer_may_sign_only_the_types_it_is_listed_for():
    pharmacy = Surgery(record_types=("MedicationSummary",))
    text = present(pharmacy.issue(allergies(), HOLDER), HOLDER)
    assert Desk((pharmacy,)).verify({"allergies": text}).codes == ("trust.issuer_not_authorised",)


def test_a_listed_name_with_another_key_is_refused():
    impostor = Surgery()
    text = present(impostor.issue(allergies(), HOLDER), HOLDER)
    assert DESK.verify({"allergies": text}).codes == ("x509.untrusted_root",)


def test_a_key_of_the_right_authority_that_is_not_listed_is_refused():
    second = Surgery()
    second.ca_key, second.anchor = SURGERY.ca_key, SURGERY.anchor
    second.leaf = SURGERY.certify(second.key)
    text = present(second.issue(allergies(), HOLDER), HOLDER)
    assert DESK.verify({"allergies": text}).codes == ("trust.key_unknown",)


def test_a_record_signed_before_the_key_was_valid_is_refused():
    text = SURGERY.issue(allergies(), HOLDER, issued_at=NOW - timedelta(days=40))
    codes = DESK.verify({"allergies": present(text, HOLDER)}).codes
    assert codes == ("x509.path_invalid",)


def test_a_record_signed_in_the_future_is_refused():
    text = SURGERY.issue(allergies(), HOLDER, issued_at=NOW + timedelta(days=1))
    assert DESK.verify({"allergies": present(text, HOLDER)}).codes == ("cred.not_yet_valid",)


@pytest.mark.parametrize(
    ("challenge", "code"),
    [
        (Challenge("other" * 8, CHALLENGE.audience), "kb.nonce"),
        (Challenge(CHALLENGE.nonce, "x509_hash:other"), "kb.aud"),
    ],
)
def test_a_presentation_made_for_another_request_is_hidden(challenge, code):
    _, section = allergy_section(challenge=challenge)
    assert (section.state, section.code) == (DeskState.FAILED_CHECK, code)


def test_another_type_than_was_asked_for_is_refused():
    summary = DESK.verify({"allergies": shared(medicines("current"))})
    assert summary.codes == ("dcql.type_mismatch",)


def test_another_format_than_was_asked_for_is_refused():
    answer = Presentation({"allergies": (Credential("ldp_vc", "{}"),)})
    assert DESK.verify({}, presentation=answer).codes == ("dcql.type_mismatch",)


@pytest.mark.parametrize("text", ["", "~", "a.b.c~", "eyJ.eyJ.x~~", "x" * 300_000])
def test_bytes_that_are_no_record_are_hidden_and_named(text):
    summary, section = allergy_section({"allergies": text})
    assert summary.verdict is Verdict.REJECTED
    assert section.state is DeskState.FAILED_CHECK
    assert section.checks[-1].step == 1


def test_vpr_008_an_answer_without_identity_misses_the_smallest_claim_set():
    summary, section = allergy_section(show=[("items", None, "unit")])
    assert summary.codes == ("dcql.claim_missing",)
    assert section.state is DeskState.FAILED_CHECK


@pytest.mark.parametrize("answers", [{"unknown": "x"}, {"allergies": []}, {"identity": ["a", "b"]}])
def test_an_answer_of_the_wrong_shape_is_no_answer(answers):
    with pytest.raises(ProtocolError):
        DESK.verify(answers)


def test_two_sources_that_disagree_are_seen_side_by_side():
    lists = "https://hospital.example/status/1"
    other = Surgery(iss="https://hospital.example", ods="RX123", list_uri=lists)
    desk = Desk((SURGERY, other))
    none = allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,))
    texts = [shared(allergies()), present(other.issue(none, HOLDER), HOLDER)]
    sections = [
        section
        for section in desk.verify({"allergies": texts}).sections
        if section.record_type == "AllergySummary"
    ]
    assert [section.issuer.ods for section in sections] == ["A12345", "RX123"]
    assert [section.state for section in sections] == [DeskState.ITEMS, DeskState.NONE_KNOWN]


def test_an_empty_answer_is_never_accepted():
    assert DESK.verify({}).verdict is Verdict.REJECTED


def test_kb_023_records_of_two_people_are_one_presentation_of_nobody():
    answers = {
        "identity": shared(identity()),
        "allergies": shared(other_person(allergies())),
    }
    summary = DESK.verify(answers)
    assert summary.verdict is Verdict.REJECTED
    assert summary.codes == ("match.subject_mismatch",)
    states = {s.record_type: s.state for s in summary.sections if s.query_id in answers}
    assert set(states.values()) == {DeskState.NOT_MATCHED}


def test_two_records_that_cannot_be_shown_to_be_one_person_s_are_not_matched():
    names = [("familyName",), ("givenNames",), ("birthDate",)]
    answers = {
        "identity": shared(identity(), show=names),
        "allergies": shared(allergies(), show=[("nhsNumber",), ("items", None, "unit")]),
    }
    summary = DESK.verify(answers)
    assert summary.section("AllergySummary").state is DeskState.NOT_MATCHED
    assert summary.section("AllergySummary").code == "match.subject_missing"
    assert summary.section("PatientIdentity").state is DeskState.ITEMS


def test_one_failed_record_does_not_hide_the_others_but_nothing_is_accepted():
    stranger = Surgery("https://stranger.example")
    answers = {
        "identity": shared(identity()),
        "allergies": present(stranger.issue(allergies(), HOLDER), HOLDER),
    }
    summary = DESK.verify(answers)
    assert summary.verdict is Verdict.REJECTED
    assert summary.section("PatientIdentity").state is DeskState.ITEMS
    assert summary.section("AllergySummary").state is DeskState.FAILED_CHECK


@pytest.mark.parametrize(
    "path", [("state",), ("itemCount",), ("items", None, "unit"), ("items", None, "unit", "text")]
)
def test_a_record_whose_inseparable_parts_could_be_hidden_is_refused(path):
    tree = [*disclosure_tree("AllergySummary"), path]
    text = SURGERY.issue(allergies(), HOLDER, disclosable=tree)
    assert DESK.verify({"allergies": present(text, HOLDER)}).codes == ("record.separable",)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(("warnings", None), id="a-warning"),
        pytest.param(("source", "ods"), id="the-source"),
        pytest.param(("items", None, "unit", "criticality"), id="part-of-an-item"),
        pytest.param(("items", None, "unit", "reaction", None), id="a-reaction"),
    ],
)
def test_a_record_with_a_gap_in_an_inseparable_part_is_refused(path):
    tree = [*disclosure_tree("AllergySummary"), path]
    record = allergies(warnings=("deliberately-withheld",))
    text = SURGERY.issue(record, HOLDER, disclosable=tree)
    held = sd_jwt_vc.open_held(text)
    shown = [p for p in held.places if len(p) == 1 or (p[0] == "items" and "unit" not in p)]
    part = sd_jwt_vc.present(
        held, disclose=shown, challenge=CHALLENGE, holder_signer=HOLDER, now=NOW
    )
    section = DESK.verify({"allergies": part}).section("AllergySummary")
    assert section.state is DeskState.FAILED_CHECK


def test_fields_that_were_not_asked_for_are_taken_out():
    _, section = allergy_section(
        {"allergies": shared(allergies(items=(_with_recorder(allergies().items[0]),)))}
    )
    assert "recorder" not in section.items[0].fields


def _with_recorder(item):
    return replace(item, fields={**item.fields, "recorder": "Dr Example"})
