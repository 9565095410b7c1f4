"""The traps in real data: for each a published file, a made-up twin, and what is true of both."""

from __future__ import annotations

from typing import Final

import fhir_trap_checks as check
from fhir_examples import (
    IPS,
    PATIENT,
    WHO,
    allergy,
    bundle,
    concept,
    data,
    listed,
    medicine,
    problem,
    record_of,
    status,
    vaccination,
)
from fhir_trap_checks import Trap

TABLE: Final = "<table><thead><tr><th>Date</th><th>What</th></tr></thead><tbody>{}</tbody></table>"
WASP: Final = TABLE.format("<tr><td>12-May-2020</td><td>Toxic reaction to wasp sting</td></tr>")
NOTHING: Final = TABLE.format(
    '<tr><td colspan="2">No relevant information available for this category.</td></tr>'
)


def part(title: str, code: str, div: str) -> dict:
    return {
        "title": title,
        "code": {"coding": [{"code": code}]},
        "text": {"status": "generated", "div": f"<div>{div}</div>"},
    }


def scr(*parts: dict) -> bytes:
    return record_of({"resourceType": "Composition", "subject": WHO, "section": list(parts)})


def reason(code: str) -> dict:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": code}]}


ENDED = listed(
    "Ended allergies",
    "#a",
    code="1103671000000101",
    contained=[allergy(id="a", clinical="resolved")],
)
STU3 = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect"
UNKNOWN = {"coding": [{"system": "http://hl7.org/fhir/v3/NullFlavor", "code": "UNK"}]}
GIVEN = [
    {
        "url": f"{STU3}-VaccinationProcedure-1",
        "valueCodeableConcept": concept("38598009", "Measles, mumps and rubella vaccination"),
    }
]
THREE = (
    medicine(id="s", basedOn=[{"reference": "MedicationRequest/plan"}]),
    medicine(kind="MedicationRequest", id="plan", intent="plan"),
    medicine(
        kind="MedicationRequest",
        id="order",
        intent="order",
        basedOn=[{"reference": "MedicationRequest/plan"}],
    ),
)
DEGRADED = allergy(
    concept("196461000000101", "Transfer-degraded drug allergy", text="Penicillin: rash")
)
CODEINE = {
    "resourceType": "Medication",
    "id": "m",
    "code": concept("322280009", "Codeine 30mg tablets"),
}
MADE_OF = {
    "resourceType": "Medication",
    "id": "m",
    "ingredient": [{"itemCodeableConcept": {"text": "Codeine"}}],
}


def referring(address: str, **members: object) -> dict:
    found = medicine(**members)
    del found["medicationCodeableConcept"]
    return found | {"medicationReference": {"reference": address}}


def entries(*rows: dict, **members: object) -> bytes:
    person = {"fullUrl": "urn:uuid:1", "resource": PATIENT}
    return data(
        {"resourceType": "Bundle", "type": "collection", "entry": [person, *rows]} | members
    )


IN_STU3 = allergy(clinical=None, clinicalStatus="active", verificationStatus="unconfirmed")
FOOD = allergy(concept("429625007", "No known food allergy"))
EMPTY = listed("Allergies", code="886921000000105", emptyReason=reason("no-content-recorded"))


def empty_for(code: str) -> bytes:
    return record_of(listed("Allergies", emptyReason=reason(code)))


