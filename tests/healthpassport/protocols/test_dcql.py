"""DCQL: reading queries, matching held records, checking answers (OpenID4VP 1.0, 6 and 7)."""

from __future__ import annotations

import json
from contextlib import suppress

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport.encoding import parse_json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.dcql import (
    Answer,
    HeldClaims,
    Query,
    check_answer,
    covers,
    dotted,
    match,
    select,
    without,
)
from schemas.queries import request_query, templates

VCT = "https://passport.example/vct/AllergySummary/1"
IDENTITY = {
    "nhsNumber": {"value": "9990000018"},
    "familyName": "Example",
    "givenNames": ["Given"],
    "birthDate": "1958-07-14",
}
ITEMS = [
    {"unit": {"text": "Penicillin"}, "onset": "2001"},
    {"unit": {"text": "Latex"}},
]
FULL = {"vct": VCT, "state": "items", "itemCount": 2, **IDENTITY, "items": ITEMS}
CLAIMS = [
    {"id": "nhs", "path": ["nhsNumber"]},
    {"id": "fam", "path": ["familyName"]},
    {"id": "it", "path": ["items", None, "unit"]},
    {"id": "on", "path": ["items", None, "onset"]},
]
SETS = [["nhs", "fam", "it", "on"], ["nhs", "fam", "it"], ["nhs", "fam"]]


def credential(**changes):
    row = {
        "id": "allergies",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [VCT]},
        "claims": CLAIMS,
        "claim_sets": SETS,
    }
    row |= changes
    return {name: value for name, value in row.items() if value is not ...}


def query(*credentials, **members):
    return {"credentials": list(credentials or [credential()]), **members}


def held(payload=FULL, reference="a", vct=VCT, **more):
    return HeldClaims(reference, "dc+sd-jwt", vct, payload, **more)


def answer(payload=FULL, disclosed=(), **changes):
    parts = {"format": "dc+sd-jwt", "vct": VCT, "payload": payload} | changes
    return Answer(disclosed=frozenset(disclosed), **parts)


# -- reading --------------------------------------------------------------------------------

PUBLISHED = [
    "claims_alternatives",
    "complex_mdoc",
    "credentials_alternatives",
    "multi_credentials",
    "simple",
    "simple_mdoc",
    "value_matching_simple",
]


@pytest.mark.shared
@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_query_is_read(name, version):
    path = shared("vectors", "openid4vp", version, "query_lang", f"{name}.json")
    value = parse_json(path.read_bytes())
    parsed = Query.parse(value)
    assert [c.id for c in parsed.credentials] == [c["id"] for c in value["credentials"]]


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(templates()))
def test_our_own_queries_fit_the_schema_of_the_certification_suite(name):
    schema = json.loads(shared("vectors", "oidf-schemas", "dcql_request.json").read_text())
    jsonschema.validate(request_query(templates()[name]), schema)


REFUSED = [
    ("not an object", [], "dcql.invalid"),
    ("no credentials", {}, "dcql.invalid"),
    ("empty credentials", {"credentials": []}, "dcql.invalid"),
    ("credentials as object", {"credentials": {}}, "dcql.invalid"),
    ("a credential as text", {"credentials": ["x"]}, "dcql.invalid"),
    ("no id", query(credential(id=...)), "dcql.invalid"),
    ("empty id", query(credential(id="")), "dcql.invalid"),
    ("id with a dot", query(credential(id="a.b")), "dcql.invalid"),
    ("id with a newline", query(credential(id="a\n")), "dcql.invalid"),
    ("id as number", query(credential(id=1)), "dcql.invalid"),
    ("same id twice", query(credential(), credential()), "dcql.duplicate_id"),
    ("no format", query(credential(format=...)), "dcql.invalid"),
    ("no meta", query(credential(meta=...)), "dcql.invalid"),
    ("no vct", query(credential(meta={})), "dcql.invalid"),
    ("no vct values", query(credential(meta={"vct_values": []})), "dcql.invalid"),
    ("vct as number", query(credential(meta={"vct_values": [1]})), "dcql.invalid"),
    ("empty claims", query(credential(claims=[], claim_sets=...)), "dcql.invalid"),
    ("claims as null", query(credential(claims=None, claim_sets=...)), "dcql.invalid"),
    ("sets without claims", query(credential(claims=...)), "dcql.invalid"),
    ("empty claim_sets", query(credential(claim_sets=[])), "dcql.invalid"),
    ("an empty claim set", query(credential(claim_sets=[[]])), "dcql.invalid"),
    ("an unknown claim", query(credential(claim_sets=[["zip"]])), "dcql.reference"),
    ("claim without id", query(credential(claims=[{"path": ["a"]}])), "dcql.invalid"),
    ("multiple as text", query(credential(multiple="yes")), "dcql.invalid"),
    (
        "holder binding as 0",
        query(credential(require_cryptographic_holder_binding=0)),
        "dcql.invalid",
    ),
    ("empty authorities", query(credential(trusted_authorities=[])), "dcql.invalid"),
    ("unknown option", query(credential_sets=[{"options": [["x"]]}]), "dcql.reference"),
    ("empty options", query(credential_sets=[{"options": []}]), "dcql.invalid"),
    ("an empty option", query(credential_sets=[{"options": [[]]}]), "dcql.invalid"),
    ("empty sets", query(credential_sets=[]), "dcql.invalid"),
    (
        "required as text",
        query(credential_sets=[{"options": [["allergies"]], "required": "no"}]),
        "dcql.invalid",
    ),
]


