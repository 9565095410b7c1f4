from __future__ import annotations

import contextlib

import pytest
from chromium import chromium
from playwright.sync_api import sync_playwright
from wallet_pages import STATES, serving


@pytest.fixture(scope="module")
def browser():
    """Of one module: while it lasts, no other test of this process could run a loop of its own."""
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def wallets(whole_world, tmp_path_factory):
    """``wallets(state)``: the pages of a wallet in that state, made once a session."""
    with contextlib.ExitStack() as held:
        made = {}

        def get(state):
            if state not in made:
                wallet = STATES[state](whole_world, tmp_path_factory.mktemp(state))
                made[state] = held.enter_context(
                    serving(whole_world, wallet, locked=state == "locked")
                )
            made[state].ready()
            return made[state]

        yield get


NARROW = {"width": 320, "height": 700}


def watched(context):
    """A tab that notes what it says on its console, and every host that is asked.

    ``base`` is whose pages it shows: what a page of before still asks for is not theirs.
    """
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.noise, page.hosts, page.base = [], set(), ""

    def asked(request):
        if request.is_navigation_request() or page.url.startswith(page.base):
            page.hosts.add(request.url.split("/")[2])

    page.on("console", lambda m: page.noise.append(m.text))
    page.on("pageerror", lambda e: page.noise.append(str(e)))
    page.on("request", asked)
    return page


@pytest.fixture(scope="module")
def views(browser):
    """``views(served, language, ...)``: a tab for that wallet's pages.

    There is one for each language, with and without scripts, known and unknown: cookies have
    their wallet's port in their name.
    """
    made = {}

    def get(served, language="en", *, scripts=True, known=True):
        key = (language, scripts, known)
        if key not in made:
            made[key] = watched(browser.new_context(viewport=NARROW, java_script_enabled=scripts))
        page = made[key]
        own = [{"name": "language", "value": language, "url": served.base}]
        page.context.add_cookies([*own, served.cookie] if known else own)
        page.base = f"{served.base}/"
        page.noise.clear()
        page.hosts.clear()
        return page

    yield get
    for page in made.values():
        page.context.close()
