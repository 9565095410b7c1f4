"""Emergency cards: the list, choosing, a second look, too much, one card, paper, withdrawing."""

from __future__ import annotations

from card_holder import HELD, TOO_MUCH, add
from wallet_pages import Case


def held(world, folder):
    made = world.wallet(folder)
    add(made, world, HELD)
    return made


def carded(world, folder):
    made = held(world, folder)
    made.cards.make(made.cards.choices().ticked)
    return made


def overfull(world, folder):
    made = world.wallet(folder)
    add(made, world, TOO_MUCH)
    return made


def first(path=""):
    def found(served):
        return f"/cards/{served.wallet.cards.list()[0].id}{path}"

    return found


def untick(page, _served):
    page.uncheck("input[name=tick]:checked >> nth=0")
    page.click("button[value=make]")
    page.locator("input[name=sure]").wait_for(state="attached")


def too_much(page, _served):
    page.click("button[value=make]")
    page.locator(".hp-alert").first.wait_for()


STATES = {"held": held, "carded": carded, "overfull": overfull}
PAGES = (
    Case("no card yet", "/cards", "held"),
    Case("choose", "/cards/new", "held"),
    Case("look once more", "/cards/new", "held", untick),
    Case("too much", "/cards/new", "overfull", too_much),
    Case("no list", "/cards/new", "empty"),
    Case("the list", "/cards", "carded"),
    Case("one card", first(), "carded"),
    Case("a card to print", first("/print"), "carded"),
    Case("in large print", first("/large"), "carded"),
    Case("withdraw", first("/withdraw"), "carded"),
)
