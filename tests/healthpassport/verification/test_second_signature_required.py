"""A desk that requires the post-quantum signature, and one that does not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from record_examples import allergies
from verification_world import Desk, Surgery, present

from healthpassport.credential import DeskState, Verdict
from healthpassport.errors import TrustError
from healthpassport.keys import generate_signer
from healthpassport.trust.model import TrustList
from healthpassport.verification import FreshnessPolicy

HOLDER, SECOND = generate_signer(), generate_signer("ML-DSA-44")
STRICT = FreshnessPolicy(require_post_quantum=True)


class SecondSurgery(Surgery):
    """A surgery whose entry in the trust list has a second key."""

    second = SECOND

    def entry(self):
        entry = super().entry()
        entry["keys"][0]["secondJwk"] = self.second.public_key.jwk()
        return entry


PLAIN, HYBRID = Surgery(), SecondSurgery()


def section(surgery, *, policy=STRICT, show=None, **issued):
    text = surgery.issue(allergies(), HOLDER, **issued)
    desk = Desk((surgery,))
    summary = desk.verify({"allergies": present(text, HOLDER, show=show)}, policy=policy)
    return summary, summary.section("AllergySummary")


def refused(code, surgery, **named):
    summary, found = section(surgery, **named)
    assert summary.verdict is Verdict.REJECTED
    assert (found.state, found.code) == (DeskState.FAILED_CHECK, code)


@pytest.mark.parametrize("policy", [STRICT, FreshnessPolicy()])
def test_a_record_with_both_signatures_is_accepted(policy):
    summary, found = section(HYBRID, policy=policy, second_signer=SECOND)
    assert summary.verdict is Verdict.ACCEPTED
    assert (found.shown, found.total) == (2, 2)


def test_who_does_not_ask_accepts_any_second_signature_and_none():
    for issued in ({}, {"second_signer": generate_signer("ML-DSA-44")}):
        summary, _ = section(PLAIN, policy=FreshnessPolicy(), **issued)
        assert summary.verdict is Verdict.ACCEPTED


def test_a_record_without_it_is_refused_where_it_is_required():
    refused("pq.missing", HYBRID)


def test_a_held_back_one_is_refused_where_it_is_required():
    refused("pq.withheld", HYBRID, second_signer=SECOND, show=[("familyName",), ("items", None)])


def test_one_of_a_key_that_the_list_does_not_name_is_refused():
    refused("pq.key", HYBRID, second_signer=generate_signer("ML-DSA-44"))
    refused("pq.untrusted", PLAIN, second_signer=SECOND)


def trust_list(**key):
    entry = PLAIN.entry()
    entry["keys"][0] |= key
    parts = {"version": 1, "issuedAt": "2026-11-10T09:00:00Z", "verifiers": []}
    registrar = {"jwk": generate_signer().public_key.jwk()}
    return TrustList.model_validate({**parts, "issuers": [entry], "registrar": registrar})


def test_a_list_names_post_quantum_keys_beside_others_only():
    first = {"jwk": SECOND.public_key.jwk(), "thumbprint": SECOND.public_key.thumbprint()}
    for key in (first, {"secondJwk": generate_signer().public_key.jwk()}):
        with pytest.raises((TrustError, ValidationError), match=r"trust\.invalid"):
            trust_list(**key)
    assert trust_list(secondJwk=SECOND.public_key.jwk()).issuers[0].keys[0].second_key
