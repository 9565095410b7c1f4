"""Bitstring status lists as a desk fetches them: by the issuer's key, for this address, now."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import pytest
from simulated_trust import ISS, NOW, STATUS

from healthpassport.canonical import bundled
from healthpassport.dids.web import did_web
from healthpassport.errors import PassportError, StatusError
from healthpassport.formats.data_integrity import ASSERTION, add_proof
from healthpassport.keys import generate_signer
from healthpassport.refresh.list_credentials import read_status_list
from healthpassport.status.bitstring import BitstringEntry
from healthpassport.status.bitstring_writing import build, credential
from healthpassport.status.entries import SUSPENDED, VALID, WITHDRAWN

ISSUER, STRANGER = generate_signer(), generate_signer()
DID = did_web(ISS)


def signed(signer=ISSUER, *, did=DID, suite="ecdsa-rdfc-2019", change=None, **parts):
    document = credential(
        build(size=131_072, marked=[3]),
        **{
            "uri": STATUS,
            "issuer": did,
            "purpose": "revocation",
            "valid_from": NOW,
            "valid_until": NOW + timedelta(days=1),
            "ttl": timedelta(minutes=15),
        }
        | parts,
    )
    made = add_proof(
        document,
        cryptosuite=suite,
        signer=signer,
        verification_method=f"{did}#{signer.public_key.thumbprint()}",
        purpose=ASSERTION,
        created=NOW,
        contexts=bundled(),
        randomness=secrets.token_bytes,
    )
    return json.dumps(change(made) if change else made)


def read(text, *, uri=STATUS, now=NOW, keys=None):
    known = keys or [generate_signer().public_key, ISSUER.public_key]
    return read_status_list(text, expected_uri=uri, iss=ISS, keys=known, now=now)


def entry(index, purpose="revocation"):
    return BitstringEntry(purpose, index, STATUS)


def test_a_list_of_the_issuer_is_read_and_says_what_is_withdrawn():
    held = read(signed())
    assert (held.issued_at, held.expires_at) == (NOW, NOW + timedelta(days=1))
    assert [held.status(entry(index)) for index in (2, 3, 4)] == [VALID, WITHDRAWN, VALID]
    assert held.refresh_at(NOW) == NOW + timedelta(minutes=15)


def test_a_suspension_list_says_suspended():
    held = read(signed(purpose="suspension"))
    assert held.status(entry(3, "suspension")) == SUSPENDED
    with pytest.raises(StatusError, match=r"^status\.purpose"):
        held.status(entry(3))


def test_a_list_with_an_ed25519_key_is_read():
    key = generate_signer("EdDSA")
    assert read(signed(key, suite="eddsa-rdfc-2022"), keys=[key.public_key])


def renamed(name, iri):
    def change(document):
        return {(iri if key == name else key): value for key, value in document.items()}

    return change


def subject(**members):
    def change(document):
        found = {**document["credentialSubject"], **members}
        return {**document, "credentialSubject": found}

    return change


LATER = {"validUntil": "2099-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(lambda: signed(STRANGER), "status.signer", id="an unlisted key"),
        pytest.param(
            lambda: signed(did="did:web:other.example"), "status.signer", id="another issuer"
        ),
        pytest.param(
            lambda: signed(change=lambda d: {**d, **LATER}), "status.signer", id="made to last"
        ),
        pytest.param(
            lambda: signed(
                change=renamed("validUntil", "https://www.w3.org/2018/credentials#validUntil")
            ),
            "status.signer",
            id="an end under another name",
        ),
        pytest.param(
            lambda: signed(change=subject(statusPurpose="suspension")),
            "status.signer",
            id="another purpose",
        ),
        pytest.param(
            lambda: signed(change=lambda d: {n: v for n, v in d.items() if n != "proof"}),
            "status.signer",
            id="no proof",
        ),
        pytest.param(lambda: signed(uri=f"{STATUS}0"), "status.sub_mismatch", id="another address"),
        pytest.param(
            lambda: signed(valid_from=NOW + timedelta(hours=1)), "cred.not_yet", id="from tomorrow"
        ),
        pytest.param(
            lambda: signed(valid_from=NOW - timedelta(days=3), valid_until=NOW - timedelta(days=2)),
            "status.expired",
            id="past its end",
        ),
        pytest.param(lambda: "{}", "vcdm.", id="an empty object"),
        pytest.param(lambda: "{", "json.invalid", id="half an object"),
        pytest.param(lambda: "[]", "jws.", id="an array"),
        pytest.param(lambda: '{"a":' * 40 + "1" + "}" * 40, "limit.depth", id="deep nesting"),
    ],
)
def test_any_other_list_is_refused(text, code):
    with pytest.raises(PassportError) as caught:
        read(text())
    assert caught.value.code.startswith(code)
