"""Bytes, wrappers, references and dates: what is found, and what is refused with its reason."""

from __future__ import annotations

import codecs
import json

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
    record_of,
)

from healthpassport.errors import SourceError
from issuer.fhir import extract
from issuer.fhir.dates import day, last_day, normal
from issuer.records import build


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "fhir.not_json"),
        (b"<Bundle/>", "fhir.not_json"),
        (b'{"resourceType": "Patient",}', "fhir.not_json"),
        (b'{"resourceType": "Patient", "x": NaN}', "fhir.not_json"),
        (b'{"resourceType": "Patient", "x": "\xff"}', "fhir.not_json"),
        (b'{"resourceType": "Patient", "x": "\\ud800"}', "fhir.not_json"),
        (b"\xff\xfe\x00", "fhir.not_json"),
        (b"[" * 100 + b"]" * 100, "fhir.not_json"),
        (b"[" * 100_000, "fhir.not_json"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "fhir.not_json"),
        (b"{}", "fhir.no_resource"),
        (b"[]", "fhir.no_resource"),
        (b"null", "fhir.no_resource"),
        (b'"Patient"', "fhir.no_resource"),
        (b'{"resourceType": ""}', "fhir.no_resource"),
        (b'{"resourceType": 5}', "fhir.no_resource"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(content, code):
    with pytest.raises(SourceError) as refused:
        extract(content)
    assert refused.value.code == code


def test_a_file_beyond_the_limit_is_refused_before_it_is_read():
    with pytest.raises(SourceError) as refused:
        extract(b" " * (32 * 1_048_576 + 1))
    assert refused.value.code == "fhir.too_large"


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + data(allergy()),
        json.dumps(allergy()).encode("utf-16"),
        data([allergy()]),
        data(bundle(bundle(allergy(), kind="document"), kind="searchset")),
        data({"resourceType": "Parameters", "parameter": [{"name": "x", "resource": allergy()}]}),
        data({"resourceType": "Parameters",
              "parameter": {"part": [{"resource": bundle(allergy())}]}}),
        data({"vc": {"credentialSubject": {"fhirBundle": bundle(allergy())}}}),
        data({"resourceType": "Bundle", "entry": {"resource": allergy()}}),
        data({"resourceType": "Bundle", "entry": [allergy(), {}, None, 3, "x"]}),
        data({"resourceType": "Bundle", "entry": [[{"resource": allergy()}]]}),
        data({"resourceType": "Bundle", "entry": {"a": {"resource": allergy()}}}),
        data({"resourceType": "Bundle", "entry": [{"resource": [allergy()]}]}),
        data({"resourceType": "Bundle", "entry": [{"resource": {"resource": allergy()}}]}),
        data({"resourceType": "Parameters", "parameter": [{"resource": [allergy()]}]}),
        data({"resourceType": "List", "contained": [[allergy()]]}),
        data(bundle(bundle(allergy()), {"resourceType": "OperationOutcome"})),
        data({"resourceType": "List", "contained": [allergy(), {"id": "x"}, 4]}),
    ],
)  # fmt: skip
def test_an_allergy_is_found_whatever_carries_it(content):
    assert len(extract(content).section("allergies")) == 1


def test_of_a_member_that_is_named_twice_the_last_stands_and_nothing_is_issued():
    once = record_of(allergy(criticality="high"))
    found = extract(once.replace(b'"criticality"', b'"criticality": "low", "criticality"'))
    assert found.defects.counts["doubled_member"] == 1
    assert found.section("allergies")[0].found.resource["criticality"] == "high"
    with pytest.raises(SourceError) as refused:
        build(found, source=SOURCE, now=NOW)
    assert refused.value.code == "fhir.ambiguous"


