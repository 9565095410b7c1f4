"""Every published example: a report or our error, and records or the reason why not."""

from __future__ import annotations

import pytest
from fhir_examples import NOW, SOURCE
from shared_inputs import shared

from healthpassport.encoding import dump_json
from healthpassport.errors import SourceError
from healthpassport.summary import to_payload
from issuer.fhir import SECTIONS, extract
from issuer.records import build

# Why a file that holds a patient and an entry may give no record; each has its words.
REASONS = {"fhir.no_identity", "fhir.several_patients", "fhir.restricted", "fhir.subject_mismatch"}
FOUR = ("allergies", "medications", "problems", "immunisations")


@pytest.fixture(scope="module")
def published():
    return sorted(shared("fhir").glob("*/*.json"))


@pytest.mark.shared
def test_every_published_file_gives_a_report_or_our_error(published):
    refused = {}
    for path in published:
        try:
            report = extract(path.read_bytes()).report()
        except SourceError as error:
            refused[path.name] = error.code
            continue
        dump_json(report)
        assert set(report["state"]) >= set(SECTIONS), path.name
    assert len(published) > 500
    assert set(refused.values()) <= {"fhir.not_json"}
    assert sum(name.startswith("BADJSON") for name in refused) == 4
    assert len(refused) == 4


@pytest.mark.shared
def test_every_published_patient_with_an_entry_gives_records_or_the_reason(published):
    built, reasons = 0, {}
    for path in published:
        try:
            found = extract(path.read_bytes())
        except SourceError:
            continue
        if not found.persons or not any(found.section(name) for name in FOUR):
            continue
        try:
            summary = build(found, source=SOURCE, now=NOW)
        except SourceError as error:
            reasons[path.name] = error.code
            continue
        built += 1
        assert summary.records[0].type == "PatientIdentity"
        for record in summary.records:
            to_payload(record)
    assert set(reasons.values()) <= REASONS
    assert len(reasons) <= 3, reasons
    assert built > 40


@pytest.mark.shared
def test_no_clinical_resource_is_lost(published):
    kinds = {
        "AllergyIntolerance": "allergies",
        "Condition": "problems",
        "Immunization": "immunisations",
    }
    for path in published:
        try:
            found = extract(path.read_bytes())
        except SourceError:
            continue
        for kind, section in kinds.items():
            assert len(found.index.of(kind)) == len(found.section(section)), path.name
        medicines = found.index.of("MedicationStatement", "MedicationRequest")
        kept = len(found.section("medications")) + len(found.section("medication_plumbing"))
        assert len(medicines) == kept, path.name
