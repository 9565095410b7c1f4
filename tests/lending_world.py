"""An owner's wallet and a helper's, for the tests of lending; fixtures are named in conftest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from healthpassport.errors import PassportError


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def add(world, wallet, made=None, **more):
    offer = world.offer(made)
    return wallet.accept(wallet.add_offer(offer.link), offer.pin, **more)


def record(wallet, kind="AllergySummary"):
    return next(view.id for view in wallet.records() if view.type == kind)


def lent(owner, helper, items=None, **more):
    """The owner's identity and allergies, lent and kept; returns the gift."""
    invitation = helper.helpers.invite("Mair")
    parts = [
        owner.part(record(owner, "PatientIdentity")),
        owner.part(record(owner), items=items),
    ]
    gift = owner.helpers.give(invitation.text, parts, **more)
    helper.helpers.keep(helper.helpers.look(gift.package))
    return gift


def later(wallet, **span):
    """The same wallet, some time on; its vault counts that as idle."""
    clock = wallet._around.clock
    wallet.close()
    wallet._around = replace(wallet._around, clock=lambda: clock() + timedelta(**span))
    wallet.unlock("three made-up words")
    return wallet


def copies(wallet):
    vault = wallet._vault
    return [vault.read("copies", row) for row in vault.rows("copies")]
