"""The request by which an issuer asks for its own records: from it alone, and for a card alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from verification_world import NOW, Desk, Surgery, certificate

from healthpassport.encoding import b64_encode
from healthpassport.errors import PassportError
from healthpassport.jose import jws
from healthpassport.jose.jwe import generate_encryption_key
from healthpassport.keys.x509 import x509_hash
from healthpassport.protocols.oid4vp import build_request
from healthpassport.requests import verify_issuer_request, verify_request
from schemas.queries import card_template, issuer_purposes, purposes, request_query, templates

NONCE = "w" * 22


@pytest.fixture
def surgery():
    return Surgery(record_types=("EmergencyCard", "AllergySummary"))


def asked(surgery, *, signer=None, leaf=None, typ="oauth-authz-req+jwt", **changes):
    chain = [leaf or surgery.leaf]
    _, public = generate_encryption_key("k")
    parts = {
        "client_id": f"x509_hash:{x509_hash(chain[0])}",
        "response_uri": f"{surgery.iss}/cards/answer",
        "nonce": "n" * 32,
        "state": "n" * 32,
        "query": request_query(card_template()),
        "encryption_jwk": public,
        "registration": None,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
        "wallet_nonce": NONCE,
    }
    signer = signer or surgery.signer
    header = {"alg": signer.algorithm, "typ": typ, "x5c": [b64_encode(der) for der in chain]}
    return jws.sign(header=header, payload=build_request(**(parts | changes)), signer=signer)


def verified(surgery, request_object, **changes):
    parts = {
        "request_object": request_object,
        "expected_iss": surgery.iss,
        "trust": Desk((surgery,)).trust,
        "now": NOW,
        "wallet_nonce": NONCE,
    }
    return verify_issuer_request(**(parts | changes))


def code_of(action):
    with pytest.raises(PassportError) as caught:
        action()
    return caught.value.code


def test_an_issuer_that_signs_cards_may_ask_for_its_own_records(surgery):
    found = verified(surgery, asked(surgery))
    assert (found.name, found.purpose) == ("Example Surgery", "emergency_card")
    assert found.over_asked == ()


def test_no_verifier_can_be_registered_for_a_card():
    assert "emergency_card" in issuer_purposes()
    assert "emergency_card" not in purposes()
    assert all(template.purpose.id in purposes() for template in templates().values())


def test_the_same_request_by_the_way_of_desks_is_refused(surgery):
    """An issuer is no verifier: what it may ask, it asks only the wallet that turned to it."""
    request_object = asked(surgery)
    client_id = f"x509_hash:{x509_hash(surgery.leaf)}"
    trust = Desk((surgery,)).trust
    assert (
        code_of(
            lambda: verify_request(
                request_object=request_object, client_id=client_id, trust=trust, now=NOW
            )
        )
        == "trust.verifier_unknown"
    )


def test_an_issuer_that_signs_no_cards_asks_for_nothing():
    surgery = Surgery(record_types=("AllergySummary", "EmergencySummary"))
    assert code_of(lambda: verified(surgery, asked(surgery))) == "trust.issuer_not_authorised"


def test_an_issuer_that_nobody_knows_asks_for_nothing(surgery):
    stranger = Surgery(iss="https://stranger.example")
    assert (
        code_of(lambda: verified(surgery, asked(stranger), expected_iss=stranger.iss))
        == "trust.issuer_unknown"
    )


def test_another_issuer_cannot_answer_for_the_one_that_was_asked(surgery):
    other = Surgery(
        iss="https://other.example", ods="B12345", list_uri="https://other.example/status/1"
    )
    trust = Desk((surgery, other)).trust
    assert code_of(lambda: verified(surgery, asked(other), trust=trust)).startswith("x509.")


def test_a_certificate_of_the_authority_that_is_not_listed_is_refused(surgery):
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    from healthpassport.keys.signer import signer_from_library  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    leaf = surgery.certify(key)
    text = asked(surgery, signer=signer_from_library(key), leaf=leaf)
    assert code_of(lambda: verified(surgery, text)) == "trust.key_unknown"


def test_a_self_made_certificate_is_refused(surgery):
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    from healthpassport.keys.signer import signer_from_library  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    leaf = certificate("Surgery", key, host="surgery.example")
    text = asked(surgery, signer=signer_from_library(key), leaf=leaf)
    assert code_of(lambda: verified(surgery, text)).startswith("x509.")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "x509_hash:" + "a" * 43}, "request.client_id"),
        ({"client_id": "x509_san_dns:surgery.example"}, "request.client_id"),
        ({"response_uri": "https://evil.example/cards/answer"}, "request.response_uri"),
        ({"response_uri": "https://surgery.example.evil.example/x"}, "request.response_uri"),
        ({"wallet_nonce": "x" * 22}, "request.wallet_nonce"),
        ({"wallet_nonce": None}, "request.wallet_nonce"),
        ({"expires_at": NOW - timedelta(minutes=2)}, "request.time"),
        ({"issued_at": NOW + timedelta(minutes=5)}, "request.time"),
        ({"nonce": "short"}, "request.nonce"),
        ({"typ": "JWT"}, "jws.typ"),
        ({"query": request_query(templates()["emergency_admission"])}, "consent.blocked"),
    ],
)
def test_a_bent_request_is_refused(surgery, changes, code):
    assert code_of(lambda: verified(surgery, asked(surgery, **changes))) == code


def test_what_no_card_holds_cannot_be_asked_for(surgery):
    query = request_query(card_template())
    wanted = next(one for one in query["credentials"] if one["id"] == "identity")
    wanted["claims"].append({"id": "phone", "path": ["phone"]})
    wanted["claim_sets"][0].append("phone")
    assert code_of(lambda: verified(surgery, asked(surgery, query=query))) == "consent.blocked"


def test_an_old_trust_list_vouches_for_no_issuer(surgery):
    trust = Desk((surgery,), stale=True).trust
    assert code_of(lambda: verified(surgery, asked(surgery), trust=trust)) == "trust.stale"


def test_a_request_without_a_signature_is_refused(surgery):
    header, payload, _ = asked(surgery).split(".")
    assert code_of(lambda: verified(surgery, f"{header}.{payload}.")).startswith(
        ("request.", "jws.")
    )
    assert code_of(lambda: verified(surgery, "{}")) == "request.unsigned"
