"""Who gets at the pages: this machine's browser, with the link's token, from its own forms."""

from __future__ import annotations

import pytest
from asgi_calls import call
from wallet_pages import HOST, ORIGIN, Browser, filled
from wallet_world import PASSPHRASE

from wallet.service import Wallet
from wallet.web.visit import own_path


@pytest.fixture(scope="module")
def one_wallet(whole_world, tmp_path_factory):
    made = filled(whole_world, tmp_path_factory.mktemp("doors"))
    yield made
    made.close()


@pytest.fixture
def browser(one_wallet):
    if one_wallet.locked:
        one_wallet.unlock(PASSPHRASE)
    return Browser(one_wallet)


@pytest.fixture
def inside(browser):
    return browser.enter()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8470",
        "127.0.0.1:8470",
        "[::1]:8470",
        "localhost.evil",
        "",
        "[::",
    ],
)
@pytest.mark.parametrize("path", ["/", "/static/wallet.css", "/start?token=x", "/unlock"])
def test_htt_009_a_name_that_leads_here_by_rebinding_is_refused(inside, host, path):
    answer = inside.get(path, host=host)
    assert answer.status == 403
    assert "request.host" in answer.text
    assert "Penicillin" not in answer.text


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://localhost:9999",
        "http://localhost",
        "https://localhost:8470",
        "http://127.0.0.1:8470",
        "chrome-extension://abcdefghijklmnop",
        "http://evil.example",
        "http://localhost:8470, http://evil.example",
    ],
)
@pytest.mark.parametrize("path", ["/lock", "/leave", "/language", "/unlock", "/set-up"])
def test_htt_010_a_form_from_anywhere_else_is_refused(inside, origin, path):
    answer = inside.post(path, origin=origin)
    assert answer.status == 403
    assert "csrf" in answer.text
    assert not inside.visit.wallet.locked


def test_htt_012_no_page_can_be_framed_or_load_from_elsewhere(inside):
    for path in ("/", "/unlock", "/nothing", "/blank", "/static/wallet.js"):
        headers = inside.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers
        if not path.startswith("/static"):
            assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/", "/unlock", "/set-up", "/lock", "/nothing", "/stay", "/blank"]
)
def test_a_browser_without_the_cookie_sees_nothing(browser, path):
    answer = browser.get(path)
    assert answer.status == 403
    assert "wallet.page_closed" in answer.text
    assert "Lock" not in answer.text  # nor whether there is a wallet, and how it stands


@pytest.mark.parametrize("cookie", ["wallet-8470=x", "other=1", "wallet-8470", ";;=", "a=\x01"])
def test_a_wrong_cookie_is_no_cookie(browser, cookie):
    assert browser.get("/", cookie=cookie).status == 403


def test_the_start_link_works_once(browser):
    link = f"/start?token={browser.visit.token}"
    assert browser.get("/start?token=").status == 403
    assert browser.get("/start?token=" + "0" * 64).status == 403
    answer = browser.get(link)
    assert answer.status == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.get(link).headers["location"] == "/"  # the same browser may reload it
    browser.cookies.clear()
    assert browser.get(link).status == 403  # no other may use it


def test_a_body_that_is_too_large_is_refused(inside):
    answer = inside.post("/unlock", b"secret=" + b"x" * 200_000)
    assert answer.status == 413
    assert answer.headers["content-type"].startswith("text/html")


def test_htt_017_other_methods_change_nothing(inside):
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "HEAD"):
        answer = call(
            inside.app, method, "/lock", headers=HOST | ORIGIN | {"cookie": _cookies(inside)}
        )
        assert answer.status >= 400
    assert not inside.visit.wallet.locked


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fvault%2fvault.py",
        "/static/%2e%2e/web/app.py",
        "/static/../web/app.py",
        "/static/..%252fweb/app.py",
        "/static/%00",
        "/records/..%2f..%2fetc%2fpasswd",
        "/about/../../base",
        "/share/..",
        "/brand/../static/../web/app.py",
    ],
)
def test_htt_005_no_path_leads_out_of_the_pages(inside, path):
    answer = inside.get(path)
    assert answer.status == 404
    assert "def " not in answer.text
    assert "Traceback" not in answer.text


def test_htt_022_a_page_of_an_error_holds_no_inside_and_no_value(inside):
    for path in ("/nothing", "/records/00000000000000", "/share/x", "/about/x"):
        page = inside.get(path).text
        for word in ("Traceback", "/wallet/", ".py", "sqlite", "Zephyrine", "Penicillin"):
            assert word not in page


def test_a_locked_wallet_asks_to_be_unlocked_and_leads_back(inside):
    inside.visit.wallet.lock()
    assert inside.get("/nothing?n=1").headers["location"] == "/unlock"
    wrong = inside.post("/unlock", b"secret=not+it")
    assert wrong.status == 400
    assert inside.visit.wallet.locked
    right = inside.post("/unlock", f"secret={PASSPHRASE.replace(' ', '+')}".encode())
    assert right.headers["location"] == "/nothing?n=1"
    assert inside.get("/unlock").headers["location"] == "/"


def test_a_form_that_meets_a_locked_wallet_is_kept_without_its_secrets(inside):
    inside.visit.wallet.lock()
    assert inside.post("/page", b"tick=1&tick=3&secret_pin=1234").status == 303
    assert inside.visit.kept("/page") == {"tick": ("1", "3")}
    assert inside.visit.kept("/page") is None


def test_locking_by_hand_and_a_change_of_language_keep_the_form(inside):
    answer = inside.post("/language", b"back=%2Fpage%3Fn%3D1&language=cy&tick=2&secret=x")
    assert answer.headers["location"] == "/page?n=1"
    assert inside.visit.kept("/page") == {"tick": ("2",)}
    assert 'lang="cy"' in inside.get("/").text
    assert "Eich cofnodion" in inside.get("/").text
    inside.post("/lock", b"back=%2Fpage&tick=5")
    assert inside.visit.wallet.locked
    assert inside.visit.back() == "/page"
    assert inside.visit.kept("/page") == {"tick": ("5",)}


def test_leaving_locks_and_keeps_nothing(inside):
    inside.post("/language", b"back=%2Fpage&language=en&tick=2")
    answer = inside.post("/leave")
    assert answer.headers["location"] == "/blank"
    assert inside.visit.wallet.locked
    assert inside.visit.kept("/page") is None
    page = inside.get("/blank").text
    for word in ("Health", "wallet", "record"):
        assert word not in page


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_nothing_leads_to_another_site(inside, back):
    assert own_path(back) == "/"
    answer = inside.post("/language", f"language=cy&back={back}".encode())
    assert answer.headers["location"] == "/"


def test_the_idle_lock_is_put_off_by_someone_who_is_there(inside):
    assert inside.get("/stay").status == 204
    inside.visit.wallet.lock()
    assert inside.get("/stay").headers["location"] == "/unlock"


def test_a_wallet_is_set_up_on_its_own_page(world, tmp_path):
    browser = Browser(Wallet(world.surroundings(tmp_path))).enter()
    assert browser.get("/").headers["location"] == "/set-up"
    assert browser.post("/set-up", b"secret=three+good+words&secret_again=other").status == 400
    assert browser.post("/set-up", b"secret=short&secret_again=short").status == 400
    assert not browser.visit.wallet.exists
    done = browser.post("/set-up", b"secret=three+good+words&secret_again=three+good+words")
    assert done.headers["location"] == "/ways"
    assert browser.get("/").status == 200
    browser.visit.wallet.close()


def _cookies(browser):
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
