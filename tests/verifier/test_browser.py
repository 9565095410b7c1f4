"""The page for staff in a real browser: accessible, quiet, live, and usable without scripts."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import uvicorn
from axe_rules import faults
from chromium import chromium
from desk_world import full_wallet, handle_of, make_desk
from playwright.sync_api import sync_playwright

from verifier.web import create_app
from verifier.web.app import DESK

pytestmark = pytest.mark.browser
WIDTHS = (1100, 320)


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(world, tmp_path_factory):
    desk = make_desk(world, tmp_path_factory.mktemp("browser") / "desk")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(
        create_app(desk.settings, desk), host="127.0.0.1", port=port, log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield desk, f"http://localhost:{port}"
    server.should_exit = True
    thread.join(60)
    desk.shut()


def answer(world, desk, view):
    wallet = full_wallet(world)
    request = wallet.read(desk, view.link, desk.lists.views(view.created_at).trust)
    desk.receive(handle_of(view.link), wallet.answer(request))


def watched(browser, **options):
    """A page, with everything it says to the console and every host it asks."""
    page = browser.new_page(**options)
    noise, hosts = [], set()
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    return page, noise, hosts


def test_a_result_appears_by_itself_and_can_be_forgotten(world, served, browser):
    desk, base = served
    page, noise, _ = watched(browser)
    page.goto(base)
    page.get_by_label("Emergency admission").check()
    page.get_by_role("button", name="Show the code").click()
    assert page.get_by_role("img", name="QR code").is_visible()
    view = desk.look(page.url.rpartition("/")[2], desk=DESK)
    answer(world, desk, view)
    page.get_by_role("heading", name="Known allergies").wait_for(timeout=30_000)
    page.get_by_role("button", name="Close and forget").click()
    page.get_by_role("heading", name="Ask a patient to share their record").wait_for()
    page.goto(f"{base}/requests/{view.id}")
    assert page.get_by_role("heading", name="Closed and forgotten").is_visible()
    assert noise == []
    page.close()


def test_the_whole_way_works_by_keyboard_without_scripts(world, served, browser):
    desk, base = served
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to main content"
    page.get_by_label("Medicines reconciliation").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Show the code").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Time left").wait_for()
    view = desk.look(page.url.rpartition("/")[2], desk=DESK)
    answer(world, desk, view)
    page.get_by_role("heading", name="Known allergies").wait_for(timeout=30_000)
    context.close()


def type_person(page, year="1958"):
    page.get_by_label("Emergency admission").check()
    page.get_by_label("Last name").fill("Example")
    for label, value in (("Day", "14"), ("Month", "7"), ("Year", year)):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("NHS number").fill("999 000 0018")


@pytest.mark.parametrize("scripts", [True, False])
def test_staff_type_whom_they_expect_and_are_warned_of_a_difference(
    world, served, browser, scripts
):
    desk, base = served
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(base)
    type_person(page, year="1959")
    page.get_by_role("button", name="Show the code").click()
    page.get_by_text("Time left").wait_for()
    view = desk.look(page.url.rpartition("/")[2], desk=DESK)
    answer(world, desk, view)
    warning = page.get_by_text("The date of birth is not that of the person admitted")
    warning.wait_for(timeout=30_000)
    assert page.get_by_text("EXAMPLE, Given").is_visible()
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_day_that_cannot_be_is_named_beside_its_field(served, browser, width):
    _, base = served
    page, noise, _ = watched(browser, viewport={"width": width, "height": 800})
    page.goto(base)
    type_person(page, year="1958")
    page.get_by_label("Month", exact=True).fill("13")
    page.get_by_role("button", name="Show the code").click()
    assert page.get_by_text("Birth date must be a real date").is_visible()
    assert page.get_by_label("Last name").input_value() == "Example"
    assert page.get_by_label("Emergency admission").is_checked()
    assert faults(page) == []
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow == 0
    # A page that answers 400 is said to be an error by the browser itself, and by nothing else.
    assert all("400" in words for words in noise)
    page.close()
