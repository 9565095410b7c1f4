"""Which boxes are needed for safe treatment and which start unticked, as the data says."""

from __future__ import annotations

import pytest
from record_examples import AS_OF, SOURCE, SUBJECT, allergies, identity
from verification_world import NOW, Surgery

import schemas
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer
from healthpassport.protocols.dcql import Query
from healthpassport.requests import VerifiedRequest
from healthpassport.summary import Item, Record, SectionState, definition, record_types
from schemas.queries import purposes, request_query, templates
from wallet.consent import HeldRecord, ask, chosen
from wallet.consent.care import detail_care, field_care, item_care, needed_tag, record_care

NEEDED = schemas.load("sharing/needed.json")
SENSITIVE = schemas.load("sharing/sensitive.json")
SURGERY = Surgery()


def held(*records):
    found = []
    for number, record in enumerate(records):
        text = SURGERY.issue(record, generate_signer())
        opened = sd_jwt_vc.open_held(text)
        found.append(HeldRecord(str(number), "dc+sd-jwt", opened, "Example Surgery"))
    return found


def listing(kind, *items, **more):
    return Record(
        type=kind,
        source=SOURCE,
        state=SectionState.ITEMS,
        as_of=AS_OF,
        subject=SUBJECT,
        items=items,
        **more,
    )


def question(*records, template="emergency_admission", language="en", unticked=()):
    request = VerifiedRequest(
        client_id="x509_hash:" + "a" * 43,
        name="Example Hospital",
        ods="RX123",
        purpose=templates()[template].purpose.id,
        retention="Kept with your notes.",
        query=Query.parse(request_query(templates()[template])),
        nonce="n" * 22,
        state="s",
        response_uri="https://desk.example/x",
        encryption_jwk={},
        encryption="A256GCM",
        over_asked=(),
        claims={},
        certificate_hash="a" * 43,
    )
    return ask(
        request,
        question_id="q",
        records=held(*records),
        unticked=unticked,
        language=language,
        now=NOW,
    )


def tick(asked, label):
    return next(tick for tick in asked.ticks if tick.label.startswith(label))


CONTACT = Item({"text": "Mair Example", "rank": 1}, {"phone": "01632 960001", "role": "carer"})
PROBLEMS = (
    Item({"text": "Asthma", "group": "current"}),
    Item({"text": "Depressive disorder", "group": "current"}),
    Item({"text": "HIV infection", "group": "past"}),
)


@pytest.mark.parametrize("purpose", sorted(purposes()))
@pytest.mark.parametrize("kind", ["AllergySummary", "MedicationSummary"])
def test_allergies_and_medicines_are_needed_whatever_the_purpose(kind, purpose):
    care = record_care(kind, purpose, "en")
    assert care.needed
    assert not care.sensitive
    assert item_care(kind, {"text": "HIV medicine"}, purpose=purpose, language="en").needed


def test_an_implant_is_needed_before_a_scan_and_not_at_a_pharmacy():
    assert record_care("DeviceImplant", "emergency", "en").needed
    assert not record_care("DeviceImplant", "pharmacy", "en").needed


def test_who_the_person_is_is_needed_and_where_they_live_is_not():
    for name in ("nhsNumber", "familyName", "birthDate"):
        assert detail_care(name, "en").needed
    for name in ("addressLines", "postcode", "phone"):
        care = detail_care(name, "en")
        assert care.sensitive
        assert care.note.endswith("not needed to treat you.")
    assert detail_care("gender", "en").note == ""


def test_other_people_start_unticked_and_take_their_own_tick():
    asked = question(identity(), listing("EmergencyContacts", CONTACT))
    people = [line for line in asked.ticks if line.section == "People to call"]
    assert len(people) == 4
    assert all(line.sensitive and not line.ticked for line in people)
    assert people[0].note == "This is about someone else. Ask them if you can."
    sent = {one.query_id for one in chosen(asked, asked.ticked)}
    assert sent == {"identity"}
    every = {line.number for line in asked.ticks}
    assert {one.query_id for one in chosen(asked, every)} == {"identity", "contacts"}


def test_who_may_decide_is_somebody_else():
    assert field_care("AdvanceCarePlan", "lpaHolder", "en").sensitive
    assert not field_care("AdvanceCarePlan", "priorities", "en").sensitive


def test_private_kinds_start_unticked_and_nothing_else_of_the_record_does():
    asked = question(listing("ProblemSummary", *PROBLEMS))
    assert tick(asked, "Asthma").ticked
    for label in ("Depressive disorder", "HIV infection"):
        line = tick(asked, label)
        assert line.sensitive
        assert not line.ticked
        assert line.note == "Some people keep this to themselves. You choose."
    assert tick(asked, definition("ProblemSummary").labels["en"].patient).ticked


@pytest.mark.parametrize("text", ["Genderqueer", "HIVes", "Mental health", "ANXIETY state"])
def test_a_private_word_counts_at_the_beginning_of_a_word_whatever_its_case(text):
    care = item_care("ProblemSummary", {"text": text}, purpose="emergency", language="en")
    assert care.sensitive


@pytest.mark.parametrize("text", ["Archive", "Fundamental tremor", "Asthma", "", "Shivering"])
def test_a_word_that_only_holds_one_does_not_count(text):
    unit = {"text": text, "coding": [{"system": "s", "code": "c"}, "no coding"]}
    care = item_care("ProblemSummary", unit, purpose="emergency", language="en")
    assert not care.sensitive


def test_codes_of_a_deployment_count_as_well(monkeypatch):
    codes = [["http://snomed.info/sct", "99999"]]
    monkeypatch.setitem(SENSITIVE["private"], "codes", codes)
    unit = {"text": "x", "coding": [{"system": "http://snomed.info/sct", "code": "99999"}]}
    assert item_care("ProblemSummary", unit, purpose="emergency", language="en").sensitive
    unit = {"text": "x", "coding": [{"system": "other", "code": "99999"}]}
    assert not item_care("ProblemSummary", unit, purpose="emergency", language="en").sensitive


def test_the_data_names_what_there_is_and_where_it_comes_from():
    kinds = set(record_types())
    assert NEEDED["records"].keys() <= kinds
    for row in NEEDED["records"].values():
        assert row["source"]
        assert row["without"].keys() == {"en", "cy"}
        assert row["purposes"] == "all" or set(row["purposes"]) <= set(purposes())
    assert set(SENSITIVE["records"]) | set(SENSITIVE["fields"]) <= kinds
    assert set(SENSITIVE["private"]["records"]) <= kinds - NEEDED["records"].keys()
    named = {*SENSITIVE["details"].values(), *SENSITIVE["records"].values(), "private"}
    assert named <= SENSITIVE["kinds"].keys()
    assert "clinical safety officer" in NEEDED["review"]


def test_the_marks_are_said_in_welsh_too():
    asked = question(allergies(), language="cy")
    line = next(line for line in asked.ticks if line.needed)
    assert needed_tag("cy") == "Ei angen i'ch trin yn ddiogel"
    assert line.note.startswith("Hebddo")


def test_what_was_unticked_before_stays_so_though_it_is_needed():
    first = question(allergies())
    key = next(line.key for line in first.ticks if line.label == "Allergies")
    assert not tick(question(allergies(), unticked=(key,)), "Allergies").ticked
