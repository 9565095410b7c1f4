"""Offers that come to nothing leave the wallet as it was: strangers, broken batches, the gone."""

from __future__ import annotations

import dataclasses
import json

import pytest
from wallet_state import contents
from wallet_world import ISSUER

from healthpassport.errors import FetchError, PassportError, TrustError
from healthpassport.fetch import HttpResponse
from healthpassport.trust.model import TrustList

KINDS = {
    "trust.issuer_unknown": "unknown",
    "wallet.credential_rejected": "unsound",
    "ssrf.blocked": "unsafe",
    "wallet.issuer_failed": "failed",
    "oid4vci.response": "failed",
    "net.unreachable": "gone",
    "net.timeout": "gone",
}


def unchanged(wallet, action, code):
    """``action`` is refused with ``code`` and its own words; every row of the vault stays."""
    before = contents(wallet)
    with pytest.raises(PassportError, match=f"^{code}: ") as caught:
        action()
    assert contents(wallet) == before
    told = wallet.offer_refusal(caught.value)
    assert (told.code, told.kind) == (code, KINDS[code])
    assert told.title
    assert told.next_step
    assert told.side in {"theirs", "network"}


def sent(world, ending):
    return [r for r in world.wire.sent if r.url.startswith(ISSUER) and r.url.endswith(ending)]


def test_an_unknown_issuer_gets_neither_pin_nor_question(world, filled_wallet, monkeypatch):
    offer = world.offer()

    def nobody(_self, _iss):
        raise TrustError("trust.issuer_unknown")

    preview = filled_wallet.add_offer(offer.link)
    monkeypatch.setattr(TrustList, "issuer", nobody)
    unchanged(
        filled_wallet, lambda: filled_wallet.accept(preview, offer.pin), "trust.issuer_unknown"
    )
    assert not sent(world, "/token")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (HttpResponse(500, {}, b""), "wallet.issuer_failed"),
        (HttpResponse(200, {}, b'{"credentials": []}'), "oid4vci.response"),
        (HttpResponse(200, {}, b"{"), "wallet.issuer_failed"),
        (FetchError("net.unreachable"), "net.unreachable"),
        (FetchError("net.timeout"), "net.timeout"),
    ],
    ids=["fails", "empty", "cut", "gone", "hangs"],
)
def test_a_batch_that_ends_half_way_leaves_nothing(world, filled_wallet, wrong, code):
    offer = world.offer()
    preview = filled_wallet.add_offer(offer.link)
    asked = []

    def bent(request, answer):
        if not request.url.endswith("/credential"):
            return answer
        asked.append(request)
        if len(asked) == 1:
            return answer
        if isinstance(wrong, FetchError):
            raise wrong
        return wrong

    world.wire.bend = bent
    unchanged(filled_wallet, lambda: filled_wallet.accept(preview, offer.pin), code)
    assert len(asked) == 2


def test_vci_038_a_copy_that_was_swapped_in_the_batch_spoils_all_of_it(world, filled_wallet):
    offer = world.offer()
    preview = filled_wallet.add_offer(offer.link)

    def bent(request, answer):
        if not request.url.endswith("/credential"):
            return answer
        value = json.loads(answer.body)
        value["credentials"][-1] = value["credentials"][0]
        return dataclasses.replace(answer, body=json.dumps(value).encode())

    world.wire.bend = bent
    unchanged(
        filled_wallet,
        lambda: filled_wallet.accept(preview, offer.pin),
        "wallet.credential_rejected",
    )


@pytest.mark.parametrize(
    "link",
    [
        "openid-credential-offer://?credential_offer_uri=http://surgery.example/offer",
        'openid-credential-offer://?credential_offer={"credential_issuer":"http://surgery.example"}',
    ],
)
def test_vci_037_an_offer_in_the_open_is_not_fetched(world, filled_wallet, link):
    unchanged(filled_wallet, lambda: filled_wallet.add_offer(link), "ssrf.blocked")
    assert not world.wire.sent
