"""Settings, and the end of everything."""

from __future__ import annotations

from wallet_pages import Case
from wallet_world import PASSPHRASE

from wallet.service.erasing import LEFT, Erased


def wrong(page, _served):
    page.fill("#secret", "not the right words")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


def deleted(served):
    return f"/deleted/{served.visit.open(Erased(('vault.db',), LEFT['en']))}"


def mended(page, _served):
    page.fill("#secret", PASSPHRASE)
    page.click("main button[type=submit]")
    page.wait_for_url("**/mended/*")


PAGES = (
    Case("settings", "/settings"),
    Case("delete", "/delete"),
    Case("delete, wrong", "/delete", steps=wrong),
    Case("mend", "/mend", state="locked"),
    Case("mend, wrong", "/mend", state="locked", steps=wrong),
    Case("mended", "/mend", state="locked", steps=mended),
    Case("deleted", deleted),
)
