"""The desk's pages without a phone, and its pages on paper, in a real browser."""

from __future__ import annotations

import io
import socket
import threading
import time

import pytest
import uvicorn
import zxingcpp
from axe_rules import faults
from card_desk import made, picture
from chromium import chromium
from desk_world import full_wallet, handle_of, make_desk
from PIL import Image
from playwright.sync_api import sync_playwright

from verifier.service.cards import Reader
from verifier.web import create_app
from verifier.web.app import DESK

pytestmark = pytest.mark.browser
WIDTHS = (1100, 320)
READER = Reader("Dr Example, 555-0100", 4, role="doctor")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DOTS_150 = 150 / 96  # a printer of 150 dpi, in pixels of the page


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(world, tmp_path_factory):
    world.set_status()
    desk = make_desk(world, tmp_path_factory.mktemp("browser") / "desk")
    app = create_app(desk.settings, desk)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield desk, app.state.cards, f"http://localhost:{port}"
    server.should_exit = True
    thread.join(60)
    desk.shut()


def answered(world, desk):
    view = desk.ask("emergency_admission", desk=DESK)
    wallet = full_wallet(world)
    request = wallet.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), wallet.answer(request))
    return view


def test_a_card_is_typed_and_read_by_keyboard_without_scripts(world, served, browser):
    _, _, base = served
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base)
    page.get_by_role("link", name="Read an emergency card").focus()
    page.keyboard.press("Enter")
    page.get_by_label("What the code or the letters say").focus()
    page.keyboard.insert_text(made(world))
    page.get_by_label("4. Emergency").focus()
    page.keyboard.press("Space")
    page.get_by_label("Who are you?").focus()
    page.keyboard.type("Dr Example")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Known allergies").wait_for()
    assert page.get_by_role("button", name="Print this page").count() == 0
    page.get_by_role("link", name="Receipt for the patient").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your emergency card was read").wait_for()
    context.close()


def test_a_photo_is_read_and_the_card_is_forgotten(world, served, browser, tmp_path):
    _, _, base = served
    photo = tmp_path / "card.png"
    photo.write_bytes(picture(made(world)))
    page = browser.new_page()
    page.goto(f"{base}/cards")
    page.get_by_role("button", name="Read the card").click()
    page.get_by_text("Type or paste the code, or choose a photo of the card").wait_for()
    assert faults(page) == []
    page.get_by_label("Or a photo or scan of the card").set_input_files(photo)
    page.get_by_label("4. Emergency").check()
    page.get_by_label("Who are you?").fill("Dr Example")
    page.get_by_role("button", name="Read the card").click()
    page.get_by_role("heading", name="Known allergies").wait_for()
    where = page.url
    page.get_by_role("button", name="Print this page").wait_for()
    page.get_by_role("button", name="Close and forget").click()
    page.get_by_role("heading", name="Ask a patient to share their record").wait_for()
    page.goto(where)
    page.get_by_role("heading", name="Nothing of this card is kept here.").wait_for()
    page.close()


def on_paper(browser, address, *, scale=1.0):
    page = browser.new_page(
        viewport={"width": 718, "height": 1000}, device_scale_factor=scale
    )  # A4 without its margins
    page.emulate_media(media="print")
    page.goto(address)
    return page


@pytest.mark.parametrize("kind", ["result", "card"])
def test_on_paper_there_is_everything_to_know_and_nothing_to_press(world, served, browser, kind):
    desk, cards, base = served
    path = (
        f"/requests/{answered(world, desk).id}"
        if kind == "result"
        else f"/cards/{cards.read(made(world), reader=READER).id}"
    )
    page = on_paper(browser, base + path)
    for said in (
        "This desk",
        "EXAMPLE, Given",
        "Known allergies",
        "From Example Surgery (A12345)",
        "As of ",
        "Not withdrawn: checked, list",
        "Checked at ",
        "The trust list was",
    ):
        assert page.get_by_text(said).first.is_visible(), said
    for control in ("button", "form", "input", ".nhsuk-button", ".desk-header__brand"):
        assert not any(one.is_visible() for one in page.locator(control).all()), control
    # Printers leave backgrounds out: the banner's words are dark on the paper itself.
    colour = page.locator(".desk-banner").evaluate("e => getComputedStyle(e).color")
    assert colour == "rgb(0, 0, 0)"
    assert page.evaluate(OVERFLOW) == 0
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.close()


def test_the_code_of_a_receipt_reads_from_paper_at_150_dpi(world, served, browser):
    _, cards, base = served
    held = cards.read(made(world), reader=READER)
    page = on_paper(browser, f"{base}/cards/{held.id}/receipt", scale=DOTS_150)
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    assert held.reading.receipt in [code.text for code in zxingcpp.read_barcodes(shot)]
    assert page.get_by_text(held.reading.receipt).is_visible()
    assert not any(one.is_visible() for one in page.locator("a, button").all())
    page.close()
