"""Settings, and the end of everything."""

from __future__ import annotations

from wallet_pages import Case


def wrong(page, _served):
    page.fill("#secret", "not the right words")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


PAGES = (
    Case("settings", "/settings"),
    Case("delete", "/delete"),
    Case("delete, wrong", "/delete", steps=wrong),
    Case("deleted", "/deleted"),
)
