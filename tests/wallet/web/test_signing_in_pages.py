"""Signing in from the pages: out by a plain link, and back past the cookie of the pages."""

from __future__ import annotations

from html import unescape
from urllib.parse import urlsplit

import pytest
from wallet_pages import Browser
from wallet_signing_in import SigningWorld
from wallet_world import PASSPHRASE

from wallet.web.signing_in import DONE


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return SigningWorld(tmp_path_factory.mktemp("pages") / "w")


@pytest.fixture
def browser(world, tmp_path):
    wallet = world.wallet(tmp_path)
    yield Browser(wallet).enter()
    wallet.close()


def between(page, before, after='"'):
    return unescape(page.text.split(before)[1].split(after)[0])


def left(browser, world):
    """The address to which the page leads."""
    where = browser.bring(world.sign_in_offer().link, "/add")
    assert browser.get(where).status == 200
    page = browser.post(where)
    assert page.status == 200, page.text
    return between(page, '<a class="nhsuk-button" href="')


def landed(browser, back):
    """The page on which a browser without a cookie lands, and what its form sends."""
    parts = urlsplit(back)
    cookies, browser.cookies = browser.cookies, {}
    first = browser.get(f"{parts.path}?{parts.query}", host=parts.netloc)
    assert first.status == 303, first.text
    where = urlsplit(first.headers["location"])
    assert where.hostname == "localhost"
    page = browser.get(f"{where.path}?{where.query}")
    browser.cookies = cookies
    assert page.status == 200, page.text
    return page, between(page, 'name="secret_answer" value="')


def test_a_patient_signs_in_and_sees_what_was_added(browser, world):
    page, answer = landed(browser, world.patient(left(browser, world)))
    assert f'action="{DONE}"' in page.text
    done = browser.fill(DONE, {"secret_answer": answer})
    assert done.headers["location"].startswith("/added/")
    assert browser.follow(done).status == 200
    assert browser.visit.wallet.records()


def test_the_page_of_return_shows_nothing_of_the_wallet_and_runs_no_text(browser, world):
    page, _ = landed(browser, "http://127.0.0.1:8470/add/signed-in?code=%3Cscript%3Ex")
    assert "<script>x" not in page.text
    assert "/lock" not in page.text
    assert browser.visit.wallet.records() == ()


def test_an_answer_without_the_cookie_of_the_pages_does_nothing(browser, world):
    _, answer = landed(browser, world.patient(left(browser, world)))
    cookies, browser.cookies = browser.cookies, {}
    assert browser.fill(DONE, {"secret_answer": answer}).status == 403
    browser.cookies = cookies
    assert browser.visit.wallet.records() == ()


def test_a_form_of_another_site_does_nothing(browser, world):
    _, answer = landed(browser, world.patient(left(browser, world)))
    evil = browser.fill(DONE, {"secret_answer": answer}, origin="https://evil.example")
    assert evil.status == 403
    assert browser.visit.wallet.records() == ()


def test_an_answer_that_another_wallet_began_does_nothing(browser, world, tmp_path):
    other = world.wallet(tmp_path / "other")
    offer = other.add_offer(world.sign_in_offer().link)
    address = other.sign_in(offer, redirect_uri="http://127.0.0.1:8470/add/signed-in")
    _, answer = landed(browser, world.patient(address))
    page = browser.fill(DONE, {"secret_answer": answer})
    assert page.status == 409
    assert "wallet.sign_in_unknown" in page.text
    assert browser.visit.wallet.records() == ()
    other.close()


def test_reloading_what_was_answered_adds_nothing_twice(browser, world):
    _, answer = landed(browser, world.patient(left(browser, world)))
    assert browser.fill(DONE, {"secret_answer": answer}).status == 303
    held = browser.visit.wallet.records()
    assert browser.fill(DONE, {"secret_answer": answer}).status == 409
    assert browser.visit.wallet.records() == held


def test_a_wallet_that_was_locked_meanwhile_goes_on_and_keeps_no_answer(browser, world):
    _, answer = landed(browser, world.patient(left(browser, world)))
    browser.visit.wallet.lock()
    assert browser.fill(DONE, {"secret_answer": answer}).headers["location"] == "/unlock"
    browser.visit.wallet.unlock(PASSPHRASE)
    page = browser.get(DONE)
    assert page.status == 200
    assert answer not in page.text
    assert browser.fill(DONE, {"secret_answer": answer}).status == 303


@pytest.mark.parametrize("host", ["evil.example:8470", "127.0.0.1.evil.example:8470", ""])
def test_only_this_machine_is_led_to_our_name(browser, host):
    assert browser.get("/add/signed-in?code=c", host=host).status == 403


def test_other_pages_are_not_open_under_the_address(browser):
    assert browser.get("/", host="127.0.0.1:8470").status == 403
