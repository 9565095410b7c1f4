"""Request templates and the queries made from them, on the rules of protocols.md."""

import json
from itertools import pairwise

import pytest
from jsonschema import Draft7Validator
from reading import too_hard
from shared_inputs import shared

import schemas
from healthpassport.formats.sd_jwt import second_signature
from healthpassport.protocols.dcql.query import MAX_SETS, Query
from schemas.definitions import FORMAT_MEMBERS, SECOND_SIGNATURE
from schemas.queries import (
    IDENTITIES,
    claim_paths,
    claim_sets,
    purposes,
    read_template,
    registered_claims,
    request_query,
    templates,
)

NAMES = sorted(templates())
SECTIONS = [
    pytest.param(section, id=f"{name}-{section.id}")
    for name in NAMES
    for section in templates()[name].sections
]


def queries():
    return [c for name in NAMES for c in request_query(templates()[name])["credentials"]]


def test_the_purposes_are_the_closed_list_of_direct_care():
    assert set(purposes()) == {
        "emergency",
        "planned_admission",
        "medicines_check",
        "pharmacy",
        "ambulance",
        "new_patient",
        "community",
        "mental_health",
    }


@pytest.mark.parametrize(
    "word",
    [
        "research",
        "training",
        "insurance",
        "employment",
        "benefits",
        "immigration",
        "police",
        "market",
    ],
)
def test_no_purpose_is_anything_but_care(word):
    assert word not in json.dumps(schemas.load("requests/purposes.json")).lower()


def test_the_templates_are_those_of_the_issue():
    assert NAMES == [
        "ambulance",
        "community",
        "emergency_admission",
        "emergency_summary",
        "medicines_check",
        "mental_health",
        "new_patient",
        "pharmacy",
        "planned_admission",
        "recent_tests",
    ]


def test_every_purpose_has_a_template_and_so_can_be_registered():
    assert {template.purpose.id for template in templates().values()} == set(purposes())


@pytest.mark.parametrize("name", NAMES)
def test_a_template_asks_for_allergies_and_who_the_person_is(name):
    kinds = [section.definition.type for section in templates()[name].sections]
    assert kinds[0] == "PatientIdentity"
    assert "AllergySummary" in kinds


def test_where_a_person_lives_is_asked_only_by_those_who_go_or_write_there():
    asking = {
        name
        for name in NAMES
        for section in templates()[name].sections
        if {"addressLines", "postcode"} & set(section.optional)
    }
    assert asking == {"community", "new_patient"}


@pytest.mark.parametrize("name", NAMES)
def test_patients_can_read_what_a_template_is_called_and_why_it_asks(name):
    template = templates()[name]
    for text in (
        template.labels["en"].patient,
        template.purpose.reason["en"],
        template.purpose.retention["en"],
    ):
        assert not too_hard(text)
    assert template.labels["cy"].patient != template.labels["en"].patient


@pytest.mark.parametrize("name", NAMES)
def test_a_query_fits_the_published_schema(name):
    published = json.loads(
        shared("vectors", "oidf-schemas", "dcql_request.json").read_text("utf-8")
    )
    Draft7Validator(published).validate(request_query(templates()[name]))


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_read_by_our_own_strict_reader(name):
    query = Query.parse(request_query(templates()[name]))
    assert [c.id for c in query.credentials] == [s.id for s in templates()[name].sections]


@pytest.mark.parametrize("name", NAMES)
def test_each_section_can_be_left_out_alone(name):
    template = templates()[name]
    assert request_query(template)["credential_sets"] == [
        {"options": [[section.id]], "required": section.required} for section in template.sections
    ]


def test_only_what_a_request_is_about_is_required():
    required = {
        name: [section.id for section in templates()[name].sections if section.required]
        for name in NAMES
    }
    assert {name: ids for name, ids in required.items() if ids} == {
        "medicines_check": ["medications"],
        "recent_tests": ["results"],
    }


def test_whoever_asks_for_what_a_person_states_asks_for_who_they_are_by_others_words():
    for template in templates().values():
        kinds = [section.definition for section in template.sections]
        assert not any(kind.by_holder for kind in kinds) or "PatientIdentity" in [
            kind.type for kind in kinds
        ]


def test_no_query_names_an_array_itself_or_an_index():
    for credential in queries():
        for claim in credential["claims"]:
            assert claim["path"] not in (["items"], ["items", None], ["negations", None])
            assert not any(isinstance(step, int) for step in claim["path"])


def test_no_query_asks_for_a_value_or_for_what_is_always_shown():
    for credential in queries():
        assert all(claim.keys() == {"id", "path"} for claim in credential["claims"])
        names = {claim["path"][0] for claim in credential["claims"]}
        assert not names & {"state", "itemCount", "asOf", "source", "warnings", "window", "vct"}


@pytest.mark.parametrize("section", SECTIONS)
def test_for_each_identity_the_sets_go_from_all_to_identity_alone(section):
    sets = claim_sets(section)
    assert len(set(sets)) == len(sets)
    assert sets[0] == (
        *IDENTITIES[0],
        *(("unit",) if section.definition.has_items else ()),
        *section.optional,
    )
    length = len(sets) // len(IDENTITIES)
    for number, who in enumerate(IDENTITIES):
        block = sets[number * length : (number + 1) * length]
        assert all(names[: len(who)] == who for names in block)
        mine = [set(names) - set(who) for names in block]
        assert mine[-1] == set()
        assert all(len(first) >= len(second) for first, second in pairwise(mine))
        assert {frozenset(names & set(section.optional)) for names in mine} >= {
            frozenset(),
            frozenset(section.optional),
        }


