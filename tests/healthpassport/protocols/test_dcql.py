"""DCQL: reading queries, matching held records, checking answers (OpenID4VP 1.0, 6 and 7)."""

from __future__ import annotations

import json
from contextlib import suppress

import jsonschema
import pytest
from dcql_examples import CLAIMS, credential, one_claim, query
from hypothesis import given
from hypothesis import strategies as st
from shared_inputs import shared

from healthpassport.encoding import parse_json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.dcql import (
    Query,
    covers,
    dotted,
    select,
    without,
)
from schemas.queries import request_query, templates

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
