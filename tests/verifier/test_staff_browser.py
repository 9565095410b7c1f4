"""The pages around signing in, in a real browser: narrow, by keyboard, in forced colours."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import uvicorn
from axe_rules import faults
from chromium import chromium
from playwright.sync_api import sync_playwright
from simulated_provider import Provider
from staff_world import Browser, asked_and_answered

pytestmark = pytest.mark.browser
WAYS = ({"viewport": {"width": 320, "height": 800}}, {"forced_colors": "active"})


@pytest.fixture(scope="module")
def sessions(staff, staff_pages):
    """The cookies of somebody of each role; made before a browser runs its own loop here."""
    provider = Provider()
    exchange = staff.sign_in._provider._exchange
    exchange._fetcher.provider = provider
    exchange._metadata = exchange._keys = None
    made = {}
    for name in ("clerk", "clinician", "another clinician", "admin"):
        one = Browser(staff_pages, provider)
        assert one.sign_in(name.rpartition(" ")[2]).status == 303
        made[name] = one.cookies
    return made


@pytest.fixture(scope="module")
def pages(sessions, base):
    """Makes a page of somebody who is signed in; of nobody for None."""
    path = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])

        def page_as(who, **options):
            context = launched.new_context(**options)
            held = sessions[who] if who else {}
            context.add_cookies([{"name": n, "value": v, "url": base} for n, v in held.items()])
            return context.new_page()

        yield page_as
        launched.close()


@pytest.fixture(scope="module")
def base(staff_pages):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(staff_pages, host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://localhost:{port}"
    server.should_exit = True
    thread.join(60)


@pytest.mark.parametrize("options", WAYS, ids=["narrow", "forced colours"])
def test_every_page_of_signing_in_is_accessible(world, staff, base, pages, options):
    result = asked_and_answered(world, staff)
    staff.sign_in.make_codes(1)
    walk = [
        (None, "/sign-in"),
        (None, "/signed-out"),
        ("clerk", f"/requests/{result.id}"),
        ("clerk", "/cards"),  # refused
        ("clinician", f"/requests/{result.id}"),
        ("clinician", "/cards"),
        ("admin", "/set-up"),
        ("admin", "/audit"),
    ]
    opened = {role: pages(role, **options) for role in dict.fromkeys(role for role, _ in walk)}
    for role, path in walk:
        page, noise = opened[role], []
        page.on("pageerror", lambda error, noise=noise: noise.append(str(error)))
        page.goto(base + path)
        assert faults(page) == [], path
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, path
        assert noise == []
    for page in opened.values():
        page.context.close()


def test_a_clinician_opens_a_result_by_keyboard_and_signs_out(world, staff, base, pages):
    result = asked_and_answered(world, staff)
    page = pages("another clinician", java_script_enabled=False)
    page.goto(f"{base}/requests/{result.id}")
    page.get_by_label("I am in the team that cares for the patient").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Open clinical sections").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Known allergies").wait_for()
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You are signed out of this desk").wait_for()
    page.goto(f"{base}/requests/{result.id}")
    assert page.get_by_role("heading", name="Sign in to use this desk").is_visible()
    page.context.close()
