"""Every page of the console by name: ``console_pages(...)`` opens them on two practices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from console_kept import CARDS, KEPT, card_pages, kept_pages
from console_many import MANY, WAITING, many_pages, waits
from console_world import NUMBER, Walk

AGNES = "9990000042"  # whose allergies stand in words alone


@dataclass(frozen=True)
class Page:
    """Where a page is, and as whom it is opened.

    What answers a form has the fields to fill and the button to press first; what can be opened
    once has ``fresh``, which gives the path of another one.
    """

    base: str
    path: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    ticks: Mapping[str, bool] = field(default_factory=dict)
    press: str = ""
    fresh: Callable[[], str] | None = None

    def opened(self, tab):
        """Open it in ``tab``; its own address."""
        path = self.path if self.fresh is None else self.fresh()
        tab.goto(self.base + path)
        for selector, value in self.fields.items():
            tab.fill(selector, value)
        for selector, ticked in self.ticks.items():
            tab.set_checked(selector, ticked)
        if self.press:
            tab.click(self.press)
        return self.base + path


NAMES = (
    "home", "help", "set-up", "problem", "sign in", "sign in refused", "signed out", "find",
    "find nothing typed", "identity", "identity not said", "preview", "preview of words alone",
    "hand over", "handed", "handed by letter", "letter", "today", "given", "offer", "offer added",
    "change", "take back", "found", "pin", "pin letter", "waiting looked", "waiting not looked",
    "many not read", "second look", "both by letter", "forget", "forget look", "forget done",
    "forget nothing typed", *KEPT, *CARDS, *MANY, *WAITING,
)  # fmt: skip


def console_pages(practice, base):
    """Each page of ``practice``, which is served at ``base``."""
    browsers = {
        role: practice.browser(role) for role in ("clerk", "clinician", "corrections", "admin")
    }
    of = {role: browser.cookies for role, browser in browsers.items()}
    found = {
        "home": ("/", of["clerk"]),
        "help": ("/help", of["clerk"]),
        "set-up": ("/set-up", of["admin"]),
        "problem": ("/set-up", of["clerk"]),
        "sign in": ("/sign-in", {}),
        "sign in refused": ("/sign-in/callback?state=unknown&code=unknown", {}),
        "signed out": ("/signed-out", {}),
        "find": ("/find", of["clerk"]),
        "today": ("/today", of["clinician"]),
        "given": ("/given", of["clinician"]),
        "forget": ("/forget", of["clinician"]),
        "forget done": ("/forget/done", of["clinician"]),
    }
    walk = Walk(browsers["clinician"])
    found |= kept_pages(practice, of) | many_pages(browsers["admin"])
    found |= {name: (path, of["clinician"]) for name, path in card_pages(walk).items()}
    found |= {name: (path, of["clinician"]) for name, path in of_a_patient(walk).items()}
    waiting = waits(practice, walk.offered())
    found |= {"waiting": ("/waiting", of["clinician"])}
    found |= {"waiting one": (f"/waiting/{waiting}", of["clinician"])}
    pages = {name: Page(base, *where) for name, where in found.items()}
    return pages | answers(pages, walk)


LETTERS = {"link_by": "letter", "pin_by": "letter", "letters": "no_phone"}
FORGET = 'form[action="/forget"] button'
VISITS = 3  # of each page: without scripts, and in each language


def answers(pages, walk):
    """What answers a form of ``pages``."""
    find, told = pages["find"], 'form[action$="/pin"] button'
    # Made now: under a browser's loop nothing can be called.
    said = iter([walk.offered() for _ in range(VISITS)])
    posted = iter([walk.offered(**LETTERS) for _ in range(VISITS)])
    return {
        "card too much": replace(pages["card too much"], press='button[value="make"]'),
        "find nothing typed": replace(find, press='form[action="/find"] button'),
        "found": replace(find, fields={"#nhs-number": NUMBER}, press='form[action="/find"] button'),
        "many not read": replace(
            pages["many"],
            fields={"#lines": "9990000018 +"},
            press='form[action$="/plan"] button',
        ),
        "waiting looked": replace(
            pages["waiting one"],
            fields={"#nhs-number": NUMBER},
            press='form[action$="/look"] button',
        ),
        "second look": replace(
            pages["preview"],
            ticks={"#cautions-read": True, 'input[value="AllergySummary"]': False},
            press='form[action$="/sign-off"] button',
        ),
        "both by letter": replace(
            pages["hand over"],
            ticks={f'input[value="{one}"] >> nth=0': True for one in ("private", "letter")}
            | {'input[name="pin_by"][value="letter"]': True},
            press='form[action$="/hand-over"] button',
        ),
        "forget look": replace(pages["forget"], fields={"#nhs-number": NUMBER}, press=FORGET),
        "forget nothing typed": replace(pages["forget"], press=FORGET),
        "waiting not looked": replace(pages["waiting one"], press='button[value="release"]'),
        "identity not said": replace(pages["identity"], press='form[action$="/identity"] button'),
        "pin": replace(pages["handed"], press=told, fresh=said.__next__),
        "pin letter": replace(pages["handed"], press=told, fresh=posted.__next__),
    }


def of_a_patient(walk):
    """The path of each page of the work with one patient."""
    new, words, chosen, signed = walk.opened(), walk.opened(AGNES), walk.opened(), walk.opened()
    for one in (words, chosen, signed):
        walk.identified(one)
    walk.signed(signed)
    screen, letter = walk.offered(), walk.offered(**LETTERS)
    added = walk.offered()
    walk.collect(added)
    offers = {name: one.replace("handed", "offers") for name, one in (("o", screen), ("a", added))}
    return {
        "identity": new,
        "preview": chosen,
        "preview of words alone": words,
        "hand over": f"{signed}/hand-over",
        "handed": screen,
        "handed by letter": letter,
        "letter": f"{letter}/letter",
        "offer": offers["o"],
        "take back": f"{offers['o']}/change?to=withdraw",
        "offer added": offers["a"],
        "change": f"{offers['a']}/change?to=suspend",
    }
