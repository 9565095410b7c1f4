"""Records that a surgery could send and a wallet must not keep: signed, and still wrong."""

from __future__ import annotations

import dataclasses
import secrets
from datetime import timedelta

import pytest
from simulated_issuer import summary

from healthpassport.errors import PassportError
from healthpassport.formats import sd_jwt_vc
from healthpassport.keys import generate_signer, load_signer
from healthpassport.summary import definition, disclosure_tree, to_payload
from healthpassport.trust.model import TrustedKey, TrustList
from wallet.client.checking import check_collected
from wallet.client.collecting import Collected


def refused(code, inner=""):
    return pytest.raises(PassportError, match=f"^{code}: .*{inner}")


class Surgery:
    """Signs as the real issuer of the world would, with anything bent."""

    def __init__(self, world):
        self.world = world.world
        configured = self.world.issuer_settings
        secret = self.world.passphrase.encode()
        self.signer = load_signer(configured.key, secret)
        self.chain = self.world.issuer_app.state.issuer.x5c
        self.key = generate_signer()
        self.iss = configured.iss

    def copy(self, *, record=None, payload=None, key=None, **changes):
        now = self.world.clock()
        record = record or summary().records[1]
        parts = {
            "payload": payload or to_payload(record),
            "disclosable": disclosure_tree(record.type),
            "signer": self.signer,
            "iss": self.iss,
            "holder_jwk": (key or self.key).public_key.jwk(),
            "issued_at": now - timedelta(seconds=5),
            "expires_at": now + timedelta(days=30),
            "salts": secrets.token_bytes,
            "x5c": self.chain,
        }
        return sd_jwt_vc.issue(**(parts | changes))

    def check(self, *texts, keys=None, trust=None, at=None):
        collected = Collected(
            "a", "dc+sd-jwt", definition("AllergySummary"), texts, tuple(keys or (self.key,)), None
        )
        found = trust or self.world.wallet.update_trust()
        return check_collected(collected, trust=found, now=at or self.world.clock())


@pytest.fixture
def surgery(world):
    return Surgery(world)


@pytest.fixture
def trust(world, tmp_path):
    wallet = world.wallet(tmp_path)
    yield wallet.trust()
    wallet.close()


def listing(trust, issuer):
    """The list with ``issuer`` alone; made anew, since a copy would keep what it looked up."""
    named = dict(trust.trust_list) | {"issuers": (issuer,)}
    return dataclasses.replace(trust, trust_list=TrustList(**named))


def test_a_sound_record_is_taken(surgery, trust):
    checked = surgery.check(surgery.copy(), trust=trust)
    assert checked.record.item_count == 2
    assert checked.issuer.name == "Example Surgery"


def test_sdj_043_a_record_that_ran_out_is_not_kept(surgery, trust):
    gone = surgery.world.clock() - timedelta(hours=1)
    with refused("wallet.credential_rejected", "cred.expired"):
        surgery.check(surgery.copy(expires_at=gone), trust=trust)


def test_sdj_053_a_record_bound_to_another_key_is_not_kept(surgery, trust):
    with refused("wallet.credential_rejected", "sdjwt.cnf_not_mine"):
        surgery.check(surgery.copy(key=generate_signer()), trust=trust)
    with refused("wallet.credential_rejected", "sdjwt.cnf_not_mine"):
        surgery.check(surgery.copy(holder_jwk=None), trust=trust)


def test_sdj_049_another_type_is_not_kept(surgery, trust):
    identity = summary().records[0]
    with refused("wallet.credential_rejected", "sdjwtvc.vct"):
        surgery.check(surgery.copy(record=identity), trust=trust)


def test_tru_009_an_issuer_that_may_not_sign_this_type_is_refused(surgery, trust):
    issuer = trust.trust_list.issuers[0]
    keys = tuple(k.model_copy(update={"record_types": ("PatientIdentity",)}) for k in issuer.keys)
    bent = listing(trust, issuer.model_copy(update={"keys": keys}))
    with refused("trust.issuer_not_authorised"):
        surgery.check(surgery.copy(), trust=bent)


def test_tru_008_an_issuer_that_is_not_listed_is_refused(surgery, trust):
    with refused("trust.issuer_unknown"):
        surgery.check(surgery.copy(iss="https://elsewhere.example"), trust=trust)


def test_sdj_023_a_certificate_of_nobody_is_refused(surgery, trust):
    issuer = trust.trust_list.issuers[0].model_copy(update={"anchors": surgery.chain[:1]})
    bent = listing(trust, issuer)
    with pytest.raises(PassportError, match=r"^x509\."):
        surgery.check(surgery.copy(), trust=bent)


def test_a_second_signature_is_checked_on_receipt_where_the_list_has_a_key(surgery, trust):
    second, other = generate_signer("ML-DSA-44"), generate_signer("ML-DSA-44")
    issuer = trust.trust_list.issuers[0]
    jwk = second.public_key.jwk()
    keys = tuple(TrustedKey(**{**k.model_dump(), "second_jwk": jwk}) for k in issuer.keys)
    listed = listing(trust, issuer.model_copy(update={"keys": keys}))
    for found in (trust, listed):
        kept = surgery.check(surgery.copy(second_signer=second), trust=found)
        assert kept.record.item_count == 2
        assert surgery.check(surgery.copy(), trust=found)
    with refused("wallet.credential_rejected", "pq.key"):
        surgery.check(surgery.copy(second_signer=other), trust=listed)
    stripped = "~".join([*surgery.copy(second_signer=second).split("~")[:-2], ""])
    with refused("wallet.credential_rejected", "pq.withheld"):
        surgery.check(stripped, trust=listed)


def test_a_list_that_is_too_old_vouches_for_no_record(surgery, trust):
    with refused("trust.stale"):
        surgery.check(surgery.copy(), trust=dataclasses.replace(trust, stale=True))


def test_copies_that_differ_are_not_kept(surgery, trust):
    keys = (generate_signer(), generate_signer())
    other = summary("Something else").records[1]
    texts = (surgery.copy(key=keys[0]), surgery.copy(key=keys[1], record=other))
    with refused("wallet.credential_rejected", "differ"):
        surgery.check(*texts, keys=keys, trust=trust)


def test_a_record_that_breaks_its_definition_is_not_kept(surgery, trust):
    payload = to_payload(summary().records[1])
    del payload["items"][0]["unit"]
    with refused("wallet.credential_rejected", "record.unit_missing"):
        surgery.check(surgery.copy(payload=payload), trust=trust)
