"""Every page of the desk in a real browser, in both languages, each loaded once a language.

Accessible (axe), narrow (320 px, also from right to left), usable by keyboard alone with a focus
that can be seen, readable in forced colours, silent on the console, asking nobody else; whole in
Welsh; and all of it without scripts.
"""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium
from desk_states import paths
from desk_world import make_desk
from page_server import serving
from playwright.sync_api import sync_playwright
from walking import FOCUSABLE, LOST_TEXT, OVERFLOW, UNSEEN_FOCUS, reached_by_keyboard

from healthpassport.languages import LANGUAGES
from verifier.web import create_app
from verifier.web.languages import COOKIE

pytestmark = pytest.mark.browser
# Rules of axe that words can break; the rest does not depend on the language.
OF_WORDS = {
    "runOnly": [
        "cat.language",
        "cat.name-role-value",
        "cat.text-alternatives",
        "cat.forms",
        "cat.tables",
    ]
}
# Words that no Welsh sentence has.
ENGLISH = re.compile(
    r"\b(the|and|was|with|from|this|that|your|which|has|been|not|you|for|it)\b", re.IGNORECASE
)
# What the page says itself: not what a record or a person said, nor names.
OWN_TEXT = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll('[lang=en], .desk-header__organisation, svg, script')
    .forEach(e => e.remove());
  const spoken = [...copy.querySelectorAll('[aria-label]')].map(e => e.ariaLabel);
  return [document.title, ...spoken, copy.textContent].join('\\n');
}"""
SAID_BY_PEOPLE = ("Asked for by the ward", "Example Surgery", "Other Surgery")
FIRST_SCREEN = {"width": 1100, "height": 700}
NAMES = (
    "start", "today", "help", "problem", "card form", "card", "card refused", "receipt",
    "waiting", "answering", "confirm", "declined", "expired", "closed", "refused",
    "refused deep inside", "result accepted", "result another person", "result partly",
    "result failed", "result withdrawn", "result nobody", "result old", "result unsure",
    "result out of date", "result narrative", "result two sources",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(world, tmp_path_factory):
    """The address of the pages, and the path of each state."""
    desk = make_desk(world, tmp_path_factory.mktemp("walk") / "desk")
    app = create_app(desk.settings, desk)
    with serving(app) as base:
        yield base, paths(world, desk, app.state.cards)
    desk.shut()


@pytest.fixture(scope="module")
def views(served):
    """``views(language, scripts)``: one page of the browser each."""
    base, _ = served
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        made = {}

        def get(language="en", *, scripts=True):
            if (language, scripts) not in made:
                context = browser.new_context(
                    viewport={"width": 320, "height": 700}, java_script_enabled=scripts
                )
                context.add_cookies([{"name": COOKIE, "value": language, "url": base}])
                page = context.new_page()
                page.noise, page.hosts = [], set()
                page.on("console", lambda m: page.noise.append(m.text))
                page.on("pageerror", lambda e: page.noise.append(str(e)))
                page.on("request", lambda r: page.hosts.add(r.url.split("/")[2]))
                made[language, scripts] = page
            page = made[language, scripts]
            page.noise.clear()
            page.hosts.clear()
            return page

        yield get
        browser.close()


def test_the_walk_knows_every_state(served):
    assert set(NAMES) == set(served[1])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_desk_can_be_used_by_everybody(name, language, served, views):
    base, found = served
    page = views(language)
    page.goto(base + found[name])
    assert page.locator("html").get_attribute("lang") == language
    result = Axe().run(page, options=None if language == "en" else OF_WORDS)
    assert result.violations_count == 0, result.generate_report()
    assert page.evaluate(OVERFLOW) == 0
    if language == "en":
        assert reached_by_keyboard(page) == []
        assert page.evaluate(UNSEEN_FOCUS, FOCUSABLE) == []
        page.emulate_media(forced_colors="active")
        assert page.evaluate(LOST_TEXT) == []
        page.emulate_media(forced_colors="none")
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate(OVERFLOW) == 0
    else:
        said = page.evaluate(OWN_TEXT)
        for words in SAID_BY_PEOPLE:
            said = said.replace(words, "")
        assert ENGLISH.findall(said) == []
    # A browser says itself that a page answered 4xx; anything else on the console is a fault.
    assert [words for words in page.noise if "Failed to load resource" not in words] == []
    assert page.hosts == {base.removeprefix("http://")}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_desk_works_without_scripts(name, served, views):
    base, found = served
    page = views(scripts=False)
    page.goto(base + found[name])
    assert page.locator("h1").first.is_visible()
    assert page.locator("main").inner_text().strip()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("result")])
def test_who_it_is_the_allergy_line_and_what_failed_are_on_the_first_screen(name, served, views):
    base, found = served
    page = views()
    page.set_viewport_size(FIRST_SCREEN)
    try:
        page.goto(base + found[name])
        wanted = [".desk-glance__allergies"]
        if name != "result nobody":
            wanted.append(".desk-banner")
        wanted += [".desk-glance__line--failed", ".desk-glance__line--unsure"]
        for selector in wanted:
            for box in (one.bounding_box() for one in page.locator(selector).all()):
                assert box["y"] + box["height"] <= FIRST_SCREEN["height"], selector
        assert page.locator(wanted[0]).inner_text().strip()
    finally:
        page.set_viewport_size({"width": 320, "height": 700})


def test_the_language_is_chosen_without_scripts_and_stays(served, views):
    base, found = served
    page = views(scripts=False)
    page.goto(base + found["result accepted"])
    page.get_by_role("button", name="Cymraeg").click()
    page.get_by_text("Alergeddau hysbys").first.wait_for()
    assert page.url == base + found["result accepted"]
    page.goto(base)
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Ask a patient to share their record").wait_for()
