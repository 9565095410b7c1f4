"""Every page of the desk in a real browser, in both languages, each loaded once a language.

Accessible (axe), narrow (320 px, also from right to left), usable by keyboard alone with a focus
that can be seen, readable in forced colours, silent on the console, asking nobody else; whole in
Welsh; and all of it without scripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_rules import ALL_RULES, OF_WORDS, faults
from chromium import chromium
from desk_states import paths
from desk_words import templates
from desk_world import make_desk
from page_server import serving
from playwright.sync_api import sync_playwright
from simulated_provider import Provider
from staff_states import staff_paths
from staff_world import staff_desk
from walking import OVERFLOW, seen_whole, stands_without_mouse_or_colours

from healthpassport.languages import LANGUAGES
from verifier.web import create_app
from verifier.web.languages import COOKIE

pytestmark = pytest.mark.browser
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
NO_PAGES = {"base.html", "parts.html", "signed_in.html", "record_written.html"}
NARROW = {"width": 320, "height": 700}
UNNAMED = {"result nobody", "card refused"}
FIRST_SCREEN = {"width": 1100, "height": 700}
NAMES = (
    "start", "today", "help", "problem", "card form", "card", "card refused", "receipt", "record",
    "waiting", "answering", "confirm", "declined", "expired", "closed", "refused",
    "refused deep inside", "result accepted", "result another person", "result partly",
    "result failed", "result withdrawn", "result nobody", "result old", "result unsure",
    "result out of date", "result narrative", "result two sources", "sign in", "sign in refused",
    "signed out", "result closed to a clerk", "result closed to a clinician", "set-up",
    "audit", "audit of nothing",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Where a page is, and as whom it is opened."""

    base: str
    path: str
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self):
        return self.base + self.path


@pytest.fixture(scope="module")
def pages(world, tmp_path_factory):
    """Every page by name: of a desk without sign-in, and of one at which staff sign in."""
    home = tmp_path_factory.mktemp("walk")
    desk, provider = make_desk(world, home / "desk"), Provider()
    staffed = staff_desk(world, home / "staffed", provider)
    app, staff = create_app(desk.settings, desk), create_app(staffed.settings, staffed)
    with serving(app) as base, serving(staff) as other:
        found = paths(world, desk, app.state.cards)
        of_staff = staff_paths(world, staffed, staff, provider)
        yield {
            **{name: Page(base, path) for name, path in found.items()},
            **{name: Page(other, *where) for name, where in of_staff.items()},
        }
    desk.shut()
    staffed.shut()


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
            tab.goto(where.address)
            return tab

        yield get
        browser.close()


def test_the_walk_knows_every_state_and_leaves_no_template_out(pages):
    assert set(NAMES) == set(pages)
    seen = {shown_by(where) for where in pages.values()}
    assert {path.name for path in templates()} - NO_PAGES == seen


def shown_by(where):
    """The template of a page."""
    cookies = "; ".join(f"{name}={value}" for name, value in where.cookies.items())
    asked = Request(where.address, headers={"cookie": cookies})  # noqa: S310 - of this test
    try:
        with urlopen(asked, timeout=60) as answer:  # noqa: S310
            text = answer.read().decode()
    except HTTPError as error:
        text = error.read().decode()
    return re.search(r'data-page="([a-z_/.]+)"', text)[1]


def what_matters_is_on_the_first_screen(page, *, named):
    """Who it is, the allergy line, what failed, what is old or could not be checked."""
    page.set_viewport_size(FIRST_SCREEN)
    parts = [".desk-glance__allergies", *([".desk-banner"] if named else [])]
    assert all(page.locator(part).inner_text().strip() for part in parts)
    parts += [".desk-alert--person", ".desk-glance__line--failed", ".desk-glance__line--unsure"]
    for box in (one.bounding_box() for part in parts for one in page.locator(part).all()):
        assert box["y"] + box["height"] <= FIRST_SCREEN["height"]
    page.set_viewport_size(NARROW)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_desk_can_be_used_by_everybody(name, language, pages, views):
    page = views(pages[name], language)
    assert page.locator("html").get_attribute("lang") == language
    whole = seen_whole(language)
    assert faults(page, ALL_RULES if whole else OF_WORDS) == []
    assert page.evaluate(OVERFLOW) == 0
    if whole:
        stands_without_mouse_or_colours(page)
        if page.locator(".desk-glance").count():
            what_matters_is_on_the_first_screen(page, named=name not in UNNAMED)
    if language != "en":
        said = page.evaluate(OWN_TEXT)
        for words in SAID_BY_PEOPLE:
            said = said.replace(words, "")
        assert ENGLISH.findall(said) == []
    # A browser says itself that a page answered 4xx; anything else on the console is a fault.
    assert [words for words in page.noise if "Failed to load resource" not in words] == []
    assert page.hosts == {pages[name].base.removeprefix("http://")}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_the_desk_works_without_scripts(name, pages, views):
    page = views(pages[name], scripts=False)
    assert page.locator("h1").first.is_visible()
    assert page.locator("main").inner_text().strip()


def test_the_language_is_chosen_without_scripts_and_stays(pages, views):
    where = pages["result accepted"]
    page = views(where, scripts=False)
    page.get_by_role("button", name="Cymraeg").click()
    page.get_by_text("Alergeddau hysbys").first.wait_for()
    assert page.url == where.address
    page.goto(where.base)
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Ask a patient to share their record").wait_for()
