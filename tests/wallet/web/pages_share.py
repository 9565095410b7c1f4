"""*Share your information?* and what follows."""

from __future__ import annotations

from family import ANN, about, numbered
from wallet_pages import Case, bring


def asked(page, served):
    bring(page, served, served.world.ask()["link"])
    page.locator("input[name=tick]").first.wait_for()


def looked(page, served):
    asked(page, served)
    page.click("button[value=look]")
    page.locator(".nhsuk-inset-text").wait_for()


def without_an_allergy(page, served):
    asked(page, served)
    page.locator(".hp-box--1 input").first.uncheck()
    page.locator("button[value=share]").last.click()
    page.locator("input[name=sure]").wait_for(state="attached")


def without_anything(page, served):
    asked(page, served)
    for box in page.locator("input[name=tick]").all():
        box.uncheck()
    page.click("button[value=share]")
    page.locator(".hp-alert").wait_for()


def shared(page, served):
    asked(page, served)
    page.click("button[value=share]")
    page.wait_for_url("**/shared/*")


def declined(page, served):
    asked(page, served)
    page.click("button[value=decline]")
    page.wait_for_url("**/not-shared/*")


def unknown(page, served):
    link = "openid4vp://?client_id=x509_san_dns:evil.example&request_uri=https://evil.example/r"
    bring(page, served, link)
    page.wait_for_url("**/share/*")


def nothing_held(page, served):
    bring(page, served, served.world.ask()["link"])
    page.locator("button[value=decline]").wait_for()


def which(page, served):
    bring(page, served, served.world.ask()["link"])
    page.locator("input[name=person]").first.wait_for()


def acting(page, served):
    which(page, served)
    page.locator("input[name=person]").last.check()
    page.click("#main .nhsuk-button")
    page.locator(".hp-acting").wait_for()


PAGES = (
    Case("question", steps=asked),
    Case("question, looked at", steps=looked),
    Case("question, a second look", state="sharing", steps=without_an_allergy),
    Case("question, nothing left", state="sharing", steps=without_anything),
    Case("shared", steps=shared),
    Case("not shared", steps=declined),
    Case("whose records", state="family", steps=which),
    Case("acting for a child", state="family", steps=acting),
    Case("refused", steps=unknown),
    Case("question without records", state="empty", steps=nothing_held),
)


def sharing(world, folder):
    """Boxes stay unticked once they were: in a wallet of its own."""
    made = world.wallet(folder)
    offer = world.offer()
    made.accept(made.add_offer(offer.link), offer.pin)
    return made


def family(world, folder):
    """The owner's records and a child's."""
    made = sharing(world, folder)
    offer = world.offer(about(numbered(ANN)))
    made.accept(made.add_offer(offer.link), offer.pin, person="new")
    return made


STATES = {"sharing": sharing, "family": family}
