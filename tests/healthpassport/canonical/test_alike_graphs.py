"""Credentials that look alike in one presentation cost little, and have one canonical form."""

from __future__ import annotations

import copy
import itertools

import pytest
from bounded import within

from healthpassport.canonical import bundled, canonicalise, to_dataset
from healthpassport.canonical.paths import _orders
from healthpassport.errors import CredentialError

V2 = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL = {
    "@context": [V2],
    "type": ["VerifiableCredential"],
    "issuer": {"id": "did:example:issuer", "name": "An issuer"},
    "validFrom": "2026-01-01T00:00:00Z",
    "credentialSubject": {"name": "One", "description": "the same"},
    "credentialStatus": {"type": "BitstringStatusListEntry", "statusListIndex": "7"},
}


def named(name: str) -> dict[str, object]:
    made = copy.deepcopy(CREDENTIAL)
    made["credentialSubject"]["name"] = name
    return made


def lines(*credentials: dict[str, object]) -> tuple[str, ...]:
    presentation = {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": list(credentials),
    }
    return canonicalise(to_dataset(presentation, contexts=bundled())).lines


def test_credentials_that_differ_in_one_claim_are_named_within_the_budget():
    orders = list(itertools.permutations([named("One"), named("Two"), named("3")]))
    forms = within(2, lambda: {lines(*order) for order in orders})
    assert len(forms) == 1


def test_equal_credentials_stay_two():
    assert len(lines(named("One"), named("One"))) > len(lines(named("One")))


@pytest.mark.parametrize("blanks", ["", "a", "abc", "aab", "aabb", "aaaa", "cbab"])
def test_every_order_is_tried_once(blanks: str):
    orders = [tuple(order) for order in _orders(blanks)]
    assert len(orders) == len(set(orders))
    assert set(orders) == set(itertools.permutations(blanks))


def test_a_context_document_may_stand_in_a_list_of_contexts_and_nowhere_else():
    inner = {"@context": {"shelf": "https://library.example/terms#shelf"}}
    document = {"@id": "urn:uuid:1", "shelf": "upper"}
    read = to_dataset(document | {"@context": [inner]}, contexts=bundled())
    assert read.quads == to_dataset(document | inner, contexts=bundled()).quads
    for context in (inner, [{**inner, "lends": "https://library.example/terms#lends"}]):
        with pytest.raises(CredentialError, match=r"jsonld\.context_invalid"):
            to_dataset(document | {"@context": context}, contexts=bundled())
