"""An emergency card as a browser prints it: its size, its code at 150 dpi, and nothing cut off."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from card_holder import HOME, add
from PIL import Image
from record_examples import allergies
from wallet_pages import serving

from healthpassport.summary import Item, PatientSummary

pytestmark = pytest.mark.browser
POINTS = 72 / 25.4  # of one millimetre
DOTS = 150 / 96  # printer dots of one CSS pixel
CUT = """paper => [paper, ...paper.querySelectorAll('*')]
  .filter(e => getComputedStyle(e).overflow !== 'visible').map(e => e.outerHTML)"""
NAMES = [f"Allergy number {n} of a long list" for n in range(1, 19)]


@pytest.fixture(scope="module")
def served(whole_world, tmp_path_factory):
    """A card with many allergies: more than one side holds."""
    made = whole_world.wallet(tmp_path_factory.mktemp("paper"))
    many = tuple(Item({"text": name}) for name in NAMES)
    add(made, whole_world, PatientSummary((HOME, allergies(items=many))))
    made.cards.make(made.cards.choices().ticked)
    with serving(whole_world, made) as running:
        yield running


@pytest.fixture
def printed(browser, served):
    """``printed(path, language)``: the page as its printer sees it, at 150 dots an inch."""
    contexts = []

    def get(path, language="en"):
        context = browser.new_context(device_scale_factor=DOTS, java_script_enabled=False)
        contexts.append(context)
        context.add_cookies(
            [served.cookie, {"name": "language", "value": language, "url": served.base}]
        )
        page = context.new_page()
        page.goto(f"{served.base}/cards/{served.wallet.cards.list()[0].id}{path}")
        page.emulate_media(media="print")
        return page

    yield get
    for context in contexts:
        context.close()


def sizes(page):
    """Width and height of each page of the print, in millimetres."""
    made = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made)
    return [(round(float(w) / POINTS), round(float(h) / POINTS)) for w, h in boxes]


def read(page):
    with Image.open(io.BytesIO(page.locator(".hp-paper__code svg").screenshot())) as picture:
        return [
            found.text
            for found in zxingcpp.read_barcodes(
                picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode
            )
        ]


@pytest.mark.parametrize("language", ["en", "cy"])
def test_a_card_prints_on_two_sides_of_90_by_55_millimetres(printed, language):
    found = sizes(printed("/print", language))
    assert set(found) == {(90, 55)}
    assert len(found) == 2  # words, and the code


@pytest.mark.parametrize("language", ["en", "cy"])
def test_a_list_that_a_side_cannot_hold_is_not_begun_on_it(printed, language):
    """A first side with some of the allergies would look whole."""
    text = printed("/print", language).locator(".hp-paper").first.inner_text()
    assert "18 of 18 on this card" in text
    assert "The list is too long for this side." in text
    assert not [name for name in NAMES if name in text]


@pytest.mark.parametrize("language", ["en", "cy"])
def test_large_print_is_on_a4(printed, language):
    found = sizes(printed("/large", language))
    assert set(found) == {(210, 297)}
    assert len(found) >= 3


def test_every_allergy_is_printed_with_its_number_and_nothing_is_cut(printed):
    page = printed("/large")
    lines = page.locator(".hp-paper ol").first.locator("li")
    assert lines.all_inner_texts() == NAMES
    paper = page.locator(".hp-paper").first
    assert paper.evaluate(CUT) == []
    assert "18 of 18 on this card" in paper.inner_text()


@pytest.mark.parametrize("path", ["/print", "/large"])
def test_the_printed_code_is_read_at_150_dpi(printed, served, path):
    sheet = served.wallet.cards.print_data(served.wallet.cards.list()[0].id)
    page = printed(path)
    assert read(page) == [sheet.code.text]
    box = page.locator(".hp-paper__code svg").bounding_box()
    assert box["height"] / 96 * 25.4 == pytest.approx(sheet.code.side_mm, abs=0.3)


@pytest.mark.parametrize("path", ["/print", "/large"])
def test_nothing_of_the_pages_around_is_on_paper(printed, path):
    page = printed(path)
    for selector in (".hp-header", ".hp-bar", ".hp-footer", ".hp-unprinted", ".nhsuk-skip-link"):
        assert not page.locator(selector).first.is_visible()
    text = page.locator("body").inner_text()
    assert "Anyone who holds this card can read it." in text
    assert "999 000 0018" not in text
    assert "Example Street" not in text
