"""What a wallet asks and answers, against the specification's selection read to the letter."""

from __future__ import annotations

import random
from functools import cache

import dcql_by_the_book as book
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_examples import allergies, identity, medicines
from verification_world import NOW, SD_JWT, W3C, Surgery

from healthpassport.errors import PassportError
from healthpassport.formats import format_named
from healthpassport.keys import generate_signer
from healthpassport.keys.x509 import authority_key_ids
from healthpassport.protocols.dcql import Query
from healthpassport.requests import VerifiedRequest
from wallet.consent import HeldRecord, ask, chosen

KINDS = {
    "identity": identity,
    "allergies": allergies,
    "medicines": lambda: medicines("current"),
}
VCT = "https://passport.example/vct/{}/1"
TYPES = {
    "identity": VCT.format("PatientIdentity"),
    "allergies": VCT.format("AllergySummary"),
    "medicines": VCT.format("MedicationSummary"),
}


@cache
def record(kind, form, number):
    """One of two copies of a record, each from an issuer of its own."""
    surgery = Surgery(iss=f"https://surgery{number}.example", format=form)
    text = surgery.issue(KINDS[kind](), generate_signer())
    keys = authority_key_ids(format_named(form).parse(text).certificates())
    reference = f"{kind} {form} {number}"
    return HeldRecord(reference, form, format_named(form).open_held(text), reference, keys)


def raw(held):
    """The same record as the yardstick reads it."""
    return {
        "format": held.format,
        "type": str(held.held.payload["vct"]),
        "claims": plain(held.held.claims),
        "aki": sorted(held.authority_key_ids),
    }


def plain(value):
    if isinstance(value, dict) or hasattr(value, "items"):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return value


def request(query):
    return VerifiedRequest(
        client_id="x509_hash:" + "a" * 43,
        name="Example Hospital",
        ods="RX123",
        purpose="emergency",
        retention="Kept with your notes.",
        query=Query.parse(query),
        nonce="n" * 22,
        state="s",
        response_uri="https://desk.example/x",
        encryption_jwk={},
        encryption="A256GCM",
        over_asked=(),
        claims={},
        certificate_hash="a" * 43,
    )


def question(query, held, **more):
    return ask(
        request(query),
        question_id="q",
        records=held,
        unticked=(),
        language="en",
        now=NOW,
        **more,
    )


PATHS = [
    ["nhsNumber"],
    ["familyName"],
    ["birthDate"],
    ["gender"],
    ["state"],
    ["items", None, "unit"],
    ["items", None, "onset"],
    ["items", 0],
    ["items", 1, "onset"],
    ["items", 9],
    ["items", None, "unit", "text"],
    ["givenNames", 0],
    ["nhsNumber", None],
    ["nothing"],
]
VALUES = {"familyName": ["Example", "Other", 7], "state": ["items", True], "birthDate": [1958]}


@st.composite
def credential_queries(draw, name):
    kind = draw(st.sampled_from(sorted(KINDS)))
    form = draw(st.sampled_from([SD_JWT, SD_JWT, W3C]))
    kinds = {kind, draw(st.sampled_from(sorted(KINDS)))}
    types = sorted(TYPES[k] for k in kinds)
    start = ["credentialSubject"] if form == W3C else []
    query = {"id": name, "format": form, "meta": {"vct_values": types}}
    if form == W3C:
        query["meta"] = {"type_values": [[book.BASE, t] for t in types]}
    if draw(st.booleans()):
        query["multiple"] = draw(st.booleans())
    if draw(st.integers(0, 5)) == 0:
        own = record(kind, form, 1).authority_key_ids
        values = sorted(own) if draw(st.booleans()) and own else ["AAAA"]
        kinds_of = draw(st.sampled_from(["aki", "etsi_tl"]))
        query["trusted_authorities"] = [{"type": kinds_of, "values": values}]
    paths = draw(st.lists(st.sampled_from(PATHS), max_size=4, unique_by=str))
    if paths:
        query["claims"] = [{"id": f"c{i}", "path": [*start, *p]} for i, p in enumerate(paths)]
        for entry, path in zip(query["claims"], paths, strict=True):
            if path[0] in VALUES and draw(st.booleans()):
                chosen_values = draw(st.lists(st.sampled_from(VALUES[path[0]]), min_size=1))
                entry["values"] = chosen_values
        if draw(st.booleans()):
            ids = [entry["id"] for entry in query["claims"]]
            sets = st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True)
            query["claim_sets"] = draw(st.lists(sets, min_size=1, max_size=3))
    return query


@st.composite
def queries(draw):
    names = [f"q{i}" for i in range(draw(st.integers(1, 4)))]
    query = {"credentials": [draw(credential_queries(name)) for name in names]}
    if draw(st.booleans()):
        option = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
        entry = st.fixed_dictionaries(
            {"options": st.lists(option, min_size=1, max_size=3)},
            optional={"required": st.booleans()},
        )
        query["credential_sets"] = draw(st.lists(entry, min_size=1, max_size=3))
    return query


HELD = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from([SD_JWT, W3C]), st.integers(1, 2)),
    max_size=5,
    unique=True,
).map(lambda names: [record(*name) for name in names])


def every(asked):
    return [tick.number for tick in asked.ticks]


def sent(picked):
    """What goes out, by part of the query."""
    found = {}
    for one in picked:
        found.setdefault(one.query_id, []).append(one)
    return found


