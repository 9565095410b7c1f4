"""Sensitive kinds are left out before issue: by code, by word, by link, and without a mark.

All codes and words here are made up; the real members of the refsets come from TRUD.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fhir_examples import (
    NOW,
    PATIENT,
    SOURCE,
    WHO,
    allergy,
    bundle,
    concept,
    data,
    medicine,
    problem,
    status,
)
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from healthpassport.encoding import dump_json
from healthpassport.errors import SettingsError
from healthpassport.jose import jws
from healthpassport.keys import generate_signer
from healthpassport.summary import SectionState, to_payload
from issuer.fhir import extract
from issuer.fhir.exclusion import exclusion
from issuer.fhir.sensitive import (
    TYPE,
    read_sensitive_codes,
    shipped_codes,
    sign_sensitive_codes,
)
from issuer.records import build
from issuer.service.reading import sensitive_codes
from issuer.settings import Settings

SNOMED = "http://snomed.info/sct"
HIDDEN = concept("999000001", "Made-up condition")
SET = {
    "refset": "999004351000000109",
    "codes": [{"system": SNOMED, "code": "999000001"}],
    "texts": ["made-up words"],
}
DOCUMENT = {"version": 1, "issuedAt": "2026-11-01T00:00:00Z", "sets": [SET]}
SIGNER = generate_signer()
NKA = allergy(concept("716186003", "No known allergy"))


def listed(document=DOCUMENT):
    return read_sensitive_codes(
        sign_sensitive_codes(document, SIGNER), signer_jwk=SIGNER.public_key.jwk()
    )


def built(*resources, codes=None):
    extraction = extract(data(bundle(PATIENT, *resources)))
    excluded = exclusion(codes or listed(), extraction.index)
    return build(extraction, source=SOURCE, now=NOW, excluded=excluded)


def names(kind, *resources):
    found = built(*resources).record(kind)
    return None if found is None else [item.unit["text"] for item in found.items]


def test_a_listed_code_is_left_out_and_the_rest_stays():
    assert names("ProblemSummary", problem(HIDDEN), problem()) == ["Asthma"]
    assert names("ProblemSummary", problem(HIDDEN)) is None


@pytest.mark.parametrize(
    "code",
    [
        concept("999000001", system=f" {SNOMED} "),
        {"coding": [{"code": "999000001"}]},
        {"coding": [{"system": SNOMED, "code": " 999000001 "}]},
        {"text": "Some MADE-UP WORDS here"},
        {"coding": [{"system": "http://other", "code": "1", "display": "Made-up words"}]},
    ],
)
def test_what_is_in_doubt_is_left_out(code):
    assert names("ProblemSummary", problem(code)) is None


@pytest.mark.parametrize(
    "code",
    [
        concept("999000001", "Another system", system="http://read.info/ctv3"),
        concept("9990000010", "A longer code"),
        {"text": "unmade-up wordsmith"},
    ],
)
def test_what_only_looks_alike_stays(code):
    assert len(names("ProblemSummary", problem(code))) == 1


def test_a_note_in_a_field_that_is_not_issued_counts_too():
    assert names("ProblemSummary", problem(note=[{"text": "see made-up words"}])) is None


def test_what_is_linked_to_a_hidden_item_is_left_out_in_both_directions():
    hidden = problem(
        HIDDEN,
        id="c",
        extension=[{"url": "x", "valueReference": {"reference": "AllergyIntolerance/a"}}],
    )
    given = medicine(reasonReference=[{"reference": "Condition/c"}])
    plan = medicine(id="m", basedOn=[{"reference": "ServiceRequest/s"}])
    asked = {
        "resourceType": "ServiceRequest",
        "id": "s",
        "subject": WHO,
        "reasonReference": [{"reference": "Condition/c"}],
    }
    summary = built(hidden, given, plan, asked, allergy(id="a"), allergy())
    assert summary.record("MedicationSummary") is None
    assert len(summary.record("AllergySummary").items) == 1


def test_a_shared_visit_hides_nothing_else():
    named = [{"condition": {"reference": "Condition/c"}}]
    visit = {"resourceType": "Encounter", "id": "e", "subject": WHO, "diagnosis": named}
    where = {"reference": "Encounter/e"}
    summary = built(visit, problem(HIDDEN, id="c", encounter=where), problem(encounter=where))
    assert [item.unit["text"] for item in summary.record("ProblemSummary").items] == ["Asthma"]


def test_a_visit_that_is_itself_of_a_hidden_kind_hides_what_it_holds():
    visit = {"resourceType": "Encounter", "id": "e", "subject": WHO, "type": [HIDDEN]}
    summary = built(visit, problem(encounter={"reference": "Encounter/e"}), allergy())
    assert summary.record("ProblemSummary") is None
    assert summary.record("AllergySummary") is not None


def test_leaving_out_sets_no_mark():
    with_hidden = built(problem(), problem(HIDDEN), allergy())
    without = built(problem(), allergy())
    assert [to_payload(r) for r in with_hidden.records] == [to_payload(r) for r in without.records]


def test_a_hidden_allergy_never_reads_as_no_known_allergy():
    assert built(NKA).record("AllergySummary").state is SectionState.NONE_KNOWN
    assert built(NKA, allergy(HIDDEN)).record("AllergySummary") is None


def test_a_part_in_words_that_holds_a_listed_word_is_left_out_whole():
    def part(words):
        div = f"<div><table><tr><td>{words}</td></tr></table></div>"
        return {"title": "Diagnoses", "code": {"text": "Diagnoses"}, "text": {"div": div}}

    said = {
        "resourceType": "Composition",
        "status": "final",
        "subject": WHO,
        "section": [part("made-up words"), part("Asthma")],
    }
    (item,) = built(said).record("NarrativeSummary").items
    assert item.unit["rows"] == [["Asthma"]]


def test_a_contact_is_hidden_by_their_own_words_alone():
    held = PATIENT | {
        "contact": [{"name": {"text": "Made-up words"}}, {"name": {"text": "Sam Example"}}]
    }
    extraction = extract(data(bundle(held)))
    excluded = exclusion(listed(), extraction.index)
    summary = build(extraction, source=SOURCE, now=NOW, excluded=excluded)
    assert [i.unit["text"] for i in summary.record("EmergencyContacts").items] == ["Sam Example"]


ALLERGIES = st.lists(
    st.builds(
        allergy,
        st.sampled_from([HIDDEN, NKA["code"], concept("91935009", "Allergy to peanut")]),
        st.sampled_from(["active", "resolved", None]),
        verificationStatus=st.sampled_from([status("confirmed"), status("refuted")]),
        meta=st.sampled_from([{}, {"security": [{"code": "NOPAT"}]}]),
        modifierExtension=st.sampled_from([[], [{"url": "x"}]]),
    ),
    max_size=5,
)


@given(ALLERGIES)
@limits(max_examples=150, deadline=None)
def test_whatever_is_left_out_no_section_reads_as_none(held):
    found = built(*held).record("AllergySummary")
    if found is not None and found.state is SectionState.NONE_KNOWN:
        for entry in held:
            assert entry["code"] != HIDDEN
            assert not entry["meta"]
            assert not entry["modifierExtension"] or entry["verificationStatus"] == status(
                "refuted"
            )


@pytest.mark.parametrize("label", ["NOPAT", "R", "V"])
def test_confidential_items_are_kept_out_by_default(label):
    private = problem(meta={"security": [{"code": label}]})
    assert names("ProblemSummary", private, problem()) == ["Asthma"]


def test_the_list_of_the_package_names_the_refsets_and_hides_nothing():
    assert shipped_codes().is_empty
    assert len(built(problem(HIDDEN), codes=shipped_codes()).records) == 3


def signed(document, *, typ=TYPE, signer=SIGNER):
    return jws.sign(header={"typ": typ}, payload=document, signer=signer)


@pytest.mark.parametrize(
    "token",
    [
        signed(DOCUMENT, signer=generate_signer()),
        signed(DOCUMENT, typ="hp-registration+jwt"),
        signed(DOCUMENT) + "x",
        signed(DOCUMENT | {"version": 2}),
        signed(DOCUMENT | {"more": True}),
        signed(DOCUMENT | {"issuedAt": "2026-11-01"}),
        signed(DOCUMENT | {"issuedAt": "2026-11-01T00:00:00"}),
        signed({"version": 1, "issuedAt": "2026-11-01T00:00:00Z"}),
        signed(DOCUMENT | {"sets": [SET | {"texts": [""]}]}),
        signed(DOCUMENT | {"sets": [SET | {"codes": [{"code": "1"}]}]}),
        signed(b"[]"),
        dump_json(DOCUMENT).decode(),
        "",
    ],
)
def test_a_list_that_cannot_be_trusted_stops_the_issuer(token):
    with pytest.raises(SettingsError) as refused:
        read_sensitive_codes(token, signer_jwk=SIGNER.public_key.jwk())
    assert refused.value.code == "issuer.sensitive_codes"


def settings(folder: Path, **members):
    return Settings(
        iss="https://issuer.example", ods="A12345", name="A", key="file:///k", x5c=folder,
        database=folder, api_keys=folder, **members,
    )  # fmt: skip


def test_the_settings_name_the_list_and_the_key_of_its_signer(tmp_path):
    token, key = tmp_path / "codes.jws", tmp_path / "key.json"
    token.write_text(signed(DOCUMENT) + "\n", encoding="ascii")
    key.write_bytes(dump_json(SIGNER.public_key.jwk()))
    found = sensitive_codes(settings(tmp_path, sensitive_codes=token, sensitive_codes_key=key))
    assert found.codes == {(SNOMED, "999000001")}
    assert sensitive_codes(settings(tmp_path)).is_empty


@pytest.mark.parametrize("missing", ["key", "file", "garbage"])
def test_a_list_without_its_key_or_file_stops_the_issuer(tmp_path, missing):
    token, key = tmp_path / "codes.jws", tmp_path / "key.json"
    token.write_text(signed(DOCUMENT), encoding="ascii")
    key.write_bytes(b"{" if missing == "garbage" else dump_json(SIGNER.public_key.jwk()))
    if missing == "file":
        token.unlink()
    members = {"sensitive_codes": token}
    if missing != "key":
        members["sensitive_codes_key"] = key
    with pytest.raises(SettingsError) as refused:
        sensitive_codes(settings(tmp_path, **members))
    assert refused.value.code == "issuer.sensitive_codes"
