"""Settings, and the end of everything."""

from __future__ import annotations

from wallet_pages import Case

from wallet.service.erasing import LEFT, Erased


def wrong(page, _served):
    page.fill("#secret", "not the right words")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


def deleted(served):
    return f"/deleted/{served.visit.open(Erased(('vault.db',), LEFT['en']))}"


PAGES = (
    Case("settings", "/settings"),
    Case("delete", "/delete"),
    Case("delete, wrong", "/delete", steps=wrong),
    Case("deleted", deleted),
)
