"""A desk that asks under a decentralized identifier of the list, over the wallet's whole way."""

from __future__ import annotations

import pytest
from oidf_verifier import SuiteVerifier
from trust_changes import listed
from wallet_world import DESK

from healthpassport.dids.documents import did_document
from healthpassport.encoding import dump_json
from healthpassport.fetch import HttpResponse
from healthpassport.keys import generate_signer
from wallet.consent import ConsentQuestion, Refusal

WEB = "did:web:localhost%3A9003"
DOCUMENT = f"{DESK}/.well-known/did.json"
NAME = f"decentralized_identifier:{WEB}"


@pytest.fixture
def verifier(world, monkeypatch):
    """A desk whose entry on the list names the identifier and the desk's own key."""
    made = SuiteVerifier(world)
    key = made.identity.signer.public_key
    named = {"id": WEB, "thumbprint": key.thumbprint()}
    listed(monkeypatch, lambda rows: [{**row, "did": named} for row in rows])
    publish(world, did_document(WEB, [key]))
    return made


def publish(world, document):
    """Serve ``document`` where the identifier says."""
    before = world.wire.bend

    def bent(request, answer):
        if request.url == DOCUMENT:
            return HttpResponse(200, {}, dump_json(document))
        return before(request, answer)

    world.wire.bend = bent


def asked(verifier, **more):
    kid = did_document(WEB, [verifier.identity.signer.public_key])["verificationMethod"][0]["id"]

    def sign(claims):
        return verifier.sign(claims, x5c=..., kid=kid)

    return verifier.ask(sign=sign, client_id=NAME, **more)


def test_a_listed_identifier_is_answered_under_its_own_name(world, filled_wallet, verifier):
    found = filled_wallet.consider(asked(verifier))
    assert isinstance(found, ConsentQuestion)
    assert found.asker.startswith("Example Hospital")
    assert DOCUMENT in world.wire.urls()
    filled_wallet.share(found)
    assert verifier.answer()["vp_token"]


def test_a_document_with_another_key_is_not_believed(world, filled_wallet, verifier):
    publish(world, did_document(WEB, [generate_signer().public_key]))
    found = filled_wallet.consider(asked(verifier))
    assert isinstance(found, Refusal)
    assert found.kind == "forged"


@pytest.mark.parametrize("document", [{}, {"id": "did:web:other.example"}])
def test_a_document_of_somebody_else_is_not_believed(world, filled_wallet, verifier, document):
    publish(world, document)
    found = filled_wallet.consider(asked(verifier))
    assert isinstance(found, Refusal)
    assert found.kind == "forged"


def test_an_identifier_that_is_not_listed_is_not_looked_up(world, filled_wallet):
    verifier = SuiteVerifier(world)
    found = filled_wallet.consider(asked(verifier))
    assert isinstance(found, Refusal)
    assert found.kind == "unknown"
    assert not world.wire.sent