@pytest.mark.parametrize(("value", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_malformed_query_is_refused(value, code):
    with pytest.raises(ProtocolError) as caught:
        Query.parse(value)
    assert caught.value.code == code


def one_claim(**claim):
    return query(credential(claims=[{"id": "c", "path": ["a"], **claim}], claim_sets=...))


PATHOLOGIES = [
    ("ten thousand claims", query(credential(claims=CLAIMS * 2500, claim_sets=...)), "dcql.limit"),
    ("a path of depth 1000", one_claim(path=["a"] * 1000), "dcql.limit"),
    ("a negative index", one_claim(path=["a", -1]), "dcql.path"),
    ("an empty path", one_claim(path=[]), "dcql.path"),
    ("a path as text", one_claim(path="a"), "dcql.path"),
    ("true as index", one_claim(path=["a", True]), "dcql.path"),
    ("half an index", one_claim(path=["a", 0.5]), "dcql.path"),
    ("an empty name", one_claim(path=[""]), "dcql.path"),
    ("an object as component", one_claim(path=[{}]), "dcql.path"),
    ("the same claim id twice", query(credential(claims=CLAIMS[:1] * 2)), "dcql.duplicate_id"),
    ("33 credentials", query(*[credential(id=f"c{i}") for i in range(33)]), "dcql.limit"),
    ("129 claim sets", query(credential(claim_sets=[["nhs"]] * 129)), "dcql.limit"),
    ("values as null", one_claim(values=[None]), "dcql.invalid"),
    ("values as fraction", one_claim(values=[1.5]), "dcql.invalid"),
    ("no values", one_claim(values=[]), "dcql.invalid"),
]


@pytest.mark.parametrize(
    ("value", "code"), [r[1:] for r in PATHOLOGIES], ids=[r[0] for r in PATHOLOGIES]
)
def test_vpq_028_a_pathological_path_or_size_is_refused(value, code):
    with pytest.raises(ProtocolError) as caught:
        Query.parse(value)
    assert caught.value.code == code


def test_properties_that_the_specification_does_not_define_are_ignored():
    row = credential(purpose="x", claims=[{"path": ["a"], "intent_to_retain": True}])
    del row["claim_sets"]
    parsed = Query.parse({"credentials": [row], "extra": 1})
    assert parsed.credentials[0].claims[0].path == ("a",)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["credentials", "id", "claims", "path"]), inner)
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_json_is_read_or_refused_by_name(value):
    with suppress(ProtocolError):
        assert Query.parse(value).credentials


# -- paths ----------------------------------------------------------------------------------

DOCUMENT = {
    "name": "A",
    "address": {"street": "S", "codes": ["1", "2"]},
    "degrees": [{"type": "B"}, {"type": "M", "year": 2}],
    "nations": ["x", "y"],
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (("name",), ["A"]),
        (("address", "street"), ["S"]),
        (("degrees", None, "type"), ["B", "M"]),
        (("degrees", None, "year"), [2]),
        (("degrees", 1, "type"), ["M"]),
        (("address", "codes", None), ["1", "2"]),
        (("nations", 5), []),
        (("nations", None, "x"), []),
        (("name", "x"), []),
        (("name", 0), []),
        (("address", None), []),
        (("address", 0), []),
        (("missing",), []),
        (("degrees", "type"), []),
    ],
)
def test_a_path_selects_as_section_7_1_says(path, values):
    assert [value for _, value in select(DOCUMENT, path)] == values


