"""A holder who spells the names of a record in another way keeps the statements and hides them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hostile_holder import signed, text_of
from record_examples import allergies
from verification_world import NOW, W3C, Desk, Surgery

from healthpassport.credential import Verdict
from healthpassport.errors import PassportError
from healthpassport.formats import data_integrity, ldp_vc
from healthpassport.formats.ldp_vc.document import record_contexts
from healthpassport.formats.ldp_vc.identifiers import only_key
from healthpassport.keys.signer import generate_signer

HOLDER = generate_signer()
VOCABULARY = "https://passport.example/vocab#"
CREDENTIALS = "https://www.w3.org/2018/credentials#"
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"


@pytest.fixture(scope="module")
def surgery():
    return Surgery(format=W3C)


@pytest.fixture(scope="module")
def base(surgery) -> dict[str, Any]:
    return json.loads(surgery.issue(allergies(), HOLDER))


@pytest.fixture(scope="module")
def shown(base) -> dict[str, Any]:
    """A record with all of its items, as a holder would show it."""
    pointers = [f"/credentialSubject/{name}" for name in base["credentialSubject"]]
    return data_integrity.derive(
        base, pointers=pointers, contexts=record_contexts(), randomness=bytes
    )


@pytest.fixture(scope="module")
def concluded(surgery):
    """What a desk concludes of a document that its own holder presents."""

    def conclude(document):
        text = text_of(signed([document], HOLDER))
        return Desk((surgery,)).verify({"allergies": text})

    return conclude


def proven(surgery, document):
    """That the issuer's proof over the statements of ``document`` verifies all the same."""
    return data_integrity.verify_credential(
        document,
        resolve=lambda url: only_key(url.partition("#")[0], surgery.signer.public_key)(url),
        allowed=data_integrity.DEFAULT_ALLOWED,
        now=NOW,
        contexts=record_contexts(),
    )


def test_the_record_as_it_is_is_accepted(concluded, shown):
    assert concluded(shown).verdict is Verdict.ACCEPTED


def renamed(document, name, iri, datatype):
    value = document[name] if datatype is None else {"@value": document[name], "@type": datatype}
    return {
        (iri if member == name else member): value if member == name else kept
        for member, kept in document.items()
    }


ENVELOPE = {"credentialStatus": None, "validFrom": DATE_TIME, "validUntil": DATE_TIME}
SUBJECT = {"state": None, "itemCount": None, "warnings": "@json", "source": "@json"}


@pytest.mark.parametrize(("name", "datatype"), ENVELOPE.items(), ids=ENVELOPE)
def test_a_member_that_hides_behind_its_iri_is_refused(surgery, concluded, shown, name, datatype):
    hidden = renamed(shown, name, CREDENTIALS + name, datatype)
    assert proven(surgery, hidden)
    refused = concluded(hidden)
    assert refused.verdict is Verdict.REJECTED


@pytest.mark.parametrize(("name", "datatype"), SUBJECT.items(), ids=SUBJECT)
def test_a_member_of_the_record_that_hides_behind_its_iri_is_refused(
    surgery, concluded, shown, name, datatype
):
    subject = renamed(shown["credentialSubject"], name, VOCABULARY + name, datatype)
    hidden = {**shown, "credentialSubject": subject}
    assert proven(surgery, hidden)
    refused = concluded(hidden)
    assert refused.verdict is Verdict.REJECTED
    assert not refused.sections[0].items


def test_the_refusal_says_that_the_names_are_at_fault(concluded, shown):
    hidden = renamed(shown, "credentialStatus", CREDENTIALS + "credentialStatus", None)
    assert "di.context" in concluded(hidden).codes


@pytest.mark.parametrize("name", ["validUntil", "credentialStatus"])
def test_a_wallet_takes_no_record_whose_names_a_desk_would_not_read(surgery, name):
    whole = surgery.issue(allergies(), HOLDER, cryptosuite="ecdsa-rdfc-2019")
    hidden = renamed(json.loads(whole), name, CREDENTIALS + name, ENVELOPE[name])
    with pytest.raises(PassportError) as refusal:
        ldp_vc.read_held(
            json.dumps(hidden),
            issuer_key=surgery.signer.public_key,
            holder_key=HOLDER.public_key,
            now=NOW,
        )
    assert refusal.value.code == "di.context"


@pytest.mark.parametrize(
    "did",
    [
        "did:web:surgery.example:.well-known",
        "did:web:surgery.example%3A443:.well-known",
        "did:web:surgery.example%3a444",
        "did:web:Surgery.example",
        "did:web:surgery.example:",
        "did:key:surgery.example",
    ],
)
def test_another_did_of_an_issuer_s_address_is_nobody_s(did):
    assert ldp_vc.parse(json.dumps({"issuer": did})).iss is None


def test_the_one_did_of_an_address_is_its_issuer_s():
    for did, address in (
        ("did:web:surgery.example", "https://surgery.example"),
        ("did:web:surgery.example%3A444:north", "https://surgery.example:444/north"),
    ):
        assert ldp_vc.parse(json.dumps({"issuer": did})).iss == address