@settings(max_examples=150, deadline=None)
@given(query=queries(), held=HELD)
def test_all_ticked_is_what_the_verifier_would_like_best(query, held):
    rows = [raw(one) for one in held]
    best = book.preferred(query, rows)
    asked = question(query, held)
    assert asked.satisfiable == (best is not None)
    if best is None:
        with pytest.raises(PassportError, match=r"^wallet\.nothing_to_share: "):
            chosen(asked, every(asked))
        return
    found = sent(chosen(asked, every(asked)))
    assert frozenset(found) == best
    for wanted in query["credentials"]:
        for one in found.get(wanted["id"], ()):
            assert book.answers(wanted, raw(one.record))
            check_places(wanted, one)
        if not wanted.get("multiple", False):
            assert len(found.get(wanted["id"], [None])) == 1


def check_places(wanted, one):
    """Every disclosure that goes out holds, or stands in or around, a claim that was selected."""
    root = one.record.root
    selected = book.claims(wanted, plain(one.record.held.claims))[0]
    for place in one.places:
        whole = (*root, *place)
        near = [p for p in selected if p[: len(whole)] == whole or whole[: len(p)] == p]
        assert near, (place, selected)
    if "claims" not in wanted:
        assert one.places == frozenset()


@settings(max_examples=150, deadline=None)
@given(query=queries(), held=HELD, data=st.data())
def test_whatever_is_unticked_what_goes_out_may_be_answered(query, held, data):
    asked = question(query, held)
    numbers = data.draw(st.sets(st.sampled_from(every(asked)))) if asked.ticks else set()
    try:
        found = sent(chosen(asked, numbers))
    except PassportError as error:
        assert error.code in {"wallet.nothing_to_share", "consent.incomplete"}  # noqa: PT017
        return
    assert found
    assert frozenset(found) in book.permissible(query, [raw(one) for one in held])
    for wanted in query["credentials"]:
        for one in found.get(wanted["id"], ()):
            check_places_of_some_set(wanted, one)


def check_places_of_some_set(wanted, one):
    """What is left of the record meets one of the combinations asked for, whole.

    But for an index: elements close up behind one that was held back (RFC 9901 section 7.1).
    """
    if any(isinstance(step, int) for entry in wanted.get("claims", ()) for step in entry["path"]):
        return
    cut = frozenset(one.record.held.places) - one.places
    left = plain(one.record.offered("", without_places=cut).payload)
    assert book.claims(wanted, left) is not None


@settings(max_examples=100, deadline=None)
@given(query=queries(), held=HELD, seed=st.integers(0, 1000))
def test_each_choice_leads_to_an_answer_that_may_be_given(query, held, seed):
    asked = question(query, held)
    if not asked.choices:
        return
    pick = random.Random(seed)  # noqa: S311 - which way a person goes
    options = {choice.id: pick.choice(choice.options).id for choice in asked.choices}
    again = question(query, held, chosen=options)
    if not again.satisfiable:
        return
    found = sent(chosen(again, every(again)))
    assert frozenset(found) in book.permissible(query, [raw(one) for one in held])
    for choice in again.choices:
        if choice.id.startswith("record:") and choice.id in options:
            wanted = choice.id.removeprefix("record:")
            if wanted in found and choice.chosen == options[choice.id]:
                assert [one.record.reference for one in found[wanted]] == [choice.chosen]


# -- by hand -----------------------------------------------------------------------------------


def allergies_query(**more):
    claims = [{"path": ["nhsNumber"]}, {"path": ["items", None, "unit"]}]
    row = {"id": "a", "format": SD_JWT, "meta": {"vct_values": [TYPES["allergies"]]}}
    return {"credentials": [row | {"claims": claims} | more]}


TWO = (("allergies", SD_JWT, 1), ("allergies", SD_JWT, 2))


def test_of_two_sources_both_are_shown_where_several_are_taken():
    held = [record(*name) for name in TWO]
    asked = question(allergies_query(multiple=True), held)
    assert [len(found) for found in asked.records.values()] == [2]
    assert not asked.choices
    wholes = [tick for tick in asked.ticks if tick.label == "Allergies"]
    assert len(wholes) == 2
    found = chosen(asked, set(every(asked)) - {wholes[0].number})
    assert [one.record.reference for one in found] == [held[1].reference]


def test_of_two_sources_the_person_chooses_where_one_is_taken():
    held = [record(*name) for name in TWO]
    asked = question(allergies_query(), held)
    (choice,) = asked.choices
    assert choice.chosen == held[0].reference
    assert [option.id for option in choice.options] == [one.reference for one in held]
    other = question(allergies_query(), held, chosen={choice.id: held[1].reference})
    (one,) = chosen(other, every(other))
    assert one.record.reference == held[1].reference


def alternatives():
    rows = [
        {"id": name, "format": SD_JWT, "meta": {"vct_values": [TYPES[name]]}}
        for name in ("allergies", "medicines", "identity")
    ]
    return {
        "credentials": rows,
        "credential_sets": [{"options": [["allergies"], ["medicines", "identity"]]}],
    }


def test_of_alternatives_the_first_is_shown_and_the_other_can_be_chosen():
    held = [record(kind, SD_JWT, 1) for kind in KINDS]
    asked = question(alternatives(), held)
    (choice,) = asked.choices
    assert choice.chosen == "0"
    assert [one.query_id for one in chosen(asked, every(asked))] == ["allergies"]
    other = question(alternatives(), held, chosen={choice.id: "1"})
    assert {one.query_id for one in chosen(other, every(other))} == {"medicines", "identity"}
    assert other.choices[0].chosen == "1"


@pytest.mark.parametrize(
    "wrong", [{"set:0": "7"}, {"set:9": "0"}, {"set:x": "y"}, {"record:a": ""}]
)
def test_a_choice_that_there_is_not_changes_nothing(wrong):
    held = [record(kind, SD_JWT, 1) for kind in KINDS]
    asked = question(alternatives(), held, chosen=wrong)
    assert [one.query_id for one in chosen(asked, every(asked))] == ["allergies"]
