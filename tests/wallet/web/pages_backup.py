"""Backup: make, test, bring back, parts, sheet, the old device."""

from __future__ import annotations

from wallet_pages import Case
from wallet_world import PASSPHRASE


def wrong(page, _served):
    page.fill("#secret", "not the right words")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


def printed(page, _served):
    page.fill("#secret", PASSPHRASE)
    page.click("main button[type=submit]")
    page.locator(".hp-sheet").first.wait_for()


PAGES = (
    Case("overview", "/backup"),
    Case("make", "/backup/make"),
    Case("make, wrong", "/backup/make", steps=wrong),
    Case("test", "/backup/test"),
    Case("test, no file", "/backup/test", steps=wrong),
    Case("restore", "/backup/restore", state="new"),
    Case("restore, no file", "/backup/restore", state="new", steps=wrong),
    Case("restore over a wallet", "/backup/restore"),
    Case("parts", "/backup/parts"),
    Case("parts, printed", "/backup/parts", steps=printed),
    Case("sheet", "/backup/sheet"),
    Case("old device", "/backup/old-device"),
)
