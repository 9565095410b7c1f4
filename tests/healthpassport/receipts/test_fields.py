"""What a desk says it received and what a wallet says it sent are the same names."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_examples import allergies, identity, medicines
from verification_world import CHALLENGE, NOW, SD_JWT, W3C, Desk, Surgery

from healthpassport import receipts
from healthpassport.credential import Credential, Presentation
from healthpassport.encoding import b64url_encode, jcs
from healthpassport.formats import format_named
from healthpassport.keys import generate_signer
from healthpassport.protocols.dcql import without
from healthpassport.summary import definition

HOLDER = generate_signer()


@pytest.fixture(params=[SD_JWT, W3C], scope="module")
def surgery(request):
    return Surgery(format=request.param)


def shown(surgery, record, keep):
    """A presentation with the places that ``keep`` accepts, and what is left of the record."""
    known = format_named(surgery.format)
    held = known.open_held(surgery.issue(record, HOLDER))
    chosen = [place for place in held.places if keep(place)]
    text = known.present(
        held,
        disclose=chosen,
        challenge=CHALLENGE,
        holder_signer=HOLDER,
        now=NOW,
        random=surgery.random.randbytes,
    )
    return text, without(held.payload, frozenset(held.places) - set(chosen))


RECORDS = {
    "PatientIdentity": ("identity", identity),
    "AllergySummary": ("allergies", allergies),
    "MedicationSummary": ("medications", lambda: medicines("current")),
}
CHOICES = {
    "all": lambda _: True,
    "nothing": lambda _: False,
    "no details": lambda place: len(place) < 3,
    "one item": lambda place: place[:2] != ("items", 0),
    "no items": lambda place: place[0] != "items",
    "no name": lambda place: place != ("familyName",),
}


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize("choice", CHOICES)
def test_both_sides_name_the_same_fields(surgery, kind, choice):
    query_id, make = RECORDS[kind]
    text, left = shown(surgery, make(), CHOICES[choice])
    name = query_id if surgery.format == SD_JWT else f"{query_id}_{surgery.format}"
    desk = Desk((surgery,))
    answer = Presentation({name: (Credential(surgery.format, text),)})
    (found,) = receipts.received(answer, desk.query)
    assert found.paths == receipts.field_paths(left, definition(kind))
    assert (found.type, found.format, found.query) == (kind, surgery.format, name)
    assert {"asOf", "state", "itemCount", "source"} <= set(found.paths)


def test_names_are_those_of_the_definition_and_no_others():
    known = definition("AllergySummary")
    record = {
        "vct": "x",
        "iss": "https://surgery.example",
        "cnf": {},
        "Penicillin": 1,
        "familyName": "Smith",
        "items": [{"unit": {"text": "Latex"}, "onset": 1, "made up": 2}, "text", None],
        "negations": {"unit": 1},
    }
    paths = receipts.field_paths(record, known)
    assert paths == ("familyName", "items.onset", "items.unit")


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "~", "{}", "[]", '{"type":"VerifiablePresentation"}']
)
@pytest.mark.parametrize("form", [SD_JWT, W3C])
def test_what_cannot_be_read_has_no_fields(form, text):
    if form == W3C and not text.startswith("{"):
        text = "{}"  # another shape never gets past the parsing of a vp_token
    name = "allergies" if form == SD_JWT else f"allergies_{form}"
    answer = Presentation({name: (Credential(form, text or "x"),)})
    (found,) = receipts.received(answer, Desk(()).query)
    assert found.paths == ()


def test_a_hash_does_not_depend_on_the_order_of_members():
    one, other = {"a": [1, {"b": 2, "c": 3}]}, {"a": [1, {"c": 3, "b": 2}]}
    assert receipts.vp_token_hash(one) == receipts.vp_token_hash(other)
    assert jcs(one) == jcs(other)


MEMBERS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["dcql_query", "nonce", "wallet_nonce"]), MEMBERS), MEMBERS)
def test_the_hash_of_a_question_is_that_of_its_canonical_form(claims, more):
    named = more if isinstance(more, dict) else {}
    whole = claims | {f"{name}\U0001f600": value for name, value in named.items()}
    asked = {name: value for name, value in whole.items() if name != "wallet_nonce"}
    digest = hashlib.sha256(jcs(asked)).digest()
    assert receipts.request_hash(whole) == b64url_encode(digest)
