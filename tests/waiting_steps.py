"""What wallets wait for: an offer that is put off, staff who decide, and the time between."""

from __future__ import annotations

from datetime import timedelta

from refreshing_world import ISSUER

from issuer import service
from issuer.service import Decision

DEFERRED = f"{ISSUER}/deferred_credential"


def waited(world, wallet, **more):
    """A wallet that took an offer, of which nothing came."""
    offer = world.offer_source()
    assert wallet.accept(wallet.add_offer(offer.link), offer.pin, **more) == ()
    world.wire.sent.clear()
    return wallet.waiting.list()


def decide(world, decision=Decision.RELEASE, *, only=None):
    for one in service.waiting_records(world.issuer):
        if only is None or only in one.configuration:
            service.decide(world.issuer, deferral=one.id, decision=decision)


def later(world):
    world.now += timedelta(seconds=world.issuer.settings.deferred_interval_seconds)


def codes(outcomes):
    return [one.code for one in outcomes]