@pytest.mark.parametrize("digits", ["5.40", "1.0e245", "1E-22245", "-0", "90071992547409930"])
def test_a_value_keeps_its_own_digits(digits):
    result = {
        "resourceType": "Observation", "status": "final", "subject": WHO,
        "category": {"coding": [{"code": "laboratory"}]}, "code": {"text": "Example"},
        "valueQuantity": {"value": 0, "unit": "mmol/L"},
    }  # fmt: skip
    held = record_of(result).replace(b'"value": 0', b'"value": ' + digits.encode())
    (item,) = extract(held).report()["sections"]["results"]["active"]
    assert item["value"] == f"{digits} mmol/L"


def test_an_entry_without_a_resource_is_a_defect():
    held = bundle(allergy())
    held["entry"].append({"response": {"status": "200"}})
    assert extract(data(held)).defects.counts["entry_without_resource"] == 1


@pytest.mark.parametrize(
    "unread",
    [
        {"code": {"text": "Penicillin"}},
        {"resourceType": 5},
        [{"code": {"text": "Penicillin"}}],
        json.dumps(allergy()),
    ],
)
def test_beside_what_could_not_be_read_nothing_reads_as_none(unread):
    held = bundle(allergy(concept("716186003", "No known allergy")))
    assert extract(data(held)).report()["state"]["allergies"] == "none_known"
    held["entry"].append({"resource": unread})
    found = extract(data(held))
    assert found.defects.counts["resource_unreadable"] == 1
    assert found.report()["state"]["allergies"] == "no_information"


@pytest.mark.parametrize(
    "bare",
    [{}, {"fullUrl": "urn:x"}, {"response": {"status": "200"}}, {"resource": {}}, None],
)
def test_an_entry_that_holds_no_resource_hides_nothing(bare):
    held = bundle(allergy(concept("716186003", "No known allergy")))
    held["entry"].append(bare)
    assert extract(data(held)).report()["state"]["allergies"] == "none_known"


def test_two_entries_with_one_full_url_are_both_kept():
    held = bundle(allergy(id="a"), problem(id="b"))
    for entry in held["entry"]:
        entry["fullUrl"] = "urn:uuid:1"
    found = extract(data(held))
    assert len(found.entries) == 2
    assert found.defects.counts["duplicate_full_url"] == 1


def test_the_very_same_resource_twice_counts_once():
    assert len(extract(record_of(allergy(id="a"), allergy(id="a"))).entries) == 1


def test_one_id_with_two_contents_is_kept_twice_and_flagged():
    found = extract(record_of(allergy(id="a"), allergy(id="a", clinical="resolved")))
    assert len(found.entries) == 2
    assert found.defects.counts["duplicate_id"] == 1


def test_of_a_history_the_newest_version_stands():
    held = bundle(allergy(id="a"), allergy(id="a", clinical="resolved"), kind="history")
    (entry,) = extract(data(held)).entries
    assert entry.bucket.value == "active"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020", "2020"),
        ("2020-05", "2020-05"),
        ("2020-05-12", "2020-05-12"),
        ("2020-05-12T10:00Z", "2020-05-12T10:00Z"),
        ("2020-05-12T10:00:00.123+01:00", "2020-05-12T10:00:00.123+01:00"),
        ("2020-05-12T10:00:00", "2020-05-12T10:00:00"),
        ("20200512", "2020-05-12"),
        ("20200512101500+0000", "2020-05-12"),
        ("12-May-2020", "2020-05-12"),
        ("09 Oct 2016", "2016-10-09"),
        ("Last Issued: 12-May-2020", "2020-05-12"),
        ("2020-13-01", None),
        ("2021-02-29", None),
        ("0000", None),
        ("31 Feb 2020", None),
        ("12-Foo-2020", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_keeps_its_precision_or_is_none(text, expected):
    assert normal(text) == expected


def test_a_year_is_no_day_but_has_a_last_one():
    assert day("2020") is None
    assert str(last_day("2020")) == "2020-12-31"
    assert str(last_day("2020-02")) == "2020-02-29"
    assert last_day("soon") is None


def test_a_date_that_is_none_stays_in_its_own_words_and_is_flagged():
    found = extract(record_of(problem(onsetDateTime="in her youth")))
    assert found.entries[0].date == "in her youth"
    assert found.defects.counts["date_unreadable"] == 1


def test_a_date_after_the_summary_itself_is_flagged():
    later = record_of(problem(onsetDateTime="2026-10-02"), timestamp="2026-10-01T00:00:00Z")
    assert extract(later).defects.counts["date_after_source"] == 1


TWIN = PATIENT | {"id": "q", "identifier": [], "birthDate": "1990-01-01"}


def test_a_subject_named_by_id_reference_or_nhs_number_gets_only_their_own():
    held = data(bundle(PATIENT, TWIN, allergy(), problem(subject={"reference": "Patient/q"})))
    for name in ("p", "Patient/p", "9990000018", "999 000 0018"):
        found = extract(held, name)
        assert [e.section for e in found.entries] == ["allergies"]
    assert [e.section for e in extract(held, "q").entries] == ["problems"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "nobody", "Patient/", "9990000026"])
