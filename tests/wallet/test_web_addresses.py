"""A surgery's web address is taken as its code is; a stranger's is not even asked."""

from __future__ import annotations

from io import BytesIO

import pytest
import segno
from wallet_world import ISSUER

from healthpassport.errors import PassportError, TrustError
from healthpassport.fetch import HttpResponse
from healthpassport.trust.model import TrustList
from wallet.client.pictures import read_picture
from wallet.web.scan import is_offer


def address(offer, iss=ISSUER):
    return f"{iss}/get#{offer.uri.rsplit('/', 1)[1]}"


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def test_the_address_in_a_letter_adds_records(world, wallet):
    offer = world.offer()
    preview = wallet.add_offer(f" {address(offer)}\n")
    assert preview.checked
    assert wallet.accept(preview, offer.pin)
    with refused("wallet.offer_gone"):
        wallet.add_offer(address(offer))


def test_the_secret_is_sent_to_the_offer_alone(world, wallet):
    offer = world.offer()
    wallet.add_offer(address(offer))
    secret = offer.uri.rsplit("/", 1)[1]
    assert [one.url for one in world.wire.sent if secret in one.url] == [offer.uri]


@pytest.mark.parametrize(
    "iss", ["https://evil.example", "https://localhost.evil.example", f"{ISSUER}/x"]
)
def test_a_stranger_is_asked_nothing(world, wallet, iss):
    offer = world.offer()
    before = len(world.wire.sent)
    with refused("trust.issuer_unknown"):
        wallet.add_offer(address(offer, iss))
    assert not [one for one in world.wire.sent[before:] if one.url.startswith(iss)]


def test_a_surgery_that_is_listed_no_more_is_asked_nothing(world, wallet, monkeypatch):
    def nobody(_self, _iss):
        raise TrustError("trust.issuer_unknown")

    offer = world.offer()
    monkeypatch.setattr(TrustList, "issuer", nobody)
    before = len(world.wire.sent)
    with refused("trust.issuer_unknown"):
        wallet.add_offer(address(offer))
    assert not [one for one in world.wire.sent[before:] if "/credential-offers/" in one.url]


def test_an_offer_of_another_issuer_behind_it_leads_nowhere(world, wallet):
    offer = world.offer()

    def bent(request, answer):
        if request.url != offer.uri:
            return answer
        body = answer.body.replace(ISSUER.encode(), b"https://evil.example")
        return HttpResponse(200, answer.headers, body)

    world.wire.bend = bent
    with refused("oid4vci.offer"):
        wallet.add_offer(address(offer))
    assert not [one for one in world.wire.sent if "evil" in one.url]


@pytest.mark.parametrize("cut", [1, 20, 43])
def test_half_an_address_is_an_offer_that_cannot_be_read(world, wallet, cut):
    text = address(world.offer())[:-cut]
    assert is_offer(text)
    before = len(world.wire.sent)
    with refused("oid4vci.offer"):
        wallet.add_offer(text)
    assert len(world.wire.sent) == before


def test_a_hospitals_question_is_no_address_of_an_offer():
    assert not is_offer("https://desk.example/r/get")


def test_a_code_of_the_address_counts_before_one_of_a_shop():
    link = f"{ISSUER}/get#{'A' * 43}"
    out = BytesIO()
    segno.make(link, error="m").save(out, kind="png", scale=4)
    assert read_picture(out.getvalue()) == link