@pytest.mark.parametrize(
    ("path", "place", "served"),
    [
        (("items", None, "unit"), ("items", 0), True),
        (("items", None, "unit"), ("items", 3, "unit", "text"), True),
        (("items", None, "unit"), ("items", 0, "onset"), False),
        (("items", 1), ("items", 0), False),
        (("nhsNumber",), ("nhsNumber",), True),
        (("nhsNumber",), ("birthDate",), False),
    ],
)
def test_a_disclosure_serves_a_path_on_the_way_to_it(path, place, served):
    assert covers(path, place) is served


def test_taking_an_element_out_closes_the_gap():
    cut = without({"items": [1, 2, 3], "a": {"b": 1, "c": 2}}, [("items", 1), ("a", "b")])
    assert cut == {"items": [1, 3], "a": {"c": 2}}


def test_a_path_is_written_with_dots_and_without_null():
    assert dotted(("items", None, "unit")) == "items.unit"


# -- matching -------------------------------------------------------------------------------


def test_the_first_claim_set_that_fits_is_preferred():
    selection = match(Query.parse(query()), [held()])
    option = selection.matches["allergies"][0].options[0]
    assert option.claim_ids == ("nhs", "fam", "it", "on")
    assert ("items", 0, "onset") in option.places
    assert ("items", 1, "unit") in option.places


def test_a_record_without_an_optional_field_still_answers():
    bare = FULL | {"items": [{"unit": {"text": "Latex"}}]}
    selection = match(Query.parse(query()), [held(bare)])
    assert selection.matches["allergies"][0].options[0].claim_ids == ("nhs", "fam", "it")


def test_everything_unticked_but_identity_still_answers():
    selection = match(Query.parse(query()), [held({"vct": VCT, **IDENTITY})])
    assert selection.matches["allergies"][0].options[0].claim_ids == ("nhs", "fam")
    assert selection.satisfiable


def test_without_claim_sets_one_missing_claim_withholds_the_record():
    asked = Query.parse(query(credential(claim_sets=...)))
    bare = FULL | {"items": [{"unit": {"text": "Latex"}}]}
    assert match(asked, [held(bare)]).answer is None


def test_vpq_019_without_claims_only_what_is_always_shown_goes_out():
    asked = Query.parse(query(credential(claims=..., claim_sets=...)))
    option = match(asked, [held()]).matches["allergies"][0].options[0]
    assert option.places == frozenset()


def test_vpq_028_null_on_an_object_matches_nothing():
    asked = Query.parse(one_claim(path=["nhsNumber", None]))
    assert match(asked, [held()]).answer is None


def test_vpq_021_a_required_set_that_cannot_be_met_forbids_any_answer():
    other = credential(id="other", meta={"vct_values": ["https://x.example/other"]})
    sets = [{"options": [["allergies"]], "required": False}, {"options": [["other"]]}]
    selection = match(Query.parse(query(credential(), other, credential_sets=sets)), [held()])
    assert selection.answer is None
    assert not selection.satisfiable


def test_vpq_022_an_optional_set_that_cannot_be_met_is_left_out():
    other = credential(id="other", meta={"vct_values": ["https://x.example/other"]})
    sets = [{"options": [["allergies"]]}, {"options": [["other"]], "required": False}]
    asked = Query.parse(query(credential(), other, credential_sets=sets))
    assert match(asked, [held()]).answer == ("allergies",)


def test_nothing_at_all_to_send_is_no_answer_even_where_all_is_optional():
    asked = Query.parse(query(credential_sets=[{"options": [["allergies"]], "required": False}]))
    selection = match(asked, [])
    assert selection.answer == ()
    assert not selection.satisfiable


@pytest.mark.parametrize(
    ("values", "fits"),
    [(["Example"], True), (["Other", "Example"], True), (["example"], False), ([1, True], False)],
)
def test_a_value_matches_in_type_and_value(values, fits):
    claims = [{"path": ["familyName"], "values": values}]
    asked = Query.parse(query(credential(claims=claims, claim_sets=...)))
    assert match(asked, [held()]).satisfiable is fits


def test_true_is_not_the_number_one():
    claims = [{"path": ["flag"], "values": [1]}]
    asked = Query.parse(query(credential(claims=claims, claim_sets=...)))
    assert not match(asked, [held({"flag": True})]).satisfiable


