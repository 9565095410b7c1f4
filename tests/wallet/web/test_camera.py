"""The camera and the photo: a real browser looks at a code that a real desk shows."""

from __future__ import annotations

import io
import os

import pytest
import segno
from chromium import chromium
from code_film import arguments, film
from playwright.sync_api import sync_playwright

from wallet.web.rendering import STATIC

pytestmark = pytest.mark.browser


def picture(text):
    made = io.BytesIO()
    segno.make(text, micro=False).save(made, kind="png", scale=4, border=4)
    return made.getvalue()


@pytest.fixture(scope="module")
def reader():
    """The reader of codes, which `make assets` fetches with npm."""
    if not (STATIC / "vendor" / "zxing-reader.js").is_file():
        absent = "the reader of QR codes is not there: make assets fetches it"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)


def test_the_camera_reads_the_code_of_a_desk_and_the_question_appears(reader, wallets, tmp_path):
    served = wallets("filled")
    seen = film(tmp_path / "code.y4m", served.world.ask()["link"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=arguments(seen),
        )
        context = browser.new_context(permissions=["camera"])
        context.add_cookies([served.cookie])
        page = context.new_page()
        noise, hosts = [], set()
        page.on("console", lambda m: noise.append(m.text))
        page.on("pageerror", lambda e: noise.append(str(e)))
        page.on("request", lambda r: hosts.add(r.url.split("/")[2]))
        page.goto(served.base + "/scan")
        page.get_by_role("button", name="Use the camera").click()
        page.get_by_role("heading", name="Share your information?").wait_for()
        assert noise == []
        assert hosts == {served.base.removeprefix("http://")}
        browser.close()


def test_without_a_camera_the_page_says_what_else_to_do(reader, browser, wallets):
    served = wallets("filled")
    context = browser.new_context()
    context.add_cookies([served.cookie])
    page = context.new_page()
    page.goto(served.base + "/scan")
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_text("We cannot use the camera here.").wait_for()
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_photo_of_a_code_leads_to_the_question(browser, wallets, scripts):
    served = wallets("filled")
    context = browser.new_context(java_script_enabled=scripts)
    context.add_cookies([served.cookie])
    page = context.new_page()
    page.goto(served.base + "/scan")
    link = served.world.ask()["link"]
    photo = {"name": "photo.png", "mimeType": "image/png", "buffer": picture(link)}
    page.set_input_files("#picture", files=[photo])
    page.click("#bring button[type=submit]")
    page.get_by_role("heading", name="Share your information?").wait_for()
    context.close()


def test_a_photo_of_something_else_is_told_beside_the_form(browser, wallets):
    served = wallets("filled")
    context = browser.new_context()
    context.add_cookies([served.cookie])
    page = context.new_page()
    page.goto(served.base + "/scan")
    photo = {"name": "cat.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    page.set_input_files("#picture", files=[photo])
    page.click("#bring button[type=submit]")
    page.locator("#text-error").wait_for()
    context.close()
