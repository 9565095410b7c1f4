"""Who has seen it: asking once more, the list, one line, sheet, letter, a receipt on paper."""

from __future__ import annotations

from wallet_pages import Case, filled
from wallet_world import PASSPHRASE


def shared(world, folder):
    """A wallet that shared once."""
    made = filled(world, folder)
    made.share(made.prepare(world.ask()["link"]))
    return made


def opening(path="/past"):
    """The passphrase once more, then on to ``path``."""

    def steps(page, served):
        served.wallet.open_past(PASSPHRASE)
        entry = served.wallet.past.entries()[0].id
        page.goto(served.base + path.format(entry=entry))

    return steps


def wrong(page, served):
    served.wallet.past.close()
    page.goto(served.base + "/past/unlock")
    page.fill("#secret", "not the one")
    page.click("#main button[type=submit]")


def closed(page, served):
    served.wallet.past.close()
    page.goto(served.base + "/past")


def nonsense(page, served):
    served.wallet.open_past(PASSPHRASE)
    page.goto(served.base + "/past/receipt")
    page.fill("#receipt", "this is no receipt")
    page.click("#main button[type=submit]")


STATES = {"shared": shared}
PAGES = (
    Case("once more", "/", "shared", closed),
    Case("a wrong passphrase", "/", "shared", wrong),
    Case("the list", "/", "shared", opening()),
    Case("one line", "/", "shared", opening("/past/{entry}")),
    Case("the sheet", "/", "shared", opening("/past/{entry}/sheet")),
    Case("the letter", "/", "shared", opening("/past/{entry}/letter")),
    Case("a receipt on paper", "/", "shared", opening("/past/receipt")),
    Case("no receipt", "/", "shared", nonsense),
)
