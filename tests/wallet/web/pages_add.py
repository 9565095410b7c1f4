"""An offer of a surgery."""

from __future__ import annotations

from family import MAIR, about, numbered
from wallet_pages import Case, bring


def offered(page, served):
    served.kept["offer"] = served.world.offer()
    bring(page, served, served.kept["offer"].link, "/add")
    page.locator("#pin").wait_for()


def wrong_pin(page, served):
    offered(page, served)
    page.fill("#pin", "000000" if served.kept["offer"].pin != "000000" else "111111")
    page.click("#main .nhsuk-button")
    page.locator("#pin-error").wait_for()


def added(page, served):
    offered(page, served)
    page.fill("#pin", served.kept["offer"].pin)
    page.click("#main .nhsuk-button")
    page.wait_for_url("**/added/*")


def whose(page, served):
    offer = served.world.offer(about(numbered(MAIR)))
    bring(page, served, offer.link, "/add")
    page.fill("#pin", offer.pin)
    page.click("#main .nhsuk-button")
    page.locator("input[name=person]").first.wait_for()


PAGES = (
    Case("offer", steps=offered),
    Case("offer, wrong PIN", steps=wrong_pin),
    Case("whose records", steps=whose),
    Case("added", state="adding", steps=added),
)


def adding(world, folder):
    """Records come to it in this table alone: no other page's record goes away meanwhile."""
    return world.wallet(folder)


STATES = {"adding": adding}
