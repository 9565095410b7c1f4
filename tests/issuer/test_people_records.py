"""Records of implants, plans, contacts, needs, proxies and notes in words, on made-up twins."""

from __future__ import annotations

import hashlib

import pytest
from fhir_examples import NOW, PATIENT, SOURCE, WHO, bundle, concept, data, record_of

from healthpassport.summary import SectionState, from_payload, to_payload
from issuer.fhir import extract
from issuer.records import build

ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131"
CATEGORY = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"


def records(held):
    summary = build(extract(held), source=SOURCE, now=NOW)
    for found in summary.records:
        from_payload(to_payload(found))
    return summary


def record(kind, *resources):
    return records(record_of(*resources)).record(kind)


PACEMAKER = {
    "resourceType": "Device",
    "id": "d",
    "status": "active",
    "type": concept("14106009", "Cardiac pacemaker"),
    "udiCarrier": [{"carrierHRF": "(01)0999"}],
    "lotNumber": "L-1",
    "manufacturer": "Example Devices",
    "modelNumber": "M2",
    "manufactureDate": "2015-01-01",
    "safety": [{"text": "MR conditional"}],
}
USE = {
    "resourceType": "DeviceUseStatement",
    "status": "active",
    "subject": WHO,
    "device": {"reference": "Device/d"},
    "timingDateTime": "2015-06-01",
}


def test_an_implant_is_told_by_its_use_with_its_device_in_fields():
    (item,) = record("DeviceImplant", PACEMAKER, USE).items
    assert item.unit["text"] == "Cardiac pacemaker"
    assert (item.unit["group"], item.unit["date"]) == ("current", "2015-06-01")
    assert item.fields == {
        "udi": "(01)0999",
        "lot": "L-1",
        "model": "Example Devices, M2",
        "mriNote": "MR conditional",
    }


def test_the_day_of_manufacture_is_not_the_day_of_an_implant():
    (item,) = record("DeviceImplant", PACEMAKER | {"patient": WHO}).items
    assert "date" not in item.unit


def test_an_implant_that_was_taken_out_is_past():
    found = record("DeviceImplant", PACEMAKER, USE | {"status": "completed"})
    assert found.state is SectionState.ONLY_INACTIVE
    assert found.items[0].unit["group"] == "past"


def consent(category="dnr", **members):
    found = {
        "resourceType": "Consent",
        "status": "active",
        "category": [concept(category, system=CATEGORY)],
        "patient": WHO,
        "dateTime": "2026-05-01",
    }
    return found | members


def test_a_plan_keeps_its_recommendation_dates_and_where_the_form_is():
    plan = consent(
        sourceAttachment={"title": "Yellow form, top drawer"},
        provision={
            "type": "deny",
            "period": {"end": "2027-05-01"},
            "code": [concept("89666000", "Cardiopulmonary resuscitation")],
        },
    )
    (item,) = record("AdvanceCarePlan", plan).items
    assert item.unit["kind"] == "dnacpr"
    assert item.unit["recommendation"] == "deny: Cardiopulmonary resuscitation"
    assert (item.unit["signed"], item.unit["review"]) == ("2026-05-01", "2027-05-01")
    assert item.unit["original"] == "Yellow form, top drawer"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("ReSPECT form", "respect"),
        ("Please respect my wishes", None),
        ("DNACPR decision", "dnacpr"),
        ("Advance decision to refuse treatment", "adrt"),
        ("Lasting Power of Attorney", "lpa"),
        ("Advance statement", None),
    ],
)
def test_the_kind_of_a_plan_is_told_by_its_words_or_not_at_all(words, kind):
    plan = consent("acd", scope={"text": words})
    (item,) = record("AdvanceCarePlan", plan).items
    assert item.unit.get("kind") == kind


@pytest.mark.parametrize("state", ["rejected", "inactive"])
def test_a_plan_that_is_over_is_never_shown(state):
    found = record("AdvanceCarePlan", consent(status=state))
    assert (found.state, found.items) == (SectionState.ONLY_INACTIVE, ())


def test_a_plan_with_rules_within_rules_is_left_out():
    found = record("AdvanceCarePlan", consent(provision={"provision": [{"type": "permit"}]}))
    assert found.state is SectionState.WITHHELD


def contact(**members):
    return {"name": {"text": "Sam Example"}, "relationship": [{"text": "Brother"}]} | members


def with_contacts(*contacts, **members):
    return data(bundle(PATIENT | {"contact": list(contacts)} | members))


def test_a_contact_keeps_name_relationship_and_rank_together():
    rank = {"url": "https://fhir.hl7.org.uk/x/Extension-UKCore-ContactRank", "valuePositiveInt": 1}
    held = with_contacts(
        contact(
            extension=[rank],
            relationship=[{"text": "Brother"}, concept("N", "Next-of-Kin", ROLE)],
            telecom=[{"system": "phone", "value": "01632 960001"}],
        )
    )
    (item,) = records(held).record("EmergencyContacts").items
    assert item.unit == {"text": "Sam Example", "relationship": {"text": "Brother"}, "rank": 1}
    assert item.fields == {"phone": "01632 960001", "role": "Next-of-Kin"}


def test_a_contact_whose_time_is_over_is_not_called():
    held = with_contacts(contact(), contact(period={"end": "2026-10-31"}))
    assert len(records(held).record("EmergencyContacts").items) == 1


