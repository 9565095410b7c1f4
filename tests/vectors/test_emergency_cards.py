"""The cards of ``emergency_cards.json``: what other implementations can be tried on as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from healthpassport import cards
from healthpassport.cards.content import read_claims
from healthpassport.errors import PassportError
from healthpassport.keys import public_key_from_jwk

FILE = json.loads(Path(__file__).with_name("emergency_cards.json").read_text(encoding="utf-8"))
KEY = public_key_from_jwk(FILE["publicKey"])


@pytest.mark.parametrize("case", FILE["sound"], ids=lambda case: case["name"])
def test_a_sound_card_is_read_and_verified(case):
    claims = cards.verify(cards.parse(case["text"]), issuer_key=KEY)
    assert claims == read_claims(bytes.fromhex(case["payload"]))


@pytest.mark.parametrize("case", FILE["hostile"], ids=lambda case: case["name"])
def test_a_hostile_card_is_refused_with_its_code(case):
    with pytest.raises(PassportError) as caught:
        cards.verify(cards.parse(case["text"]), issuer_key=KEY)
    assert caught.value.code == case["code"]
