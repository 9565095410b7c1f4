"""The pages of the backup, without a browser: files go in and out, secrets stay nowhere."""

from __future__ import annotations

import html
import re
import tempfile
from pathlib import Path

import pytest
from wallet_pages import Browser, filled, new
from wallet_world import PASSPHRASE

from wallet.vault import KdfCost

NEW = "four other made-up words"
BOUNDARY = "made-up-boundary"


@pytest.fixture(autouse=True)
def _cheapest_lock(monkeypatch):
    """The least that a guess may cost: each test locks and opens several times."""
    for module in ("wallet.service.recipients", "wallet.vault.making"):
        monkeypatch.setattr(f"{module}.NEW_COST", KdfCost())


@pytest.fixture(scope="module")
def one_wallet(whole_world, tmp_path_factory):
    made = filled(whole_world, tmp_path_factory.mktemp("backups"))
    yield made
    made.close()


@pytest.fixture
def inside(one_wallet):
    if one_wallet.locked:
        one_wallet.unlock(PASSPHRASE)
    return Browser(one_wallet).enter()


@pytest.fixture
def second(whole_world, tmp_path):
    made = new(whole_world, tmp_path)
    yield Browser(made).enter()
    made.close()


@pytest.fixture(scope="module")
def file(one_wallet):
    answer = Browser(one_wallet).enter().fill("/backup/make", {"secret": PASSPHRASE})
    assert answer.status == 200
    return answer.body


def send(browser, path, file=None, **fields):
    """Post a form with a file."""
    body = b""
    for name, value in fields.items():
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        body += value.encode() + b"\r\n"
    named = 'name="file"; filename="a.hpb"' if file else 'name="file"; filename=""'
    body += f"--{BOUNDARY}\r\nContent-Disposition: form-data; {named}\r\n".encode()
    body += b"Content-Type: application/octet-stream\r\n\r\n" + (file or b"") + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return browser.post(path, body, **{"content-type": kind})


def words(answer):
    return html.unescape(answer.text)


def test_a_backup_is_given_to_the_browser_and_nothing_is_left(inside):
    before = set(Path(tempfile.gettempdir()).iterdir())
    answer = inside.fill("/backup/make", {"secret": PASSPHRASE})
    assert answer.status == 200
    assert answer.body.startswith(b"hpbackup")
    assert 'filename="backup.hpb"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    left = {path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if path.is_dir()}
    assert not any((path / "backup.hpb").exists() for path in left)
    assert "Your last backup is from" in words(inside.get("/backup"))


def test_a_wrong_passphrase_is_told_beside_its_field_and_the_tick_stays(inside):
    answer = inside.fill("/backup/make", {"secret": "not the right words", "history": "yes"})
    assert answer.status == 400
    assert 'id="secret-error"' in answer.text
    assert re.search(r'id="history"[^>]* checked', answer.text)
    assert "not the right words" not in answer.text


def test_a_test_tells_what_the_file_holds(inside, file):
    answer = send(inside, "/backup/test", file, secret=PASSPHRASE)
    assert answer.status == 200
    assert "All of this backup can be read." in words(answer)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: None, "There is no backup file with this name."),
        (lambda data: data[:-1], "the end of the file is gone"),
        (lambda data: b"x" + data, "This file is not a backup of a wallet."),
        (lambda data: data[:-9] + b"\0" + data[-8:], "This backup file is damaged."),
    ],
)
def test_a_bad_file_is_told_on_the_same_page(inside, file, change, told):
    answer = send(inside, "/backup/test", change(file), secret=PASSPHRASE)
    assert answer.status == 400
    assert told in words(answer)


def test_a_wallet_comes_back_on_another_device(inside, file, second):
    assert "I have a backup of my wallet" in words(second.get("/set-up"))
    assert second.get("/backup/restore").status == 200
    answer = send(
        second,
        "/backup/restore",
        file,
        secret=PASSPHRASE,
        secret_new=NEW,
        secret_again=NEW,
    )
    page = second.follow(answer)
    assert "Is it lost" in words(page)
    assert "Allergies" in words(second.get("/"))
    answer = second.fill("/backup/old-device", {})
    if answer.status == 409:
        assert "There is no one to tell" in words(answer)
    else:  # shown again, it stops nothing again
        assert "Example Surgery" in words(second.follow(answer))
    over = second.get("/backup/restore")
    assert over.status == 409
    assert "There is a wallet here already" in words(over)


