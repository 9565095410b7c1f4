"""Ways into the wallet on its pages, and a passkey in a real browser."""

from __future__ import annotations

import re

import pytest
from wallet_pages import Browser, empty, serving
from wallet_world import PASSPHRASE

from wallet.vault import WayKind

SECRET = {"secret": PASSPHRASE}


@pytest.fixture
def inside(world, tmp_path):
    browser = Browser(empty(world, tmp_path)).enter()
    yield browser
    browser.visit.wallet.close()


def kinds(wallet):
    return [way.kind for way in wallet.ways.list()]


def new_words(inside):
    path = inside.get("/ways/words").headers["location"]
    page = inside.get(path).text
    return path, re.findall(r"<li>([a-z]+)</li>", page)


def test_twelve_words_open_the_wallet_once_their_owner_has_written_them_down(inside):
    path, words = new_words(inside)
    assert len(words) == 12
    assert kinds(inside.visit.wallet) == [WayKind.PASSPHRASE]
    assert inside.fill(path, SECRET).headers["location"] == "/ways"
    inside.visit.wallet.lock()
    typed = " ".join(word.upper() for word in words)
    assert inside.fill("/unlock", {"secret": typed}).status == 303
    assert not inside.visit.wallet.locked


def test_words_are_not_taken_without_a_way_that_opens_and_are_shown_no_more_when_locked(inside):
    path, _ = new_words(inside)
    wrong = inside.fill(path, {"secret": "not it at all"})
    assert wrong.status == 400
    assert kinds(inside.visit.wallet) == [WayKind.PASSPHRASE]
    inside.fill("/lock", {"back": "/"})
    inside.fill("/unlock", SECRET)
    assert inside.get(path).status == 404


def test_the_passphrase_is_changed_by_who_knows_the_old_one(inside):
    new = {"secret_new": "quite other words", "secret_again": "quite other words"}
    assert inside.fill("/ways", {**new, "secret": "not it at all"}).status == 400
    assert inside.fill("/ways", {**new, **SECRET, "secret_again": "others"}).status == 400
    short = {"secret_new": "x", "secret_again": "x"}
    assert inside.fill("/ways", {**SECRET, **short}).status == 400
    assert inside.fill("/ways", {**SECRET, **new}).status == 303
    inside.visit.wallet.lock()
    assert inside.fill("/unlock", SECRET).status == 400
    assert inside.fill("/unlock", {"secret": "quite other words"}).status == 303


def test_the_last_way_in_cannot_be_taken_out(inside):
    way = inside.visit.wallet.ways.list()[0]
    assert inside.fill(f"/ways/remove/{way.id}", SECRET).status == 400
    path, _ = new_words(inside)
    inside.fill(path, SECRET)
    words = inside.visit.wallet.ways.list()[1]
    assert inside.fill(f"/ways/remove/{words.id}", {"secret": "no"}).status == 400
    assert inside.fill(f"/ways/remove/{words.id}", SECRET).status == 303
    assert kinds(inside.visit.wallet) == [WayKind.PASSPHRASE]
    assert inside.get(f"/ways/remove/{words.id}").status == 404


@pytest.mark.parametrize(
    "passkey",
    [
        {"credential": "", "secret_prf": ""},
        {"credential": "YWJj", "secret_prf": "YWJj"},
        {"credential": "YWJj", "secret_prf": "A" * 43},
        {"credential": "!!", "secret_prf": "B" * 43},
        {"credential": "YWJj", "secret_prf": "="},
    ],
)
def test_what_is_no_passkey_is_told_and_changes_nothing(inside, passkey):
    answer = inside.fill("/ways/passkey", {**SECRET, **passkey, "label": "my phone"})
    assert answer.status == 400
    assert "my phone" in answer.text
    assert kinds(inside.visit.wallet) == [WayKind.PASSPHRASE]
    inside.visit.wallet.lock()
    assert inside.fill("/unlock", passkey).status == 400
    assert inside.visit.wallet.locked


@pytest.mark.browser
def test_a_passkey_is_made_and_opens_the_wallet(browser, whole_world, tmp_path):
    with serving(whole_world, empty(whole_world, tmp_path)) as served:
        context = browser.new_context()
        context.add_cookies([served.cookie])
        page = context.new_page()
        page.set_default_timeout(60_000)
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "hasPrf": True,
            "automaticPresenceSimulation": True,
        }
        added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto(served.base + "/ways/passkey")
        page.fill("#label", "my phone")
        page.fill("#secret", PASSPHRASE)
        page.get_by_role("button", name="Make the passkey").click()
        page.get_by_text("my phone").first.wait_for()
        assert kinds(served.visit.wallet) == [WayKind.PASSPHRASE, WayKind.PASSKEY]
        page.click("#lock")
        page.get_by_role("button", name="Use a passkey").click()
        page.get_by_role("heading", name="Ways into your wallet").wait_for()
        assert not served.visit.wallet.locked
        page.click("#lock")
        devtools.send("WebAuthn.removeVirtualAuthenticator", added)
        options |= {"hasPrf": False}
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.get_by_role("button", name="Use a passkey").click()
        page.get_by_text("That did not work.").wait_for()
        assert served.visit.wallet.locked
        context.close()
