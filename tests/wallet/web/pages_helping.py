"""People who help."""

from __future__ import annotations

import secrets

from wallet_pages import Case, filled

from wallet.handing import invite

PACKAGES = {}


def lending(world, folder):
    """A wallet that has lent something."""
    made = filled(world, folder)
    text = invite("Mair", now=world.world.clock(), random=secrets.token_bytes).invitation.text
    made.helpers.give(text, [made.part("2", items=[1])])
    made.helpers.invite("Quillon")
    return made


def ended(world, folder):
    made = lending(world, folder)
    world.wire.down.add("localhost:9002")
    made.helpers.end("1")
    world.wire.down.clear()
    return made


def borrowing(world, folder):
    """A wallet to which somebody has sent a package."""
    made, other = filled(world, folder), filled(world, folder / "other")
    text = made.helpers.invite("Mair").text
    PACKAGES["text"] = other.helpers.give(text, [other.part("2", items=[1])]).package
    other.close()
    return made


def gift(served, path):
    return f"/helping/{served.visit.wallet.helpers.given()[0].id}/{path}"


def no_name(page, _served):
    page.click("main button[type=submit]")
    page.locator(".nhsuk-error-message").wait_for()


def invited(page, _served):
    page.fill("#name", "Mair")
    page.click("main button[type=submit]")
    page.locator(".hp-qr").wait_for()


def choosing(page, served):
    now = served.world.world.clock()
    made = invite("Mair", now=now, random=secrets.token_bytes)
    page.fill("#invitation", made.invitation.text)
    page.click("main button[type=submit]")
    page.locator("#how-week").wait_for()


def nothing(page, served):
    choosing(page, served)
    page.click("button[value=look]")
    page.locator(".hp-alert").wait_for()


def looking(page, served):
    """A list with one line unticked."""
    choosing(page, served)
    page.locator("input[name=record]").nth(1).check()
    page.locator("input[name=line]").first.uncheck()
    page.click("button[value=look]")
    page.locator("#agree").wait_for()


def unsaid(page, served):
    looking(page, served)
    page.click("button[value=lend]")
    page.locator(".hp-alert").wait_for()


def lent(page, served):
    choosing(page, served)
    turn = served.kept["turn"] = served.kept.get("turn", 0) + 1
    page.locator("input[name=record]").nth(turn % 2).check()
    page.click("button[value=look]")
    page.check("#agree")
    page.click("button[value=lend]")
    page.locator("a[download]").wait_for()


def looked(page, _served):
    page.fill("#package", PACKAGES["text"])
    page.click("main button[type=submit]")
    page.locator("input[name=agree]").wait_for(state="attached")


STATES = {"lending": lending, "ended": ended, "borrowing": borrowing, "giving": filled}
PAGES = (
    Case("overview", "/helping", state="lending"),
    Case("overview of what has ended", "/helping", state="ended"),
    Case("nothing lent", "/helping"),
    Case("invite", "/helping/invite"),
    Case("invite without a name", "/helping/invite", steps=no_name),
    Case("invitation", "/helping/invite", state="giving", steps=invited),
    Case("paste", "/helping/lend"),
    Case("paste nothing", "/helping/lend", steps=no_name),
    Case("choose", "/helping/lend", steps=choosing),
    Case("choose nothing", "/helping/lend", steps=nothing),
    Case("look before lending", "/helping/lend", steps=looking),
    Case("lend without comparing", "/helping/lend", steps=unsaid),
    Case("lent", "/helping/lend", state="giving", steps=lent),
    Case("add", "/helping/add"),
    Case("add nothing", "/helping/add", steps=no_name),
    Case("look", "/helping/add", state="borrowing", steps=looked),
    Case("end", lambda served: gift(served, "end"), state="lending"),
    Case("no such gift", "/helping/00000000000000/end"),
)