TRAPS: Final = (
    Trap(
        "scr-narrative",
        "components__examples__GetScrBundle.json",
        scr(part("Allergies and Adverse Reactions", "AllergiesHeader", WASP)),
        check.in_words_only,
    ),
    Trap(
        "scr-nothing-relevant",
        "components__examples__GetScrBundle.json",
        scr(part("Allergies and Adverse Reactions", "AllergiesHeader", NOTHING)),
        check.nothing_is_no_item,
    ),
    Trap(
        "no-content-recorded",
        "correctPatientStructuredRecord4Missing3PresentAttachments.json",
        record_of(EMPTY),
        check.empty_is_not_none,
    ),
    Trap(
        "ended-contained",
        "correctAllergiesContainedResourceResponse.json",
        record_of(EMPTY, ENDED),
        check.ended_is_inactive,
    ),
    Trap(
        "medicines-in-threes",
        "TPPPatientStructuredRecordE2EPWTP2.json",
        record_of(*THREE),
        check.counted_once,
    ),
    Trap(
        "dmd-under-snomed",
        "TPPPatientStructuredRecordE2EPWTP2.json",
        record_of(medicine(concept("322280009", "Codeine 30mg tablets"))),
        check.drug_codes_stay,
    ),
    Trap(
        "vaccine-unk",
        "TPPPatientStructuredRecordE2EPWTP5.json",
        record_of(vaccination(UNKNOWN, extension=GIVEN)),
        check.vaccine_is_the_procedure,
    ),
    Trap(
        "not-given-stu3",
        None,
        record_of(vaccination(notGiven=True)),
        check.was_not_given,
        sign=r'"notGiven"\s*:\s*true',
    ),
    Trap(
        "not-done-r4",
        "Procedure-ambulation.json",
        record_of(vaccination(state="not-done")),
        check.was_not_given,
    ),
    Trap(
        "degraded",
        "guide_Example_1_page_1__4d0f10.json",
        record_of(DEGRADED),
        check.text_is_the_meaning,
    ),
    Trap(
        "snomed-none",
        "AllergyIntolerance-nka.json",
        record_of(allergy(concept("716186003", "No known allergy"))),
        check.none_known,
    ),
    Trap(
        "ips-none",
        None,
        record_of(allergy(concept("no-known-allergies", system=IPS))),
        check.none_known,
        sign=r'"no-known-allergies"',
    ),
    Trap("empty-nilknown", None, empty_for("nilknown"), check.none_known, sign=r'"nilknown"'),
    Trap(
        "empty-unavailable",
        "Bundle-bundle-no-info-required-sections.json",
        empty_for("unavailable"),
        check.not_known,
    ),
    Trap(
        "empty-withheld",
        None,
        empty_for("withheld"),
        check.withheld,
        sign=r'(?s)"resourceType"\s*:\s*"List"(?:(?!"resourceType").)*"withheld"',
    ),
    Trap("empty-notasked", None, empty_for("notasked"), check.not_known, sign=r'"notasked"'),
    Trap(
        "display-only",
        None,
        record_of(allergy({"coding": [{"display": "No known allergies"}]})),
        check.none_known,
        sign=r'(?i)\{\s*"display"\s*:\s*"no known allerg[^"]*"\s*\}',
    ),
    Trap(
        "text-only",
        None,
        record_of(allergy({"text": "No known allergies"})),
        check.none_known,
        sign=r'(?i)"code"\s*:\s*\{\s*"text"\s*:\s*"no known allerg',
    ),
    Trap(
        "beside-active",
        "Bundle-IPS-examples-Bundle-01.json",
        record_of(allergy(), FOOD),
        check.does_not_cancel,
    ),
    Trap(
        "narrower",
        "UKCore-AllergyIntolerance-Sn-NegHandlNoKnownAllergies-Example.json",
        record_of(FOOD),
        check.narrower_than_all,
    ),
    Trap(
        "ips-no-info",
        "ips-link.json",
        record_of(allergy(concept("no-allergy-info", system=IPS))),
        check.nothing_known,
    ),
    Trap(
        "reviewed-list",
        "AllergyIntolerance_c7781f44-6df8-4a8b-9e06-0b34263a47c5.json",
        record_of(allergy(concept("no-known-food-allergies", system=IPS))),
        check.narrower_than_all,
    ),
    Trap(
        "status-string",
        "TPPPatientStructuredRecordE2EPWTP2.json",
        record_of(IN_STU3),
        check.is_active,
    ),
    Trap(
        "status-concept",
        "Bundle-IPS-examples-Bundle-01.json",
        record_of(allergy(clinicalStatus=status("active"))),
        check.has_an_active_one,
    ),
    Trap(
        "status-absent",
        "ai-us-core.json",
        record_of(allergy(clinical=None)),
        check.unknown_is_listed,
    ),
    Trap(
        "active-abated",
        "encountercomponents__input-bundle-15-related-problem-no-title.json",
        record_of(problem(abatementDateTime="2019-01-01")),
        check.flagged_and_kept,
    ),
    Trap(
        "on-hold",
        None,
        record_of(medicine(state="on-hold")),
        check.on_hold_is_apart,
        sign=r'"on-hold"',
    ),
    Trap(
        "status-unknown",
        "medication-request-with-no-status.json",
        record_of(medicine(state="unknown")),
        check.unknown_is_listed,
    ),
    Trap("name-inline", "MedicationRequest-medrx0312.json", record_of(medicine()), check.named),
    Trap(
        "name-relative",
        "TPPPatientStructuredRecordE2EPWTP2.json",
        record_of(referring("Medication/m"), CODEINE),
        check.named,
    ),
    Trap(
        "name-urn",
        "Bundle-IPS-examples-Bundle-01.json",
        entries(
            {"resource": referring("urn:uuid:2")}, {"fullUrl": "urn:uuid:2", "resource": CODEINE}
        ),
        check.named,
    ),
    Trap(
        "name-contained",
        "MedicationRequest-medrx0301.json",
        record_of(referring("#m", contained=[CODEINE])),
        check.named,
    ),
    Trap(
        "name-absolute",
        None,
        entries(
            {"resource": referring("https://fhir.example/Medication/m")},
            {"fullUrl": "https://fhir.example/Medication/m", "resource": CODEINE},
        ),
        check.named,
        sign=r'"medicationReference"\s*:\s*\{\s*"reference"\s*:\s*"https?:',
    ),
    Trap(
        "name-ingredient",
        "MedicationRequest-medrx0338.json",
        record_of(referring("#m", contained=[MADE_OF])),
        check.named,
    ),
    Trap(
        "year-only",
        "TC4__9465698679_Gainsford_full_20210119.json",
        record_of(allergy(onsetDateTime="2018")),
        check.year_stays_a_year,
    ),
    Trap(
        "named-month",
        "components__examples__GetScrBundle.json",
        scr(part("Allergies and Adverse Reactions", "AllergiesHeader", WASP)),
        check.month_by_name,
    ),
    Trap(
        "no-seconds",
        "gp_summary__from__fhir__additionalinfo__history.json",
        data(bundle(PATIENT, meta={"lastUpdated": "2017-10-09T15:25+00:00"})),
        check.day_without_seconds,
    ),
    Trap(
        "after-summary",
        "encountercomponents__input-bundle-1.json",
        data(
            bundle(
                {"resourceType": "Composition", "subject": WHO, "date": "2020-05-14"},
                PATIENT,
                problem(onsetDateTime="2021-01-01"),
                kind="document",
            )
        ),
        check.too_late_is_said,
    ),
    Trap(
        "duplicate-url",
        "PrescriptionsExamples__Methotrexate.json",
        entries(
            {"fullUrl": "urn:uuid:1", "resource": allergy()},
        ),
        check.defect("duplicate_full_url"),
    ),
    Trap(
        "dangling",
        "correctPatientStructuredRecordLargePayload.json",
        record_of(listed("Allergies", "AllergyIntolerance/nowhere")),
        check.defect("dangling_reference"),
    ),
    Trap(
        "no-resource",
        "Bundle-bundle-transaction.json",
        entries({"fullUrl": "urn:uuid:9"}),
        check.defect("entry_without_resource"),
    ),
    Trap(
        "search-outcome",
        "bundle-id-search-4.json",
        entries(
            {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
            type="searchset",
        ),
        check.outcome_is_no_entry,
    ),
    Trap("bom", "xml-bad-entities.json", b"\xef\xbb\xbf" + record_of(allergy()), check.is_read),
    Trap("invalid-json", "BADJSON__med-dispense.json", b'{"resourceType": ', check.never_read),
)
