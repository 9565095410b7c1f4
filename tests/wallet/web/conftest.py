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


@pytest.fixture(scope="module")
def views(browser):
    """``views(served, language, ...)``: a browser's page for that wallet and language, reused."""
    made = {}

    def get(served, language="en", *, scripts=True, known=True):
        key = (served.base, language, scripts, known)
        if key not in made:
            context = browser.new_context(
                viewport={"width": 320, "height": 700}, java_script_enabled=scripts
            )
            context.add_cookies([{"name": "language", "value": language, "url": served.base}])
            if known:
                context.add_cookies([served.cookie])
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.noise, page.hosts = [], set()
            page.on("console", lambda m: page.noise.append(m.text))
            page.on("pageerror", lambda e: page.noise.append(str(e)))
            page.on("request", lambda r: page.hosts.add(r.url.split("/")[2]))
            made[key] = page
        page = made[key]
        page.noise.clear()
        page.hosts.clear()
        return page

    yield get
    for page in made.values():
        page.context.close()
