"""From an offer to signed copies, through the application."""

from datetime import timedelta

import pytest
from simulated_issuer import Wallet

from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import public_key_from_jwk
from healthpassport.status import token_status_list as tsl


@pytest.fixture
def site(make_site):
    return make_site()


def test_an_offer_becomes_signed_copies_each_with_its_own_key_and_status_entry(site):
    wallet = Wallet(site, site.offer())
    granted = wallet.ask_token()
    assert granted.status == 200, granted.body
    assert granted.json()["token_type"] == "DPoP"
    answer = wallet.ask_credential(copies=3)
    assert answer.status == 200, answer.body
    copies = [entry["credential"] for entry in answer.json()["credentials"]]
    keys, entries = set(), set()
    for text in copies:
        seen = sd_jwt_vc.open_held(text).payload
        assert seen["iss"] == site.settings.iss
        assert seen["vct"] == "https://passport.example/vct/AllergySummary/1"
        assert seen["exp"] - seen["iat"] == timedelta(days=91).total_seconds() - 1
        keys.add(public_key_from_jwk(seen["cnf"]["jwk"]).thumbprint())
        entries.add(tsl.reference(seen))
    assert len(keys) == len(entries) == 3
    assert {entry.uri for entry in entries} == {"https://issuer.example/status/1"}
