"""Travel mode: put it away, the number, bring it back."""

from __future__ import annotations

from pathlib import Path

from wallet_pages import Case
from wallet_world import PASSPHRASE

from wallet.service.travel import Away

AWAY = Away(Path("/media/stick") / ("photos-of-the-last-holiday-" * 3), "1234-5678")


def number(name):
    def steps(page, served):
        page.goto(f"{served.base}/travel/{name}/{served.visit.open(AWAY)}")

    return steps


def nowhere(page, _served):
    page.fill("#place", "photos")
    page.fill("#secret", PASSPHRASE)
    page.click("main button[type=submit]")
    page.locator("#place-error").wait_for()


def no_file(page, _served):
    page.fill("#secret", PASSPHRASE)
    page.click("main button[type=submit]")
    page.locator("#file-error").wait_for()


PAGES = (
    Case("put away", "/travel"),
    Case("put away, no place", "/travel", steps=nowhere),
    Case("away", "/", "new", number("gone")),
    Case("bring back", "/travel/back", "new"),
    Case("bring back, no file", "/travel/back", "new", no_file),
    Case("bring back over a wallet", "/travel/back"),
    Case("back", "/", "filled", number("here")),
)
