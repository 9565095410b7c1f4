"""What a person states themselves: one kind of record, signed by its holder, never checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from record_examples import AS_OF, PENICILLIN, SUBJECT, allergies, identity, medicines
from verification_world import CHALLENGE, NOW, Desk, Surgery, other_person, present

from healthpassport.credential import DeskState, Outcome, Verdict
from healthpassport.dids.jwk import PREFIX as DID_JWK
from healthpassport.dids.jwk import did_jwk
from healthpassport.encoding import b64url_encode, dump_json
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer
from healthpassport.summary import (
    Item,
    Record,
    SectionState,
    Source,
    definition,
    disclosure_tree,
    issued_types,
    record_types,
    to_payload,
)
from healthpassport.verification import Step
from healthpassport.verification.self_signed import is_self_signed

SELF = Source("SELF", "The person themselves", "wallet")
WORDS = (Item({"text": "I feel dizzy"}), Item({"text": "Weight", "reading": "71 kg"}))


@pytest.fixture(scope="module")
def surgery():
    return Surgery()


@pytest.fixture(scope="module")
def desk(surgery):
    return Desk((surgery,))


@pytest.fixture(scope="module")
def holder():
    return generate_signer()


def stated(**changes):
    parts = {
        "type": "PatientStated",
        "source": SELF,
        "state": SectionState.ITEMS,
        "as_of": AS_OF,
        "subject": SUBJECT,
        "items": WORDS,
    }
    return Record(**(parts | changes))


def signed(record, signer, **changes):
    """``record`` as a wallet signs it for itself."""
    parts = {
        "payload": to_payload(record),
        "disclosable": disclosure_tree(record.type),
        "signer": signer,
        "iss": did_jwk(signer.public_key),
        "holder_jwk": signer.public_key.jwk(),
        "issued_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=30),
        "salts": Surgery().random.randbytes,
    }
    return sd_jwt_vc.issue(**(parts | changes))


def shown(desk, surgery, holder, record=None, *, text=None, key=None, **others):
    """The summary of an answer with an identity and what the person states."""
    key = key or generate_signer()
    text = text or signed(record or stated(), key)
    answers = {
        "identity": present(surgery.issue(others.pop("who", identity()), holder), holder),
        "stated": present(text, key),
    }
    answers |= {name: present(surgery.issue(r, holder), holder) for name, r in others.items()}
    return desk.verify(answers)


def section(summary):
    return summary.section("PatientStated")


def test_the_persons_own_words_are_shown_and_never_called_checked(desk, surgery, holder):
    summary = shown(desk, surgery, holder)
    found = section(summary)
    assert found.state is DeskState.NOT_CHECKED
    assert found.items == WORDS
    assert found.issuer is None
    assert found.source is None
    assert (found.shown, found.total) == (2, 2)
    assert summary.verdict is Verdict.ACCEPTED


def test_no_check_of_issuer_or_status_is_said_to_have_passed(desk, surgery, holder):
    checks = {check.step for check in section(shown(desk, surgery, holder)).checks}
    assert not checks & {Step.ISSUER, Step.STATUS}
    assert {Step.SIGNATURE, Step.RECORD, Step.PERSON} <= checks


def test_a_part_of_it_is_not_checked_either(desk, surgery, holder):
    key = generate_signer()
    text = signed(stated(), key)
    held = sd_jwt_vc.open_held(text)
    places = {(name,) for name in SUBJECT} | {("items", 0)}
    part = sd_jwt_vc.present(held, disclose=places, challenge=CHALLENGE, holder_signer=key, now=NOW)
    who = present(surgery.issue(identity(), holder), holder)
    found = section(desk.verify({"identity": who, "stated": part}))
    assert (found.state, found.shown, found.total) == (DeskState.NOT_CHECKED, 1, 2)


def test_one_kind_alone_may_be_signed_by_its_holder():
    assert [name for name in record_types() if is_self_signed(name)] == ["PatientStated"]


QUERIES = {
    definition_type: query
    for query, definition_type in {
        "identity": "PatientIdentity",
        "allergies": "AllergySummary",
        "medications": "MedicationSummary",
        "narrative": "NarrativeSummary",
        "advance_care": "AdvanceCarePlan",
        "problems": "ProblemSummary",
        "devices": "DeviceImplant",
        "pregnancy": "PregnancyStatus",
        "procedures": "ProcedureSummary",
        "needs": "CommunicationNeeds",
        "contacts": "EmergencyContacts",
        "results": "KeyResults",
        "immunisations": "ImmunisationSummary",
        "proxies": "ProxyAuthority",
    }.items()
}


def record_of(kind):
    if kind == "PatientIdentity":
        return identity()
    if kind == "AllergySummary":
        return allergies()
    if kind == "MedicationSummary":
        return medicines("current")
    known = definition(kind)
    return Record(
        kind, SELF, SectionState.ITEMS, AS_OF, known.window, (), SUBJECT, (Item({"text": "A"}),)
    )


def test_every_kind_that_the_admission_asks_for_is_tried_here():
    asked = {s.definition.type for s in _template().sections}
    assert asked - {"PatientStated"} == set(QUERIES)
    assert set(QUERIES) | {"EmergencySummary"} == set(issued_types())


def _template():
    from schemas.queries import templates  # noqa: PLC0415 - for this test alone

    return templates()["emergency_admission"]


@pytest.mark.parametrize("kind", QUERIES)
@pytest.mark.parametrize("listed", [False, True])
def test_no_other_kind_may_be_signed_by_its_holder(kind, listed, desk, surgery):
    key = generate_signer()
    changes = {"iss": surgery.iss} if listed else {}
    text = signed(record_of(kind), key, **changes)
    summary = desk.verify({QUERIES[kind]: present(text, key)})
    found = next(s for s in summary.sections if s.query_id == QUERIES[kind])
    assert found.state is DeskState.FAILED_CHECK
    assert found.code == ("x509.path_invalid" if listed else "trust.issuer_unknown")
    assert not found.items
    assert summary.verdict is Verdict.REJECTED


def test_a_self_signed_emergency_summary_is_refused():
    surgery = Surgery()
    desk = Desk((surgery,), template="emergency_summary")
    sections = [
        {"section": s, "state": "not_recorded", "count": 0, "window": "all"}
        for s in definition("EmergencySummary").unit_fields["section"].values
    ]
    record = Record(
        "EmergencySummary",
        SELF,
        SectionState.NO_INFORMATION,
        AS_OF,
        subject=SUBJECT,
        always={"deceased": False, "sections": sections},
    )
    key = generate_signer()
    summary = desk.verify({"summary": present(signed(record, key), key)})
    assert summary.section("EmergencySummary").code == "trust.issuer_unknown"


def refused(desk, surgery, holder, text, key):
    summary = shown(desk, surgery, holder, text=text, key=key)
    found = section(summary)
    assert found.state is DeskState.FAILED_CHECK
    assert not found.items
    assert summary.verdict is Verdict.REJECTED
    assert summary.section("PatientIdentity").state is DeskState.ITEMS
    return found


def test_a_listed_issuer_never_states_anything_for_a_person(desk, surgery, holder):
    text = surgery.issue(stated(), holder)
    found = refused(desk, surgery, holder, text, holder)
    assert found.code == "sdjwtvc.self_signed"
    assert [(c.step, c.outcome) for c in found.checks][-1] == (Step.ISSUER, Outcome.FAILED)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://surgery.example"},
        {"iss": "did:web:surgery.example"},
        {"iss": DID_JWK},
        {"iss": f"{DID_JWK}{'A' * 2000}"},
        {"iss": f"{DID_JWK}eyJrdHkiOiJFQyJ9"},
        {"iss": f"{DID_JWK}!!!"},
        {"status": {"status_list": {"idx": 7, "uri": "https://surgery.example/status/1"}}},
    ],
)
def test_a_statement_that_claims_more_than_its_own_key_is_refused(changes, desk, surgery, holder):
    key = generate_signer()
    found = refused(desk, surgery, holder, signed(stated(), key, **changes), key)
    assert found.code == "sdjwtvc.self_signed"


def test_a_certificate_beside_it_is_refused_even_where_the_key_signs_for_itself(
    desk, surgery, holder
):
    key = generate_signer()
    text = signed(stated(), key, x5c=[surgery.leaf])
    assert refused(desk, surgery, holder, text, key).code == "sdjwtvc.self_signed"


def test_a_private_key_in_iss_is_refused(desk, surgery, holder):
    key = generate_signer()
    iss = DID_JWK + b64url_encode(dump_json(key.private_jwk()))
    assert refused(desk, surgery, holder, signed(stated(), key, iss=iss), key).code == (
        "sdjwtvc.self_signed"
    )


def test_another_key_than_the_one_named_cannot_sign(desk, surgery, holder):
    key, other = generate_signer(), generate_signer()
    text = signed(stated(), key, iss=did_jwk(other.public_key))
    assert refused(desk, surgery, holder, text, key).code in {"jws.kid_unknown", "jws.signature"}


def test_another_person_cannot_show_what_somebody_wrote(desk, surgery, holder):
    key, thief = generate_signer(), generate_signer()
    text = signed(stated(), key, holder_jwk=thief.public_key.jwk())
    assert refused(desk, surgery, holder, text, thief).code == "sdjwtvc.self_signed"


def test_it_is_not_shown_past_its_last_day(desk, surgery, holder):
    key = generate_signer()
    text = signed(stated(), key, expires_at=NOW - timedelta(hours=1))
    assert refused(desk, surgery, holder, text, key).code == "cred.expired"


# -- whose words they are --------------------------------------------------------------------


def nobody(record):
    return replace(record, subject={})


def test_words_of_another_person_are_not_matched_and_hide_nobody_elses_record(
    desk, surgery, holder
):
    summary = shown(desk, surgery, holder, other_person(stated()), allergies=allergies())
    assert section(summary).state is DeskState.NOT_MATCHED
    assert section(summary).code == "match.subject_mismatch"
    assert summary.section("AllergySummary").state is DeskState.ITEMS
    assert summary.section("PatientIdentity").state is DeskState.ITEMS


def test_words_without_a_person_answer_no_question(desk, surgery, holder):
    found = section(shown(desk, surgery, holder, nobody(stated())))
    assert (found.state, found.code) == (DeskState.FAILED_CHECK, "dcql.claim_missing")


def test_words_that_name_the_person_in_part_are_not_matched(desk, surgery, holder):
    number = {"nhsNumber": SUBJECT["nhsNumber"]}
    name = {n: SUBJECT[n] for n in ("familyName", "birthDate")}
    who = replace(identity(), subject=name)
    found = section(shown(desk, surgery, holder, replace(stated(), subject=number), who=who))
    assert (found.state, found.code) == (DeskState.NOT_MATCHED, "match.subject_missing")


def test_words_alone_are_nobodys(desk):
    key = generate_signer()
    summary = desk.verify({"stated": present(signed(stated(), key), key)})
    assert section(summary).state is DeskState.NOT_MATCHED


def test_words_never_link_two_records_that_nothing_else_links(desk, surgery, holder):
    number = replace(allergies(), subject={"nhsNumber": SUBJECT["nhsNumber"]})
    name = {n: SUBJECT[n] for n in ("familyName", "birthDate")}
    who = replace(identity(), subject=name)
    summary = shown(desk, surgery, holder, who=who, allergies=number)
    assert summary.section("PatientIdentity").state is DeskState.ITEMS
    assert summary.section("AllergySummary").state is DeskState.NOT_MATCHED
    assert section(summary).state is DeskState.NOT_CHECKED


def test_words_beside_a_record_that_failed_are_nobodys(desk, surgery, holder):
    stranger, key = Surgery(iss="https://stranger.example"), generate_signer()
    answers = {
        "identity": present(stranger.issue(identity(), holder), holder),
        "stated": present(signed(stated(), key), key),
    }
    assert section(desk.verify(answers)).state is DeskState.NOT_MATCHED


def test_penicillin_in_the_persons_own_words_is_no_item_of_a_list(desk, surgery, holder):
    text = Item({"text": PENICILLIN.unit["text"]})
    summary = shown(desk, surgery, holder, stated(items=(text,)))
    assert summary.section("AllergySummary").state is DeskState.NOT_SHARED
