"""Credentials that another implementation issued and derived: ours checks and derives them."""

from __future__ import annotations

import json

import pytest
from integrity_world import numbered_octets
from shared_inputs import shared
from vectors_integrity import EVERY_SUITE, LATER, published_contexts

from healthpassport import dids
from healthpassport.formats import data_integrity

pytestmark = pytest.mark.shared

OPTIONS = {"resolve": dids.resolve, "allowed": EVERY_SUITE, "now": LATER}


def read(*parts: str):
    return json.loads(shared("bench", *parts).read_text(encoding="utf-8"))


@pytest.fixture(params=["ecdsa-sd-2023", "bbs-2023"])
def suite(request):
    return request.param


@pytest.fixture(params=["large", "small"])
def size(request):
    return request.param


def test_what_another_implementation_derived_verifies(suite, size):
    document = read("peer-made", f"DB-{suite}.{size}.derived.json")
    found = data_integrity.verify_credential(document, **OPTIONS, contexts=published_contexts())
    assert found.proofs[0].cryptosuite == suite


def test_what_another_implementation_issued_is_genuine_and_derives_the_same(suite, size):
    issued = read("peer-made", f"DB-{suite}.{size}.issued.json")
    data_integrity.verify_issued(issued, **OPTIONS, contexts=published_contexts())
    pointers = read("inputs", "selection.json")[size]
    ours = data_integrity.derive(
        issued, pointers=pointers, contexts=published_contexts(), randomness=numbered_octets()
    )
    data_integrity.verify_credential(ours, **OPTIONS, contexts=published_contexts())
    theirs = read("peer-made", f"DB-{suite}.{size}.derived.json")
    if suite == "ecdsa-sd-2023":
        assert ours == theirs
    else:
        assert {**ours, "proof": None} == {**theirs, "proof": None}
