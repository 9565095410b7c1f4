"""Coming in and going out."""

from __future__ import annotations

from wallet_pages import Case


def weak(page, _served):
    page.fill("#secret", "short")
    page.fill("#secret-again", "short")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


def wrong(page, _served):
    page.fill("#secret", "not the right words")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


PAGES = (
    Case("set up", "/set-up", state="new"),
    Case("set up, too short", "/set-up", state="new", steps=weak),
    Case("unlock", "/unlock", state="locked"),
    Case("unlock, wrong", "/unlock", state="locked", steps=wrong),
    Case("blank", "/blank", title_only=True),
    Case("unknown page", "/nothing"),
    Case("not this browser", "/", known=False),
)
