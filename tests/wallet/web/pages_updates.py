"""Keeping up to date, and telling a surgery that something is wrong."""

from __future__ import annotations

from dataclasses import replace

from wallet_pages import Case, filled

from wallet.service.put_off import change_put_off, read_put_off


def record(served):
    return f"/records/{served.visit.wallet.records()[-1].id}"


def wrong(served):
    return f"{record(served)}/wrong"


def nothing(page, _served):
    page.click("#main .nhsuk-button")
    page.locator("#words-error").wait_for()


def refreshed(page, _served):
    page.click("main form button")
    page.wait_for_url("**/updated/*")


PAGES = (
    Case("updates", "/updates"),
    Case("updated", "/updates", steps=refreshed),
    Case("still to come", "/updates", state="waiting"),
    Case("no reports", "/reports"),
    Case("something wrong", wrong),
    Case("something wrong, nothing said", wrong, steps=nothing),
    Case("reports", "/reports", state="reported"),
    Case("disputed record", record, state="reported"),
    Case("home, disputed", "/", state="reported"),
)


def reported(world, folder):
    """A wallet that told its surgery something, which this surgery cannot take."""
    made = filled(world, folder)
    made.reports.report(made.records()[-1].id, "I can take penicillin.")
    return made


def waiting(world, folder):
    """A wallet whose surgery has not finished two records, and denied a third."""
    issuer = world.world.issuer_app.state.issuer
    before = issuer.settings
    object.__setattr__(issuer, "settings", before.model_copy(update={"sign_off": "all"}))
    try:
        made = filled(world, folder)
    finally:
        object.__setattr__(issuer, "settings", before)
    denied = replace(read_put_off(made._vault)[0], ended="wallet.record_denied")
    with made._vault.transaction() as writer:
        change_put_off(writer, denied)
    return made


STATES = {"reported": reported, "waiting": waiting}
