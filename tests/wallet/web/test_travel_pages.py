"""The pages of travel mode, without a browser: nothing is wiped before the file is whole."""

from __future__ import annotations

import html
import re

import pytest
from wallet_pages import Browser, filled, new
from wallet_world import PASSPHRASE

BOUNDARY = "made-up-boundary"


@pytest.fixture
def inside(world, tmp_path):
    made = filled(world, tmp_path)
    yield Browser(made).enter()
    made.close()


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder / "photos"


def words(answer):
    return html.unescape(answer.text)


def put_away(browser, place, secret=PASSPHRASE, **headers):
    return browser.fill("/travel", {"place": str(place), "secret": secret}, **headers)


def bring_back(browser, data, secret=PASSPHRASE, **headers):
    line = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    body = f'{line}"secret"\r\n\r\n{secret}\r\n{line}"file"; filename="photos"\r\n'.encode()
    body += b"Content-Type: application/octet-stream\r\n\r\n" + data
    body += f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return browser.post("/travel/back", body, **(kind | headers))


def number(page):
    [found] = re.findall(r"\d{4}-\d{4}", page.text)
    return found


def is_whole(browser):
    if browser.visit.wallet.locked:
        browser.visit.wallet.unlock(PASSPHRASE)
    return len(browser.visit.wallet.records()) == 2


def test_the_page_says_what_it_cannot_hide(inside):
    page = words(inside.get("/travel"))
    for said in (
        "That you had a wallet.",
        "The file. Who looks into it can tell what it is",
        "Old traces.",
        "Who makes you tell your passphrase",
        "What others know.",
        "A printed card still works.",
    ):
        assert said in page


def test_the_wallet_goes_away_and_comes_back_with_the_same_number(inside, stick):
    page = inside.follow(put_away(inside, stick))
    assert "Your wallet is away" in words(page)
    assert str(stick) in words(page)
    assert not inside.visit.wallet.exists
    assert inside.get("/").headers["location"] == "/set-up"
    assert "/travel/back" in inside.get("/set-up").text
    assert inside.get("/travel/back").status == 200
    back = inside.follow(bring_back(inside, stick.read_bytes()))
    assert number(back) == number(page)
    assert "The file that you chose is still there." in words(back)
    assert stick.exists()
    assert is_whole(inside)
    assert "Allergies" in words(inside.get("/"))


def test_it_comes_back_in_another_run_on_another_device(inside, stick, world, tmp_path):
    put_away(inside, stick)
    other = Browser(new(world, tmp_path / "other")).enter()
    assert bring_back(other, stick.read_bytes()).status == 303
    assert is_whole(other)
    other.visit.wallet.close()


def test_the_number_is_gone_with_the_run_and_no_one_elses(inside, stick):
    path = put_away(inside, stick).headers["location"]
    assert inside.get("/travel/gone/" + "0" * 32).status == 404
    assert inside.get(path.replace("gone", "here")).headers["location"] == "/set-up"
    inside.fill("/leave", {})
    assert inside.get(path).status == 404
    inside.cookies.clear()
    assert inside.get(path).status == 403


@pytest.mark.parametrize("place", ["", "photos", "../photos", "~/photos", "~nobody/x", "\0", "/\n"])
def test_a_place_that_is_no_whole_path_is_told_beside_its_field(inside, place):
    answer = put_away(inside, place)
    assert answer.status == 400
    assert 'id="place-error"' in answer.text
    assert PASSPHRASE not in answer.text
    assert is_whole(inside)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("stick/there", "There is a file with this name already."),
        ("stick", "There is a file with this name already."),
        ("wallet/away", "This place is part of the wallet's own folder."),
        ("nowhere/photos", "The disk did not let us read or write your wallet."),
    ],
)
def test_a_place_that_will_not_do_is_told_and_nothing_is_wiped(
    inside, stick, tmp_path, place, told
):
    (stick.parent / "there").write_text("mine")
    answer = put_away(inside, tmp_path / place)
    assert answer.status == 400
    assert told in words(answer)
    assert str(tmp_path / place) in words(answer)
    assert (stick.parent / "there").read_text() == "mine"
    assert is_whole(inside)


@pytest.mark.parametrize("secret", ["", "not the right words", "x" * 4097])
def test_without_the_passphrase_nothing_is_put_away(inside, stick, secret):
    assert put_away(inside, stick, secret).status == 400
    assert not stick.exists()
    assert is_whole(inside)


def test_a_wrong_passphrase_brings_nothing_back_and_the_right_one_does(inside, stick):
    put_away(inside, stick)
    answer = bring_back(inside, stick.read_bytes(), "not the right words")
    assert answer.status == 400
    assert 'id="secret-error"' in answer.text
    assert not inside.visit.wallet.exists
    assert bring_back(inside, stick.read_bytes()).status == 303


@pytest.mark.parametrize(
    "change",
    [lambda data: b"", lambda data: data[:-1], lambda data: b"photos", lambda data: data[::-1]],
)
def test_a_file_that_is_not_whole_is_told_beside_its_field(inside, stick, change):
    put_away(inside, stick)
    answer = bring_back(inside, change(stick.read_bytes()))
    assert answer.status == 400
    assert 'id="file-error"' in answer.text
    assert not inside.visit.wallet.exists


def test_nothing_is_brought_back_over_a_wallet(inside):
    assert inside.get("/travel/back").status == 409
    assert bring_back(inside, b"anything").status == 409
    assert is_whole(inside)


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
def test_htt_010_no_other_page_puts_a_wallet_away(inside, stick, origin):
    assert put_away(inside, stick, origin=origin).status == 403
    assert bring_back(inside, b"anything", origin=origin).status == 403
    assert not stick.exists()
    assert is_whole(inside)


def test_a_locked_wallet_is_not_put_away_and_the_secret_is_not_kept(inside, stick):
    inside.visit.wallet.lock()
    assert inside.get("/travel").headers["location"] == "/unlock"
    assert put_away(inside, stick).headers["location"] == "/unlock"
    assert not stick.exists()
    page = inside.follow(inside.fill("/unlock", {"secret": PASSPHRASE}))
    assert str(stick) in words(page)
    assert PASSPHRASE not in page.text


def test_settings_and_set_up_lead_there(inside):
    assert 'href="/travel"' in inside.get("/settings").text
