"""One definition of each record type: complete in both languages, and refused where it is not."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from record_examples import values

import schemas
from healthpassport.summary.shapes import fits
from schemas.definitions import (
    LANGUAGES,
    RecordDefinition,
    StateItems,
    build,
    definitions,
    states,
    types,
)

# The fields and classes of clinical.md "Record types", held here against the definitions.
FIELDS = {
    "PatientIdentity": (
        "deceased",
        "",
        (
            "nhsNumber familyName givenNames birthDate ageOver16 ageOver18 "
            "gender addressLines postcode phone gpPracticeOds language"
        ),
    ),
    "AllergySummary": (
        "endedCount",
        "text coding clinicalStatus verificationStatus type category criticality reaction",
        "onset recorder",
    ),
    "MedicationSummary": (
        "counts",
        "text coding group status intent doNotPerform statementType dose route form lastIssued",
        "start repeats prescriberOds reason stopReason",
    ),
    "NarrativeSummary": (
        "",
        "text section rows sha256 window withheld",
        "",
    ),
    "AdvanceCarePlan": (
        "",
        "text coding kind status signed review original recommendation",
        "priorities lpaHolder",
    ),
    "ProblemSummary": (
        "",
        "text coding group clinicalStatus verificationStatus significance",
        "onset abatement severity bodySite",
    ),
    "DeviceImplant": (
        "",
        "text coding group status date",
        "udi lot model mriNote",
    ),
    "PregnancyStatus": (
        "",
        "text coding value status date",
        "edd",
    ),
    "ProcedureSummary": (
        "",
        "text coding group status date",
        "bodySite outcome performer",
    ),
    "CommunicationNeeds": (
        "",
        "text coding category status start end",
        "notes interpreterLanguage",
    ),
    "EmergencyContacts": (
        "",
        "text relationship rank",
        "phone role",
    ),
    "KeyResults": (
        "",
        (
            "text coding value components status "
            "date absentReason referenceRange interpretation specimen method"
        ),
        "performer",
    ),
    "ImmunisationSummary": (
        "",
        "text coding procedure group status notGiven date",
        "doseNumber product lot site performer",
    ),
    "ProxyAuthority": (
        "",
        "text relationship status scope start end legalBasis",
        "",
    ),
    "EmergencySummary": (
        "deceased sections",
        "text section entry",
        "",
    ),
    "PatientStated": (
        "",
        "text reading date",
        "",
    ),
}


def all_fields(definition: RecordDefinition):
    for group in (
        definition.envelope_fields,
        definition.always_fields,
        definition.subject_fields,
        definition.unit_fields,
        definition.item_fields,
        definition.negation_fields,
    ):
        yield from group.values()


def row():
    return copy.deepcopy(schemas.load("records/AllergySummary.json"))


def common():
    return copy.deepcopy(schemas.load("records/_common.json"))


@pytest.mark.parametrize("name", FIELDS)
def test_each_type_has_the_fields_and_classes_of_the_design(name):
    always, unit, fields = FIELDS[name]
    found = definitions()[name]
    alone = found.item_fields if found.has_items else found.subject_fields
    assert " ".join(found.always_fields) == always
    assert " ".join(found.unit_fields) == unit
    assert " ".join(alone) == fields


def test_every_type_of_the_design_is_defined():
    assert list(definitions()) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_all_its_words(name):
    for field in all_fields(definitions()[name]):
        for language in LANGUAGES:
            assert field.labels[language].patient.strip()
            assert field.labels[language].clinical.strip()
        assert field.meaning.endswith(".")
        assert all(field.fhir.values())


@pytest.mark.parametrize("name", FIELDS)
def test_the_file_is_named_after_the_type(name):
    assert schemas.load(f"records/{name}.json")["type"] == name


def test_only_the_text_of_a_unit_is_required_and_in_a_summary_its_section():
    for found in definitions().values():
        required = [name for name, field in found.unit_fields.items() if field.required]
        wanted = ["text", *(["section"] if found.derived else [])] if found.has_items else []
        assert required == wanted


def test_the_sections_of_a_summary_are_those_of_the_records_it_is_made_of():
    for found in definitions().values():
        sections = tuple(definitions()[name].section for name in found.derived)
        assert not found.derived or found.unit_fields["section"].values == sections


def test_a_summary_and_what_a_person_states_hold_no_row_that_denies():
    for found in definitions().values():
        own = found.derived or found.by_holder or not found.has_items
        assert bool(found.negation_fields) is not bool(own)
        assert (("negations", None) in found.disclosures) is bool(found.negation_fields)


def test_only_what_a_person_states_is_signed_by_their_wallet():
    assert [name for name, found in definitions().items() if found.by_holder] == ["PatientStated"]


def test_refuted_and_mistaken_entries_can_never_be_issued():
    for found in definitions().values():
        if "verificationStatus" in found.unit_fields:
            refused = found.unit_fields["verificationStatus"].refused
            assert set(refused) == {"refuted", "entered-in-error"}


def test_every_state_says_which_items_it_allows():
    assert {name: state.items for name, state in states().items()} == {
        "items": StateItems.SOME,
        "none_known": StateItems.NONE,
        "no_information": StateItems.PAST,
        "not_recorded": StateItems.NONE,
        "withheld": StateItems.NONE,
        "narrative_only": StateItems.NONE,
        "only_inactive": StateItems.PAST,
    }


def test_no_state_but_none_known_can_be_read_as_none():
    for name, state in states().items():
        words = {label.patient.lower() for label in state.labels.values()}
        assert (name == "none_known") == bool(words & {"none known", "none", "no"})


def change(part, **members):
    """The definition's file with its first field of ``part`` changed; None takes a member out."""
    changed = row()
    field = next(f for f in changed["fields"] if f["class"] == part)
    field.update(members)
    for name in [name for name, value in members.items() if value is None]:
        del field[name]
    return changed


