"""Ways into the wallet."""

from __future__ import annotations

from wallet_pages import Case, filled
from wallet_world import PASSPHRASE


def wrong(page, _served):
    page.fill("#secret", "not the right words")
    page.click("main button[type=submit]")
    page.locator("#secret-error").wait_for()


def remove(served):
    return f"/ways/remove/{served.visit.wallet.ways.list()[0].id}"


PAGES = (
    Case("ways", "/ways"),
    Case("two ways", "/ways", state="two ways"),
    Case("change, wrong", "/ways", steps=wrong),
    Case("passkey", "/ways/passkey"),
    Case("words", "/ways/words"),
    Case("words, wrong", "/ways/words", steps=wrong),
    Case("remove", remove, state="two ways"),
    Case("remove, wrong", remove, state="two ways", steps=wrong),
)


def two_ways(world, folder):
    made = filled(world, folder)
    made.ways.add_words(made.ways.new_words(), given=PASSPHRASE)
    made.ways.add_passkey(b"a passkey", b"\x07" * 32, given=PASSPHRASE, label="my phone")
    return made


STATES = {"two ways": two_ways}
