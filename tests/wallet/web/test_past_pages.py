"""Who has seen it: nothing before the second unlock, nothing of it by address or by form."""

from __future__ import annotations

import secrets
from html import unescape
from urllib.parse import urlencode

import pytest
from asgi_calls import call
from wallet_pages import filled
from wallet_world import PASSPHRASE

from wallet.settings import WalletSettings
from wallet.web import Visit, create_app

HOST = {"host": "localhost:8470"}
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "origin": "http://localhost:8470",
}


class Inside:
    """A browser that came in by the start link."""

    def __init__(self, wallet):
        self.wallet = wallet
        visit = Visit(wallet, random=secrets.token_bytes)
        self.app = create_app(WalletSettings(), visit)
        answer = call(self.app, "GET", f"/start?token={visit.token}", headers=HOST)
        self.cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}

    def get(self, path, **headers):
        return call(self.app, "GET", path, headers=HOST | self.cookie | headers)

    def post(self, path, **fields):
        body = urlencode(fields).encode()
        return call(self.app, "POST", path, headers=HOST | FORM | self.cookie, body=body)


@pytest.fixture(scope="module")
def inside(whole_world, tmp_path_factory):
    """A wallet that shared once, its history closed."""
    wallet = filled(whole_world, tmp_path_factory.mktemp("past"))
    wallet.share(wallet.prepare(whole_world.ask()["link"]))
    yield Inside(wallet)
    wallet.close()


@pytest.fixture
def opened(inside):
    inside.wallet.open_past(PASSPHRASE)
    yield inside
    inside.wallet.past.close()


def text(answer):
    return unescape(answer.body.decode())


@pytest.mark.parametrize(
    "path", ["/past", "/past/receipt", "/past/1", "/past/1/sheet", "/past/1/letter"]
)
def test_nothing_is_shown_before_the_passphrase_was_typed_once_more(inside, path):
    inside.wallet.past.close()
    answer = inside.get(path)
    assert (answer.status, answer.headers["location"]) == (303, "/past/unlock")
    assert "Example Hospital" not in text(answer)


def test_nothing_is_deleted_or_added_before_it_either(inside):
    inside.wallet.past.close()
    assert inside.post("/past/1/delete").status == 423
    assert inside.post("/past/receipt", receipt="x").headers["location"] == "/past/unlock"


def test_a_wrong_passphrase_opens_nothing(inside):
    inside.wallet.past.close()
    answer = inside.post("/past/unlock", secret="not the one")
    assert answer.status == 400
    assert "That does not open your wallet." in text(answer)
    assert inside.get("/past").status == 303


def test_the_right_one_opens_the_list_and_closing_it_closes_it(inside):
    answer = inside.post("/past/unlock", secret=PASSPHRASE)
    assert (answer.status, answer.headers["location"]) == (303, "/past")
    page = text(inside.get("/past"))
    assert "You shared: Example Hospital" in page
    assert "Receipt checked." in page
    inside.post("/past/close")
    assert inside.get("/past").status == 303


def test_a_line_has_its_receipt_and_no_value(opened):
    (entry,) = (view for view in opened.wallet.past.entries() if view.shared)
    page = text(opened.get(f"/past/{entry.id}"))
    assert "What they say they got" in page
    for value in ("Penicillin", "999 000 0018", "1958"):
        assert value not in page
    welsh = text(
        opened.get(f"/past/{entry.id}/letter", cookie=f"{opened.cookie['cookie']}; language=cy")
    )
    assert "Annwyl Example Hospital" in welsh


@pytest.mark.parametrize("path", ["/past/99", "/past/zz", "/past/%2e%2e", "/past/1/other"])
def test_what_is_not_there_is_a_page_that_says_so(opened, path):
    assert opened.get(path).status == 404


@pytest.mark.parametrize("pasted", ["", "no receipt", "a.b.c", "<script>alert(1)</script>"])
def test_what_is_no_receipt_is_told_beside_the_box(opened, pasted):
    answer = opened.post("/past/receipt", receipt=pasted)
    assert answer.status == 400
    assert "This is no receipt that we can read." in text(answer)
    assert "alert(1)" not in text(answer)


def test_a_line_is_deleted_by_a_form_alone(opened, whole_world):
    opened.wallet.share(opened.wallet.prepare(whole_world.ask()["link"]))
    newest = opened.wallet.past.entries()[0].id
    assert opened.get(f"/past/{newest}/delete").status == 400
    stolen = call(
        opened.app,
        "POST",
        f"/past/{newest}/delete",
        headers=HOST | opened.cookie | FORM | {"origin": "https://evil.example"},
    )
    assert stolen.status == 403
    assert opened.post(f"/past/{newest}/delete").headers["location"] == "/past"
    assert newest not in {view.id for view in opened.wallet.past.entries()}
