"""What stands on every page, in a real browser: leave, lock, language, reading, the idle lock."""

from __future__ import annotations

import pytest
from wallet_pages import unlock

pytestmark = pytest.mark.browser
VOICES = """
const spoken = window.spoken = [];
const voices = %s;
Object.defineProperty(window, 'speechSynthesis', {value: {
  speaking: false, getVoices: () => voices, cancel() { this.speaking = false; },
  speak(words) { this.speaking = true; spoken.push([words.text, words.lang]); },
}});
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


@pytest.fixture
def page(browser, wallets):
    served = wallets("filled")
    context = browser.new_context()
    context.add_cookies([served.cookie])
    made = context.new_page()
    made.set_default_timeout(60_000)
    made.served = served
    yield made
    context.close()


def test_leaving_hides_the_page_locks_the_wallet_and_leaves_no_way_back(page):
    page.goto(page.served.base)
    page.click("#leave button")
    page.wait_for_url("**/blank")
    assert page.served.visit.wallet.locked
    assert "Health" not in page.content()
    page.go_back()
    assert "/unlock" in page.url or page.url == "about:blank"


def test_locking_shows_the_unlock_page_and_then_the_page_as_before(page):
    page.goto(page.served.base + "/nothing?n=1")
    page.click("#lock")
    unlock(page)
    assert page.url.endswith("/nothing?n=1")


def test_the_language_changes_and_is_remembered(page):
    page.goto(page.served.base)
    page.click("button[name=language][value=cy]")
    page.get_by_role("heading", name="Eich cofnodion").wait_for()
    page.goto(page.served.base)
    assert page.locator("html").get_attribute("lang") == "cy"
    page.click("button[name=language][value=en]")
    page.get_by_role("heading", name="Your records").wait_for()


def test_enter_in_a_form_sends_the_form_and_not_a_control_above_it(page):
    page.served.visit.wallet.lock()
    page.goto(page.served.base + "/unlock")
    page.fill("#secret", "not the words")
    page.keyboard.press("Enter")
    page.locator("#secret-error").wait_for()
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_page_is_read_by_a_voice_of_this_device(page):
    page.add_init_script(VOICES % "[{lang: 'en-GB', localService: true}]")
    page.goto(page.served.base)
    page.get_by_role("button", name="Read aloud").click()
    (text, language) = page.evaluate("spoken")[0]
    assert text.startswith("Your records")
    assert language == "en-GB"
    page.get_by_role("button", name="Stop reading").click()


@pytest.mark.parametrize(
    "voices",
    ["[]", "[{lang: 'en-GB', localService: false}]", "[{lang: 'fr-FR', localService: true}]"],
)
def test_no_voice_of_somebody_else_reads_a_page(page, voices):
    page.add_init_script(VOICES % voices)
    page.goto(page.served.base)
    assert page.locator("#aloud button").count() == 0


def test_the_page_warns_before_the_wallet_locks_and_then_locks_it(page):
    page.clock.install()
    page.goto(page.served.base)
    page.clock.fast_forward("14:05")
    page.get_by_role("button", name="I am still here").click()
    page.locator("#idle").wait_for(state="hidden")
    page.clock.fast_forward("14:05")
    page.locator("#idle").wait_for(state="visible")
    page.clock.fast_forward("01:00")
    page.wait_for_url("**/unlock")
    assert page.served.visit.wallet.locked