ONLY_ENGLISH = {"en": {"patient": "Name", "clinical": "Name"}}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (change("unit", **{"class": "optional"}), "unknown disclosure class"),
        (change("unit", **{"class": "Unit"}), "unknown disclosure class"),
        (change("unit", type="string"), "unknown type"),
        (change("unit", fhir={"r4": "code"}), "no FHIR source"),
        (change("unit", fhir={"r4": "code", "stu3": ""}), "no FHIR source"),
        (change("unit", meaning=""), "no meaning"),
        (change("unit", labels=ONLY_ENGLISH), "no label"),
        (
            change("unit", labels=ONLY_ENGLISH | {"cy": {"patient": "Enw"}}),
            "no label",
        ),
        (change("unit", name="coding"), "stands twice"),
        (change("always", name="itemCount"), "stand twice"),
        (change("always", name="nhsNumber"), "stand twice"),
        (row() | {"consent": {"en": "Share it."}}, "no words"),
        (row() | {"labels": ONLY_ENGLISH}, "no label"),
    ],
)
def test_a_definition_that_is_not_whole_fails_at_once(wrong, words):
    with pytest.raises(ValueError, match=words):
        build(wrong, common())


@pytest.mark.parametrize("missing", ["name", "class", "type", "meaning", "fhir", "labels"])
def test_a_field_without_a_part_fails_at_once(missing):
    with pytest.raises(KeyError, match=missing):
        build(change("field", **{missing: None}), common())


def test_a_new_type_needs_one_file_and_no_code():
    fields = [f for f in row()["fields"] if f["name"] in ("text", "coding", "onset")]
    found = build(
        row() | {"type": "DeviceImplant", "fields": fields, "order": 60, "inactive": {}}, common()
    )
    assert found.vct == "https://passport.example/vct/DeviceImplant/1"
    assert ("items", None, "onset") in found.disclosures
    assert ("items", None, "text") not in found.disclosures


def test_every_shape_is_valid_json_schema():
    Draft202012Validator.check_schema({"$defs": dict(types())})


def test_every_pattern_is_anchored():
    text = [shape["pattern"] for shape in types().values() if "pattern" in shape]
    assert text
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in text)


def test_every_shape_states_its_type_first():
    for name, shape in types().items():
        assert next(key for key in shape if key != "description") == "type", name


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(0, 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("name", list(types()))
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_our_reading_of_a_shape_agrees_with_a_json_schema_validator(name, data):
    shape = {"$ref": f"#/$defs/{name}"}
    validator = Draft202012Validator({**shape, "$defs": dict(types())})
    value = data.draw(values(shape) | JSON_VALUES)
    if isinstance(value, float) and value.is_integer():
        return  # JSON Schema takes 1.0 for an integer; we do not
    assert fits(value, shape) == validator.is_valid(value)


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_what_a_shape_draws_fits_it(data):
    name = data.draw(st.sampled_from(sorted(types())))
    assert fits(data.draw(values(types()[name])), types()[name])


def test_a_keyword_that_nobody_checks_fails():
    with pytest.raises(KeyError):
        fits("x", {"type": "string", "format": "date"})
