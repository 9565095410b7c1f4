"""Asking for W3C credentials (OpenID4VP 1.0 appendix B.1): types by set, paths from the top."""

import pytest
from dcql_examples import FULL, VCT, credential, query

from healthpassport.errors import ProtocolError
from healthpassport.protocols.dcql import Answer, HeldClaims, Query, check_answer, match
from healthpassport.protocols.dcql.query import BASE_TYPE
from healthpassport.requests import over_asked

CLAIMS = [
    {"id": "fam", "path": ["credentialSubject", "familyName"]},
    {"id": "it", "path": ["credentialSubject", "items", None, "unit"]},
]
DOCUMENT = {
    "type": ["VerifiableCredential", "AllergySummaryCredential"],
    "credentialSubject": {name: value for name, value in FULL.items() if name != "vct"},
}


def asked(*sets, **changes):
    meta = {"type_values": [list(names) for names in sets or ((BASE_TYPE, VCT),)]}
    row = {"format": "ldp_vc", "meta": meta, "claims": CLAIMS, "claim_sets": ...} | changes
    return query(credential(**row))


def held(format_="ldp_vc", vct=VCT):
    return HeldClaims("a", format_, vct, DOCUMENT)


@pytest.mark.parametrize("names", [(BASE_TYPE, VCT), (VCT,), (BASE_TYPE,)])
def test_a_record_answers_where_it_has_every_type_of_a_set(names):
    assert match(Query.parse(asked(names)), [held()]).satisfiable


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(held(vct="https://passport.example/vct/Other/1"), id="another type"),
        pytest.param(held(format_="dc+sd-jwt"), id="another family"),
    ],
)
def test_no_other_record_answers(record):
    assert not match(Query.parse(asked()), [record]).satisfiable


def test_a_set_with_a_type_more_is_not_met():
    names = (BASE_TYPE, VCT, "https://passport.example/vct/Other/1")
    assert not match(Query.parse(asked(names)), [held()]).satisfiable
    assert match(Query.parse(asked(names, (VCT,))), [held()]).satisfiable


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({}, id="no type_values"),
        pytest.param({"vct_values": [VCT]}, id="the other family's word"),
        pytest.param({"type_values": []}, id="no set"),
        pytest.param({"type_values": [[]]}, id="an empty set"),
        pytest.param({"type_values": [VCT]}, id="no sets but names"),
        pytest.param({"type_values": [[1]]}, id="a number"),
    ],
)
def test_a_query_for_just_any_w3c_credential_is_refused(meta):
    with pytest.raises(ProtocolError, match=r"^dcql\.invalid"):
        Query.parse(asked(meta=meta))


def test_an_answer_is_checked_by_the_same_types():
    answer = Answer("ldp_vc", VCT, DOCUMENT)
    found = check_answer(Query.parse(asked()), {"allergies": [answer]})
    assert found["allergies"][0].claim_ids == ("fam", "it")
    with pytest.raises(ProtocolError, match=r"^dcql\.type_mismatch"):
        check_answer(
            Query.parse(asked(("https://passport.example/vct/Other/1",))), {"allergies": [answer]}
        )


def test_what_may_be_asked_is_registered_once_for_both_families():
    allowed = {"AllergySummary": frozenset({"familyName", "items.unit"})}
    assert over_asked(Query.parse(asked()), allowed) == ()
    assert over_asked(Query.parse(asked()), {}) == (
        "AllergySummary",
        "AllergySummary.familyName",
        "AllergySummary.items.unit",
    )