def test_what_cannot_be_restored_is_told_and_leaves_no_wallet(file, second):
    for fields, told in [
        ({"secret": "not it", "secret_new": NEW, "secret_again": NEW}, "does not open the backup"),
        ({"secret": PASSPHRASE, "secret_new": NEW, "secret_again": "x"}, "not the same"),
        ({"secret": PASSPHRASE, "secret_new": "x", "secret_again": "x"}, "too short"),
    ]:
        answer = send(second, "/backup/restore", file, **fields)
        assert answer.status == 400
        assert told in words(answer)
    assert not second.visit.wallet.exists


def test_three_parts_are_shown_and_two_of_them_open_a_backup(inside):
    answer = inside.fill("/backup/parts", {"secret": PASSPHRASE})
    assert answer.status == 200
    codes = re.findall(r'aria-label="([0-9A-Z]{5}(?:-[0-9A-Z]{5}){8})"', answer.text)
    assert len(codes) == 3
    assert "Two of these people together can open everything." in words(answer)
    made = inside.fill("/backup/make", {"secret": PASSPHRASE})
    found = send(inside, "/backup/test", made.body, secret_one=codes[0], secret_two=codes[2])
    assert found.status == 200, words(found)
    one = send(inside, "/backup/test", made.body, secret_one=codes[0], secret_two="")
    assert "Two parts are needed" in words(one)
    slip = codes[2][:-1] + ("0" if codes[2][-1] != "0" else "1")
    wrong = send(inside, "/backup/test", made.body, secret_one=codes[0], secret_two=slip)
    assert "part 2: look at group 9" in words(wrong)
    assert codes[0] not in words(wrong)


def test_a_sheet_is_shown_once_and_opens_the_wallet(whole_world, tmp_path):
    wallet = filled(whole_world, tmp_path)
    browser = Browser(wallet).enter()
    answer = browser.fill("/backup/sheet", {"secret": PASSPHRASE})
    (code,) = re.findall(r'aria-label="([0-9A-Z]{5}(?:-[0-9A-Z]{5}){6})"', answer.text)
    again = browser.fill("/backup/sheet", {"secret": PASSPHRASE})
    assert "This wallet has 12 words already." in words(again)
    assert code in browser.fill("/backup/sheet", {"secret": code}).text
    wallet.close()


def test_parts_and_sheets_need_the_passphrase(inside):
    for path in ("/backup/parts", "/backup/sheet"):
        answer = inside.fill(path, {"secret": ""})
        assert answer.status == 400
        assert "<svg" not in answer.text


def test_a_locked_wallet_shows_no_page_of_its_backup(inside):
    inside.visit.wallet.lock()
    for path in ("/backup", "/backup/make", "/backup/test", "/backup/parts", "/backup/sheet"):
        assert inside.get(path).headers["location"] == "/unlock"


def test_the_first_page_says_when_a_backup_is_due(world, tmp_path):
    wallet = filled(world, tmp_path)
    inside = Browser(wallet).enter()
    never = "You have no backup yet. If you lose this device, your records here are gone."
    assert never in inside.get("/").text
    wallet.backups.make(tmp_path / "b.hpb", way=PASSPHRASE)
    page = inside.get("/").text
    assert never not in page
    assert "Your last backup" not in page  # no word where nothing is to do
    wallet.remove(wallet.records()[0].id)
    assert "Your records have changed since then. Make a new one." in inside.get("/").text
    wallet.close()


def test_a_wallet_without_records_needs_no_backup(world, tmp_path):
    wallet = world.wallet(tmp_path)
    assert "backup yet" not in Browser(wallet).enter().get("/").text
    wallet.close()