def test_vci_043_a_name_that_nobody_answers_to_is_refused(name):
    with pytest.raises(SourceError) as refused:
        extract(record_of(allergy()), name)
    assert refused.value.code == "fhir.subject_mismatch"


def test_copies_of_one_patient_in_every_resource_are_one_person():
    shots = [
        {"resourceType": "Immunization", "status": "completed", "patient": {"reference": "#c"},
         "contained": [PATIENT | {"id": "c"}], "vaccineCode": {"text": text}}
        for text in ("Flu", "Tetanus")
    ]  # fmt: skip
    found = extract(data(bundle(*shots)))
    assert len(found.persons) == 1
    assert not found.strangers


def test_one_number_with_two_birth_dates_is_two_people():
    other = PATIENT | {"id": "q", "birthDate": "1990-01-01"}
    assert len(extract(data(bundle(PATIENT, other))).persons) == 2


def test_a_patient_named_by_nhs_number_alone_is_recognised():
    known = {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}}
    stranger = {"identifier": known["identifier"] | {"value": "9990000026"}}
    assert not extract(record_of(allergy(patient=known))).strangers
    assert extract(record_of(allergy(patient=stranger))).strangers


def test_the_report_has_the_agreed_shape():
    report = extract(record_of(allergy(), medicine(), problem())).report()
    assert list(report) == [
        *("version", "patients", "state", "sections", "narrative", "warnings", "defects"),
    ]
    assert report["version"] == 1
    assert report["patients"][0]["nhsNumberValid"] is True
    assert WHO["reference"] == f"Patient/{report['patients'][0]['id']}"


IDENTIFIED = "https://fhir.nhs.uk/Id/nhs-number"


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": f"Patient?identifier={IDENTIFIED}|9990000018"},
        {"reference": "Patient?identifier=9990000018"},
        {"type": "Patient", "identifier": {"system": IDENTIFIED, "value": "9990000018"}},
        {"reference": "https://example.org/fhir/Patient/p"},
        {"reference": "Patient/p/_history/3"},
        {"reference": " Patient/p "},
        "Patient/p",
    ],
)
def test_a_person_is_found_by_any_spelling_of_the_reference(reference):
    found = extract(record_of(allergy(patient=reference)))
    assert not found.strangers
    assert "subject_missing" not in found.defects.counts


@pytest.mark.parametrize("url", ["urn:uuid:P-1", "https://example.org/fhir/Patient/p-1"])
def test_a_resource_named_by_its_full_url_alone_is_found_by_type_and_id(url):
    nameless = {k: v for k, v in PATIENT.items() if k != "id"}
    held = bundle(nameless, allergy(patient={"reference": "Patient/p-1"}))
    held["entry"][0]["fullUrl"] = url
    assert not extract(data(held)).strangers


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": f"Patient?identifier={IDENTIFIED}|9990000026"},
        {"reference": "Patient?name=Example"},
        {"reference": "Patient/q"},
        {"reference": "urn:uuid:p2"},
        {"reference": "#p"},
        {"reference": "Practitioner/p"},
    ],
)
def test_a_reference_to_somebody_else_is_never_stretched(reference):
    assert extract(record_of(allergy(patient=reference))).strangers
