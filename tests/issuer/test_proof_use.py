"""A DPoP proof is used up with what its request writes, and where that is refused (RFC 9449)."""

from __future__ import annotations

import json

import pytest
from simulated_issuer import Wallet
from sqlalchemy import func, select

from healthpassport.errors import ServiceError
from issuer import service
from issuer.store import audit, issuances
from issuer.store.tables import spent


@pytest.fixture
def wallet(make_site):
    found = Wallet(site := make_site(), site.offer(wanted=["AllergySummary"]))
    assert found.ask_token().status == 200
    site.issuer.audit.seal()
    return found


def used(wallet):
    """How many values were used up."""
    with wallet.site.issuer.store.reading() as tx:
        return tx.execute(select(func.count()).select_from(spent)).scalar()


def events(wallet):
    wallet.site.issuer.audit.settle()
    with wallet.site.issuer.store.reading() as tx:
        return [
            (one.event, json.loads(one.entry)["facts"].get("code")) for one in audit.page(tx, 0)
        ]


def asking(wallet, nonce=None):
    """A request with its headers, to be sent once or twice."""
    nonce = nonce or wallet.nonce()
    value = {
        "credential_configuration_id": "AllergySummary",
        "proofs": {"jwt": [wallet.proof(nonce)]},
    }
    headers = {"authorization": f"DPoP {wallet.token}", "dpop": wallet.dpop("/credential")}
    return value, headers


def code_of(answer):
    return answer.status, answer.json()["code"]


def test_a_proof_and_a_nonce_are_used_up_by_the_request_that_issues(wallet):
    before = used(wallet)
    value, headers = asking(wallet)
    assert wallet.post("/credential", value, headers=headers).status == 200
    assert used(wallet) == before + 2
    again = wallet.post("/credential", value, headers=headers)
    assert code_of(again) == (401, "oid4vci.invalid_dpop_proof")
    assert used(wallet) == before + 2
    told = [(name, code) for name, code in events(wallet) if name.endswith(".refused")]
    assert told == [("access.refused", "oid4vci.invalid_dpop_proof")]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"no JSON", "oid4vci.invalid_credential_request"), (None, "oid4vci.invalid_nonce")],
)
def test_a_proof_is_used_up_by_a_request_that_is_refused_too(wallet, body, code):
    before = used(wallet)
    value, headers = asking(wallet, nonce="A" * 54)
    refused = wallet.post("/credential", body or value, headers=headers)
    assert refused.json()["code"] == code
    assert used(wallet) == before + 1
    # That it was used before is told, whatever else is wrong or right with the request.
    for sent in (body or value, asking(wallet)[0]):
        again = wallet.post("/credential", sent, headers=headers)
        assert code_of(again) == (401, "oid4vci.invalid_dpop_proof")
    assert service.issued(wallet.site.issuer) == ()


def test_a_proof_is_used_up_where_nothing_could_be_written(wallet, monkeypatch):
    before = used(wallet)
    value, headers = asking(wallet)

    def full(*_):
        raise ServiceError("issuer.unavailable")

    with monkeypatch.context() as without_room:
        without_room.setattr(issuances, "keep_answer", full)
        refused = wallet.post("/credential", value, headers=headers)
    assert code_of(refused) == (503, "issuer.unavailable")
    assert used(wallet) == before + 1  # the nonce is not
    assert wallet.post("/credential", value).status == 200
    assert len(service.issued(wallet.site.issuer)) == 1