@pytest.mark.parametrize("section", SECTIONS)
def test_every_choice_of_optional_fields_has_its_set(section):
    sets = {frozenset(names) for names in claim_sets(section)}
    assert len(sets) == len(claim_sets(section))
    unit = {"unit"} if section.definition.has_items else set()
    for left_out in section.optional:
        kept = set(section.optional) - {left_out}
        assert frozenset({*IDENTITIES[0], *unit, *kept}) in sets


def test_fields_of_items_are_never_asked_for_without_their_unit():
    for credential in queries():
        fields = {c["id"] for c in credential["claims"] if c["path"][0] == "items"} - {"unit"}
        for names in credential["claim_sets"]:
            assert "unit" in names or not fields & set(names)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_row_of_negation_can_be_shared_where_there_is_no_item(section):
    if "negations" in section.optional:
        assert (*IDENTITIES[0], "negations") in claim_sets(section)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_record_without_an_nhs_number_can_still_be_shared(section):
    sets = claim_sets(section)
    assert IDENTITIES[1] in sets
    assert sets[-1] == ("nhsNumber",)


def test_claim_paths_never_reach_what_is_not_a_disclosure():
    for section in templates()["emergency_admission"].sections:
        hidden = set(section.definition.disclosures)
        for path in claim_paths(section.definition).values():
            assert path in hidden or path[:2] in hidden


def test_a_verifier_registers_for_what_its_template_asks():
    assert registered_claims(templates()["medicines_check"])["AllergySummary"] == [
        "nhsNumber",
        "familyName",
        "givenNames",
        "birthDate",
        "items.unit",
        "items.onset",
        "negations.unit",
    ]


def template(**changes):
    labels = {lang: {"patient": "Check", "clinical": "Check"} for lang in ("en", "cy")}
    section = {"id": "allergies", "record": "AllergySummary", "optional": ["onset"]}
    whole = {"id": "check", "purpose": "emergency", "labels": labels, "sections": [section]}
    for name, value in changes.items():
        if name in section:
            whole["sections"] = [section | {name: value}]
        else:
            whole[name] = value
    return whole


def test_the_template_of_these_tests_is_read():
    assert read_template(template()).sections[0].optional == ("onset",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purpose": "research"}, "unknown purpose"),
        ({"purpose": "Emergency"}, "unknown purpose"),
        ({"record": "DentalSummary"}, "unknown record type"),
        ({"optional": ["dose"]}, "no optional fields"),
        ({"optional": ["unit"]}, "no optional fields"),
        ({"optional": ["items"]}, "no optional fields"),
        ({"optional": ["familyName"]}, "no optional fields"),
        ({"optional": ["itemCount"]}, "no optional fields"),
        ({"optional": ["onset", "onset"]}, "each once"),
        ({"sections": []}, "at least one"),
        ({"sections": [template()["sections"][0]] * 2}, "stands once"),
        ({"labels": {"en": {"patient": "Check", "clinical": "Check"}}}, "no label"),
    ],
)
def test_a_template_that_is_not_whole_fails_at_once(changes, words):
    with pytest.raises(ValueError, match=words):
        read_template(template(**changes))


def test_more_than_four_optional_fields_are_refused():
    fields = ["start", "repeats", "reason", "stopReason"]
    wanted = {"id": "m", "record": "MedicationSummary", "optional": fields}
    assert len(claim_sets(read_template(template(sections=[wanted])).sections[0])) == 85
    with pytest.raises(ValueError, match="at most 4"):
        read_template(template(sections=[wanted | {"optional": [*fields, "negations"]}]))


def strict_query(name="emergency_admission", formats=("dc+sd-jwt",)):
    return request_query(templates()[name], formats, second_signature=True)


@pytest.mark.parametrize("name", NAMES)
def test_who_requires_a_second_signature_asks_for_it_by_name_with_every_record(name):
    query = strict_query(name)
    assert Query.parse(query)
    assert query["credential_sets"] == request_query(templates()[name])["credential_sets"]
    plain = {c["id"]: c for c in request_query(templates()[name])["credentials"]}
    for credential in query["credentials"]:
        sets = plain[credential["id"]]["claim_sets"]
        if credential["id"] == "stated":  # no issuer signs it
            assert credential == plain["stated"]
            continue
        assert {"id": SECOND_SIGNATURE, "path": [SECOND_SIGNATURE]} in credential["claims"]
        assert credential["claim_sets"][: len(sets)] == [[*s, SECOND_SIGNATURE] for s in sets]


def test_a_record_without_a_second_signature_is_asked_for_nothing_but_who_it_is_about():
    for credential in strict_query()["credentials"][:-1]:
        without = [s for s in credential["claim_sets"] if SECOND_SIGNATURE not in s]
        assert without == [list(names) for names in IDENTITIES]


def test_a_format_without_second_signatures_is_asked_as_ever():
    query = strict_query("medicines_check", ("ldp_vc",))
    assert query == request_query(templates()["medicines_check"], ("ldp_vc",))


def test_the_largest_template_leaves_room_for_the_second_signature():
    fields = ["start", "repeats", "reason", "stopReason"]
    wanted = {"id": "m", "record": "MedicationSummary", "optional": fields}
    largest = read_template(template(sections=[wanted]))
    [credential] = request_query(largest, second_signature=True)["credentials"]
    assert len(credential["claim_sets"]) == 90 <= MAX_SETS


def test_the_claim_is_called_the_same_in_the_format_and_in_queries():
    assert SECOND_SIGNATURE == second_signature.CLAIM
    assert SECOND_SIGNATURE in FORMAT_MEMBERS
