"""Sharing with the real desk, and bending the receipt that it answers with."""

from __future__ import annotations

import pytest
from wallet_world import with_json

from healthpassport.errors import PassportError, TrustError

HOSPITAL = "Example Hospital, Emergency Department"
CARD = b"the octets of a card"


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def share(world, wallet, link=None):
    question = wallet.prepare(link or world.ask()["link"])
    return wallet.share(question)


def bend_receipt(world, change):
    """Let ``change`` alter the receipt in the desk's answer; None takes it out."""

    def altered(value):
        new = change(value.get("receipt"))
        value.pop("receipt", None)
        if new is not None:
            value["receipt"] = new

    def bend(request, answer):
        if "/responses/" in request.url and answer.status == 200:
            return with_json(altered)(answer)
        return answer

    world.wire.bend = bend


def unlisted(_around):
    raise TrustError("trust.stale")
