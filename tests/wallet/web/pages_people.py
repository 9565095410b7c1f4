"""The people in one wallet."""

from __future__ import annotations

from family import ANN, about, numbered
from wallet_pages import Case, filled


def family(world, folder):
    made = filled(world, folder)
    offer = world.offer(about(numbered(ANN)))
    made.accept(made.add_offer(offer.link), offer.pin, person="new")
    return made


def ann(served):
    return f"/people/{served.visit.wallet.people.find('Ann').id}"


def wrong(page, _served):
    page.fill("#label", "x" * 90)
    page.click("main button[type=submit]")
    page.locator(".nhsuk-error-message").wait_for()


STATES = {"family": family}
PAGES = (
    Case("records of several people", state="family"),
    Case("list", "/people", state="family"),
    Case("nobody", "/people", state="empty"),
    Case("one", ann, state="family"),
    Case("a word that cannot be used", ann, state="family", steps=wrong),
    Case("remove", lambda served: f"{ann(served)}/remove", state="family"),
    Case("no such person", "/people/00000000000000"),
)
