"""Every page of the console in a real browser, in both languages, each loaded once a language.

Accessible (axe), narrow (320 px, also from right to left), usable by keyboard alone with a focus
that can be seen, readable in forced colours, silent on the console, asking nobody else; whole in
Welsh; and all of it without scripts. A new page needs its state in ``console_states``.
"""

from __future__ import annotations

import re

import pytest
from axe_rules import ALL_RULES, OF_WORDS, faults
from chromium import chromium
from console_reports import report_keys
from console_states import NAMES, console_pages
from console_words import CONSOLE, templates
from console_world import Practice
from page_server import serving
from playwright.sync_api import sync_playwright
from walking import OVERFLOW, seen_whole, stands_without_mouse_or_colours

from healthpassport.languages import LANGUAGES
from issuer.web.languages import COOKIE

pytestmark = pytest.mark.browser
# Words that no Welsh sentence has.
ENGLISH = re.compile(
    r"\b(the|and|was|with|from|this|that|your|which|has|been|not|you|for|it)\b", re.IGNORECASE
)
# What the page says itself: not what a record or a person said, nor names.
OWN_TEXT = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll('[lang=en], .console-header__organisation, svg')
    .forEach(e => e.remove());
  const spoken = [...copy.querySelectorAll('[aria-label]')].map(e => e.ariaLabel);
  return [document.title, ...spoken, copy.textContent].join('\\n');
}"""
NO_PAGES = {
    "base.html", "parts.html", "links.html", "signed_in.html", "keeping/links.html",
    "card/both.html", "card/link.html",
}  # fmt: skip
NARROW = {"width": 320, "height": 700}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walk")
    practice = Practice(folder, changes=report_keys(folder))
    with serving(practice.app) as base:
        yield console_pages(practice, base)


@pytest.fixture(scope="module")
def views():
    """``views(page, language, scripts)``: one tab of the browser for each language, at the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        made = {}

        def get(where, language="en", *, scripts=True):
            if (language, scripts) not in made:
                context = browser.new_context(viewport=NARROW, java_script_enabled=scripts)
                tab = context.new_page()
                tab.noise, tab.hosts = [], set()
                tab.on("console", lambda m: tab.noise.append(m.text))
                tab.on("pageerror", lambda e: tab.noise.append(str(e)))
                tab.on("request", lambda r: tab.hosts.add(r.url.split("/")[2]))
                made[language, scripts] = tab
            tab = made[language, scripts]
            cookies = {COOKIE: language, **where.cookies}
            tab.context.clear_cookies()
            tab.context.add_cookies(
                [{"name": n, "value": v, "url": where.base} for n, v in cookies.items()]
            )
            tab.noise.clear()
            tab.hosts.clear()
            tab.at = where.opened(tab)
            return tab

        yield get
        browser.close()


def test_every_page_works_without_scripts_and_no_template_is_left_out(pages, views):
    assert set(NAMES) == set(pages)
    shown = set()
    for where in pages.values():
        page = views(where, scripts=False)
        assert page.locator("h1").first.is_visible()
        assert page.locator("main").inner_text().strip()
        shown.add(page.locator("body").get_attribute("data-page"))
    folder = CONSOLE / "templates"
    names = {path.relative_to(folder).as_posix() for path in templates()}
    own = {name for name in names if not name.startswith("patient/")}  # walked by a test of theirs
    assert own - NO_PAGES == shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_console_can_be_used_by_everybody(name, language, pages, views):
    page = views(pages[name], language)
    assert page.locator("html").get_attribute("lang") == language
    whole = seen_whole(language)
    assert faults(page, ALL_RULES if whole else OF_WORDS) == []
    assert page.evaluate(OVERFLOW) == 0
    if whole:
        stands_without_mouse_or_colours(page)
    if language != "en":
        assert ENGLISH.findall(page.evaluate(OWN_TEXT)) == []
    # A browser says itself that a page answered 4xx; anything else on the console is a fault.
    assert [words for words in page.noise if "Failed to load resource" not in words] == []
    assert page.hosts == {pages[name].base.removeprefix("http://")}


def test_the_language_of_the_console_is_chosen_without_scripts_and_stays(pages, views):
    page = views(pages["help"], scripts=False)
    page.get_by_role("button", name="Cymraeg").click()
    page.locator("html[lang=cy]").wait_for()
    assert page.url == page.at
    page.get_by_role("button", name="English").click()
    page.locator("html[lang=en]").wait_for()
