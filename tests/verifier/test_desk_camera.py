"""The camera of the desk: a real browser looks at an emergency card, and nothing leaves it."""

from __future__ import annotations

import os

import pytest
from card_desk import made
from chromium import chromium
from code_film import arguments, film
from desk_world import make_desk
from page_server import serving
from playwright.sync_api import sync_playwright

from verifier.web import create_app
from verifier.web.rendering import STATIC

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(world, tmp_path_factory):
    """The form for a card, in a browser whose camera sees one."""
    if not (STATIC / "vendor" / "zxing-reader.js").is_file():
        absent = "the reader of QR codes is not there: make assets fetches it"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    folder = tmp_path_factory.mktemp("camera")
    desk = make_desk(world, folder / "desk")
    seen = film(folder / "card.y4m", made(world))
    with serving(create_app(desk.settings, desk)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments(seen))
        opened = browser.new_context(permissions=["camera"]).new_page()
        opened.noise, opened.hosts = [], set()
        opened.on("console", lambda m: opened.noise.append(m.text))
        opened.on("pageerror", lambda e: opened.noise.append(str(e)))
        opened.on("request", lambda r: opened.hosts.add(r.url.split("/")[2]))
        opened.goto(f"{base}/cards")
        yield opened
        browser.close()
    desk.shut()


def test_the_camera_reads_a_card_and_waits_for_the_reason(page):
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_text("The code was read.").wait_for()
    assert page.get_by_role("button", name="Use the camera").is_visible()
    assert page.locator("video").is_hidden()
    page.get_by_label("4. Emergency").check()
    page.get_by_label("Who are you?").fill("Dr Example")
    page.get_by_role("button", name="Read the card").click()
    page.get_by_role("heading", name="Known allergies").wait_for()
    assert page.noise == []
    assert len(page.hosts) == 1
