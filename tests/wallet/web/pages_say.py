"""A person's own words."""

from __future__ import annotations

from wallet_pages import Case


def nothing(page, _served):
    page.click("#main .nhsuk-button")
    page.locator("#words-error").wait_for()


def no_day(page, _served):
    page.fill("#words", "Please speak slowly.")
    page.fill("#day", "yesterday")
    page.click("#main .nhsuk-button")
    page.locator("#words-error").wait_for()
    assert page.input_value("#day") == "yesterday"


PAGES = (
    Case("say", "/say"),
    Case("say, nothing", "/say", steps=nothing),
    Case("say, no day", "/say", steps=no_day),
)
