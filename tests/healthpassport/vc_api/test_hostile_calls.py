"""Whatever is sent to the adapter is answered; only what was signed is called verified."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hostile_holder import edited
from hypothesis import given, settings
from hypothesis import strategies as st
from vc_api_world import V2, World

from healthpassport import vc_api

WORLD = World()
PROFILES = ("ecdsa-rdfc-2019", "eddsa-jcs-2022", "ecdsa-sd-2023")
SHOWN = {profile: WORLD.shown(profile) for profile in PROFILES}
CALLS = {
    "verifiableCredential": vc_api.verify_credential,
    "verifiablePresentation": vc_api.verify_presentation,
}


def body_of(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    if kind == "verifiablePresentation":
        around = {
            "@context": [V2],
            "type": ["VerifiablePresentation"],
            "holder": document["issuer"],
        }
        document = {**around, "verifiableCredential": [document], "proof": document["proof"]}
    return {kind: document, "options": {"challenge": "c", "domain": "d"} if kind[-1] == "n" else {}}


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**63), profile=st.sampled_from(PROFILES), kind=st.sampled_from(list(CALLS))
)
def test_every_body_is_answered_with_a_status_of_its_own(seed, profile, kind):
    chance = random.Random(seed)  # noqa: S311 - repeats on purpose
    body = edited(body_of(kind, SHOWN[profile]), chance)
    answer = CALLS[kind](body, WORLD.around)
    assert answer.status in {200, 400}
    assert (answer.status == 200) is answer.body["verified"]
    assert json.dumps(answer.body)


@pytest.mark.parametrize("keyword", ["@set", "@included", "@graph"])
@pytest.mark.parametrize("profile", PROFILES)
def test_di_014_what_was_signed_behind_something_else_is_not_verified(profile, keyword):
    signed = SHOWN[profile]
    inside = {name: v for name, v in signed.items() if name not in {"@context", "proof"}}
    forged = {**signed, "credentialSubject": {"name": "Forged"}, keyword: [inside]}
    assert WORLD.verify(forged).status == 400
