"""What a conforming wallet can answer to our templates, for each kind of record it may hold."""

import pytest
from record_examples import LATEX, NO_ALLERGIES, SUBJECT, allergies, identity, medicines

from healthpassport.encoding import dump_json, parse_json_object
from healthpassport.protocols.dcql.matching import HeldClaims, match
from healthpassport.protocols.dcql.query import Query
from healthpassport.summary import Item, SectionState, to_payload
from schemas.queries import IDENTITIES, request_query, templates

WHO = IDENTITIES[0]
BARE = Item(LATEX.unit)
NARROW = Item({"text": "No known drug allergy", "kind": "negated"})


def query(name):
    return Query.parse(request_query(templates()[name]))


def held(record):
    payload = parse_json_object(dump_json(to_payload(record)))
    return HeldClaims(record.type, "dc+sd-jwt", payload["vct"], payload)


def first_choice(record, name="emergency_admission"):
    """The claim set that a wallet prefers for ``record``, or None where it may send nothing."""
    found = [m for matches in match(query(name), [held(record)]).matches.values() for m in matches]
    return found[0].options[0].claim_ids if found else None


def without(*names):
    return {name: value for name, value in SUBJECT.items() if name not in names}


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        pytest.param(allergies(), (*WHO, "unit", "onset"), id="items"),
        pytest.param(
            allergies(negations=(NARROW,)),
            (*WHO, "unit", "onset", "negations"),
            id="items beside a narrower negation",
        ),
        pytest.param(allergies(items=(BARE,)), (*WHO, "unit"), id="no optional field"),
        pytest.param(
            allergies(items=(BARE, LATEX)), (*WHO, "unit", "onset"), id="the field in one of two"
        ),
        pytest.param(
            allergies(state=SectionState.NONE_KNOWN, items=(), negations=(NO_ALLERGIES,)),
            (*WHO, "negations"),
            id="none known, in a row",
        ),
        pytest.param(
            allergies(state=SectionState.NONE_KNOWN, items=()), WHO, id="none known, without a row"
        ),
        pytest.param(
            allergies(state=SectionState.NO_INFORMATION, items=(), negations=(NARROW,)),
            (*WHO, "negations"),
            id="no information",
        ),
        pytest.param(allergies(state=SectionState.WITHHELD, items=()), WHO, id="withheld"),
        pytest.param(
            allergies(subject=without("nhsNumber")),
            (*IDENTITIES[2], "unit", "onset"),
            id="no NHS number",
        ),
        pytest.param(
            allergies(subject=without("birthDate")),
            (*IDENTITIES[4], "unit", "onset"),
            id="an NHS number and no birth date",
        ),
        pytest.param(
            allergies(subject=without("nhsNumber", "givenNames")),
            (*IDENTITIES[3], "unit", "onset"),
            id="no NHS number and no given names",
        ),
        pytest.param(medicines("current"), (*WHO, "unit"), id="medicines"),
        pytest.param(identity(), (*WHO, "gender"), id="identity"),
        pytest.param(identity(subject=SUBJECT), WHO, id="identity alone"),
    ],
)
def test_a_wallet_prefers_the_fullest_set_that_its_record_holds(record, wanted):
    assert first_choice(record) == wanted


@pytest.mark.parametrize("missing", ["familyName", "birthDate"])
def test_a_record_that_nobody_could_match_is_not_shared(missing):
    assert first_choice(allergies(subject=without("nhsNumber", missing))) is None


def test_unticking_all_but_identity_still_answers():
    options = match(query("emergency_admission"), [held(allergies())]).matches["allergies"]
    assert WHO in [option.claim_ids for option in options[0].options]


def test_a_wallet_with_one_record_answers_an_emergency_with_it():
    assert match(query("emergency_admission"), [held(allergies())]).answer == ("allergies",)


def test_a_medicines_check_cannot_be_answered_without_medicines():
    wanted = query("medicines_check")
    assert match(wanted, [held(allergies())]).answer is None
    found = match(wanted, [held(allergies()), held(medicines("current"))]).answer
    assert set(found) == {"allergies", "medications"}


def test_every_item_goes_out_whole_or_not_at_all():
    found = match(query("emergency_admission"), [held(allergies())]).matches["allergies"][0]
    for option in found.options:
        fields = {
            place[:2] for place in option.places if place[0] == "items" and place[2] != "unit"
        }
        units = {place[:2] for place in option.places if place[0] == "items" and place[2] == "unit"}
        assert fields <= units
