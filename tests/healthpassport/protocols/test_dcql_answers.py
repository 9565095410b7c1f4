"""DCQL for wallets and verifiers: which records match, and which answers are taken."""

from __future__ import annotations

import pytest
from dcql_examples import FULL, IDENTITY, ITEMS, VCT, answer, credential, held, one_claim, query
from shared_inputs import shared

from healthpassport.encoding import parse_json
from healthpassport.errors import ProtocolError
from healthpassport.protocols.dcql import (
    Query,
    check_answer,
    match,
)

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
