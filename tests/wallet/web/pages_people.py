"""The people in one wallet."""

from __future__ import annotations

import secrets

from family import ANN, about, numbered
from wallet_pages import Case, filled

from wallet.handing import invite


def family(world, folder):
    made = filled(world, folder)
    offer = world.offer(about(numbered(ANN)))
    made.accept(made.add_offer(offer.link), offer.pin, person="new")
    return made


def ann(served):
    return f"/people/{served.visit.wallet.people.find('Ann').id}"


def lent(world, folder):
    """A family of whom a helper has something."""
    made = family(world, folder)
    text = invite("Mair", now=world.world.clock(), random=secrets.token_bytes).invitation.text
    record = next(r for r in made.records("Ann") if r.type == "AllergySummary")
    made.helpers.give(text, [made.part(record.id)])
    return made


def not_yet(page, _served):
    page.click("main button[type=submit]")
    page.locator(".hp-alert").wait_for()


def wrong(page, _served):
    page.fill("#label", "x" * 90)
    page.click("main button[type=submit]")
    page.locator(".nhsuk-error-message").wait_for()


STATES = {"family": family, "lent": lent}
PAGES = (
    Case("records of several people", state="family"),
    Case("list", "/people", state="family"),
    Case("nobody", "/people", state="empty"),
    Case("one", ann, state="family"),
    Case("a word that cannot be used", ann, state="family", steps=wrong),
    Case("remove", lambda served: f"{ann(served)}/remove", state="family"),
    Case("remove whom a helper has", lambda s: f"{ann(s)}/remove", state="lent", steps=not_yet),
    Case("no such person", "/people/00000000000000"),
)