def flag(text="Needs a sign language interpreter", **members):
    found = {
        "resourceType": "Flag",
        "status": "active",
        "category": [concept("x", "National Reasonable Adjustments Flag", "https://example.org")],
        "code": {"text": text},
        "subject": WHO,
    }
    return found | members


def test_a_need_keeps_category_status_and_period():
    note = {"url": "https://fhir.nhs.uk/x/Extension-FlagNotes", "valueAnnotation": {"text": "Book"}}
    (item,) = record(
        "CommunicationNeeds", flag(extension=[note], period={"start": "2024-01-01"})
    ).items
    assert item.unit["category"] == "National Reasonable Adjustments Flag"
    assert (item.unit["status"], item.unit["start"]) == ("active", "2024-01-01")
    assert item.fields == {"notes": "Book"}


def test_the_language_of_an_interpreter_is_the_persons_preferred_one():
    spoken = [
        {"language": {"text": "English"}},
        {"language": {"text": "British Sign Language"}, "preferred": True},
    ]
    held = data(bundle(PATIENT | {"communication": spoken}, flag()))
    (item,) = records(held).record("CommunicationNeeds").items
    assert item.fields == {"interpreterLanguage": "British Sign Language"}


@pytest.mark.parametrize("words", ["Child protection plan", "FGM", "Safeguarding concern"])
def test_safeguarding_reaches_no_record(words):
    assert len(records(record_of(flag(words))).records) == 1


RELATED = {
    "resourceType": "RelatedPerson",
    "id": "r",
    "patient": WHO,
    "name": [{"given": ["Pat"], "family": "Example"}],
    "relationship": [{"text": "Mother"}],
}


def proxy(**members):
    rule = {"actor": [{"role": {"text": "x"}, "reference": {"reference": "RelatedPerson/r"}}]}
    found = consent(
        "INFA",
        scope={"text": "See the record"},
        policyRule={"text": "Parental responsibility"},
        provision=rule | members.pop("rule", {}),
    )
    return found | members


def test_a_proxy_is_told_with_status_scope_period_and_ground():
    held = proxy(rule={"period": {"start": "2026-01-01", "end": "2027-01-01"}})
    (item,) = record("ProxyAuthority", RELATED, held).items
    assert item.unit == {
        "text": "Pat Example",
        "relationship": {"text": "Mother"},
        "status": "active",
        "scope": "See the record",
        "start": "2026-01-01",
        "end": "2027-01-01",
        "legalBasis": "Parental responsibility; INFA",
    }


@pytest.mark.parametrize(
    "members",
    [
        {"status": "proposed"},
        {"status": "entered-in-error"},
        {"rule": {"period": {"end": "2026-10-31"}}},
        {"patient": {"reference": "Patient/somebody"}},
    ],
)
def test_an_authority_that_does_not_stand_is_not_issued(members):
    assert record("ProxyAuthority", RELATED, proxy(**members)) is None


def test_a_grant_that_denies_is_never_told_as_one():
    found = record("ProxyAuthority", RELATED, proxy(rule={"type": "deny"}))
    assert (found.state, found.items) == (SectionState.WITHHELD, ())


@pytest.mark.parametrize(
    ("born", "issued"),
    [("2015-06-01", False), ("2015-12-01", True), ("2010-06-01", False), ("1990-01-01", True)],
)
def test_a_proxy_stops_at_11_and_16_until_somebody_looks_again(born, issued):
    held = data(bundle(PATIENT | {"birthDate": born}, RELATED, proxy()))
    found = records(held).record("ProxyAuthority")
    assert (found is not None) is issued


TABLE = (
    "<div><p>One or more entries have been deliberately withheld.</p><table>"
    "<tr><th>Date</th><th>Item</th></tr><tr><td>2017</td><td>Penicillin</td></tr></table></div>"
)


def summary(title="Allergies and Adverse Reactions", code="AllergiesHeader", div=TABLE):
    section = {"title": title, "code": {"coding": [{"code": code}]}, "text": {"div": div}}
    return {"resourceType": "Composition", "status": "final", "subject": WHO, "section": [section]}


def test_a_section_in_words_keeps_its_rows_its_hash_and_that_something_is_withheld():
    found = records(record_of(summary()))
    (item,) = found.record("NarrativeSummary").items
    assert item.unit == {
        "text": "Allergies and Adverse Reactions",
        "section": "allergies",
        "rows": [["One or more entries have been deliberately withheld."], ["2017", "Penicillin"]],
        "sha256": hashlib.sha256(TABLE.encode()).hexdigest(),
        "withheld": True,
    }
    assert found.record("AllergySummary").state is SectionState.NARRATIVE_ONLY


def test_the_period_of_a_part_is_the_one_in_its_title():
    title = "Acute Medications (For the 12 month period 11 Oct 2016 to 11 Oct 2017)"
    found = record("NarrativeSummary", summary(title, "AcuteMedsHeader"))
    (item,) = found.items
    assert item.unit["window"] == "For the 12 month period 11 Oct 2016 to 11 Oct 2017"


@pytest.mark.parametrize(
    "said",
    [
        summary(div="<div><p>No relevant information available for this category.</p></div>"),
        summary(title="Social circumstances", code="SocialHeader"),
        summary(div="<div></div>"),
    ],
)
def test_what_says_nothing_or_is_of_no_section_is_no_item(said):
    assert record("NarrativeSummary", said) is None


def test_a_part_of_a_document_with_an_unknown_modifier_is_left_out():
    odd = summary() | {"modifierExtension": [{"url": "https://example.org/not"}]}
    assert record("NarrativeSummary", odd).state is SectionState.WITHHELD