@pytest.mark.parametrize(
    ("authority", "fits"),
    [
        ({"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}, True),
        ({"type": "aki", "values": ["other"]}, False),
        ({"type": "etsi_tl", "values": ["https://lotl.example"]}, False),
    ],
)
def test_a_trusted_authority_narrows_the_records(authority, fits):
    asked = Query.parse(query(credential(trusted_authorities=[authority])))
    own = held(authority_key_ids=frozenset({"s9tIpPmhxdiuNkHMEWNpYim8S8Y"}))
    assert match(asked, [own]).satisfiable is fits


@pytest.mark.shared
def test_the_published_example_of_alternatives_prefers_the_first_option():
    path = shared("vectors", "openid4vp", "1.0", "query_lang", "credentials_alternatives.json")
    asked = Query.parse(parse_json(path.read_bytes()))
    assert asked.answerable(frozenset({"other_pid", "pid_reduced_cred_1"})) == ("other_pid",)
    both = frozenset({"pid_reduced_cred_1", "pid_reduced_cred_2", "nice_to_have"})
    assert asked.answerable(both) == (*sorted(both - {"nice_to_have"}), "nice_to_have")
    assert asked.answerable(frozenset({"pid_reduced_cred_1"})) is None


# -- answers --------------------------------------------------------------------------------


def refusal(asked, answers):
    with pytest.raises(ProtocolError) as caught:
        check_answer(Query.parse(asked), answers)
    return caught.value.code


def test_an_answer_that_meets_the_fullest_set_says_so():
    checked = check_answer(Query.parse(query()), {"allergies": [answer()]})
    assert checked["allergies"][0].claim_ids == ("nhs", "fam", "it", "on")
    assert checked["allergies"][0].payload == FULL


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"other": [answer()]}, id="vpr-006-unknown"),
        pytest.param({}, id="vpr-006-missing"),
        pytest.param({"allergies": [answer()], "extra": [answer()]}, id="vpr-006-extra"),
    ],
)
def test_ids_that_were_not_asked_for_are_refused(answers):
    assert refusal(query(), answers) == "dcql.unknown_id"


@pytest.mark.parametrize("count", [0, 2])
def test_one_presentation_is_expected_for_each_id(count):
    assert refusal(query(), {"allergies": [answer()] * count}) == "dcql.multiple"


def test_several_presentations_are_taken_where_asked_for():
    asked = Query.parse(query(credential(multiple=True)))
    assert len(check_answer(asked, {"allergies": [answer(), answer()]})["allergies"]) == 2


def test_vpr_008_the_smallest_claim_set_must_be_met():
    payload = {"vct": VCT, "familyName": "Example", "items": ITEMS}
    assert refusal(query(), {"allergies": [answer(payload)]}) == "dcql.claim_missing"


def test_vpr_009_another_value_than_asked_for_is_refused():
    asked = query(credential(claims=[{"path": ["familyName"], "values": ["X"]}], claim_sets=...))
    assert refusal(asked, {"allergies": [answer()]}) == "dcql.value_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"vct": "https://passport.example/vct/Other/1"}, id="vpr-010-vct"),
        pytest.param({"format": "jwt_vc_json"}, id="vpr-010-format"),
    ],
)
def test_another_type_or_format_is_refused(changes):
    assert refusal(query(), {"allergies": [answer(**changes)]}) == "dcql.type_mismatch"


def test_vpr_010_another_authority_is_refused():
    asked = query(credential(trusted_authorities=[{"type": "aki", "values": ["x"]}]))
    assert refusal(asked, {"allergies": [answer()]}) == "dcql.type_mismatch"


def test_vpr_011_what_was_not_asked_for_is_dropped():
    disclosed = [("nhsNumber",), ("familyName",), ("birthDate",), ("items", 0), ("items", 1)]
    checked = check_answer(Query.parse(query()), {"allergies": [answer(disclosed=disclosed)]})
    found = checked["allergies"][0]
    assert found.dropped == {("birthDate",)}
    assert "birthDate" not in found.payload
    assert found.payload["state"] == "items"


def test_vpr_012_only_optional_sets_met_is_refused():
    other = credential(id="other")
    sets = [{"options": [["other"]]}, {"options": [["allergies"]], "required": False}]
    asked = query(credential(), other, credential_sets=sets)
    assert refusal(asked, {"allergies": [answer()]}) == "dcql.set_unsatisfied"
