"""Every page of every area's table in a real browser, in both languages.

Accessible (axe), narrow (320 px, also from right to left), usable by keyboard alone with a focus
that can be seen, readable in forced colours, silent on the console, asking nobody else; and all of
it without scripts.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from axe_rules import ALL_RULES, OF_WORDS, faults
from walking import OVERFLOW, seen_whole, stands_without_mouse_or_colours
from wallet_pages import STATES

from wallet.web.areas import AREAS
from wallet.web.words import LANGUAGES

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
NO_PAGES = {"brand"}


def table(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


TABLES = {path.stem.removeprefix("pages_"): table(path) for path in HERE.glob("pages_*.py")}
for _module in TABLES.values():
    STATES.update(getattr(_module, "STATES", {}))
CASES = [
    pytest.param(case, id=f"{area}-{case.name}")
    for area, module in sorted(TABLES.items())
    for case in module.PAGES
]


def opened(page, served, case):
    page.goto(served.base + (case.path(served) if callable(case.path) else case.path))
    if case.steps:
        case.steps(page, served)
    page.locator("h1").first.wait_for()
    return page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_a_page_can_be_used_by_everybody(case, language, wallets, views):
    served = wallets(case.state)
    page = opened(views(served, language, known=case.known), served, case)
    assert page.locator("html").get_attribute("lang") == language
    whole = seen_whole(language)
    assert faults(page, ALL_RULES if whole else OF_WORDS) == []
    assert page.evaluate(OVERFLOW) == 0
    if case.known and not case.title_only:
        assert page.locator("#leave button").is_visible()
    if whole:
        stands_without_mouse_or_colours(page)
    # A browser says itself that a page answered 4xx; anything else on the console is a fault.
    assert [words for words in page.noise if "Failed to load resource" not in words] == []
    assert page.hosts == {served.base.removeprefix("http://")}


@pytest.mark.parametrize("case", CASES)
def test_a_page_works_without_scripts(case, wallets, views):
    served = wallets(case.state)
    page = opened(views(served, scripts=False, known=case.known), served, case)
    assert page.locator("h1").first.is_visible()
    assert page.locator("#aloud button").count() == 0


def test_every_area_has_a_table_of_its_pages():
    assert {area.name for area in AREAS} - NO_PAGES == set(TABLES)
