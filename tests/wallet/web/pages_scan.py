"""A code comes in."""

from __future__ import annotations

from wallet_pages import Case, bring


def nothing(page, served):
    bring(page, served, "")
    page.locator("#text-error").wait_for()


PAGES = (
    Case("scan", "/scan"),
    Case("add", "/add"),
    Case("nothing typed", "/scan", steps=nothing),
)
