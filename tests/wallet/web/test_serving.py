"""The port of the pages, the command that opens them, and the look that settings give."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest
from asgi_calls import call
from pydantic import ValidationError

from healthpassport.errors import ServiceError
from wallet.service import Wallet
from wallet.settings import WalletSettings
from wallet.web import Visit, create_app
from wallet.web.serving import listen

HOST = {"host": "localhost"}
MAIN = "from wallet.cli import main; main()"


def closed(listeners):
    for one in listeners:
        one.close()


def test_both_addresses_of_the_name_are_ours():
    listeners = listen(0)
    names = {one.getsockname()[0] for one in listeners}
    assert "127.0.0.1" in names
    assert names <= {"127.0.0.1", "::1"}
    assert len({one.getsockname()[1] for one in listeners}) == 1
    closed(listeners)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_somebody_else_holds_is_not_used(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        other = socket.socket(family)
        other.bind((address, 0))
    except OSError:
        pytest.skip("this machine has no such address")
    other.listen()
    with other, pytest.raises(ServiceError, match=r"^wallet\.port: "):
        closed(listen(other.getsockname()[1]))


def test_the_command_shows_a_link_that_opens_the_wallet_and_ends_when_told(tmp_path):
    command = [sys.executable, "-c", MAIN, "open", "--no-browser", "--port", "0"]
    places = {"PASSPORT_WALLET_FOLDER": str(tmp_path / "wallet"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]} | places,
    )
    link = process.stdout.readline().strip()
    assert link.startswith("http://localhost:")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(link, timeout=60) as answer:
        assert answer.url.endswith("/set-up")
        assert "Set up your wallet" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.build_opener().open(link, timeout=60)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "It works once." in words
    assert "Your wallet is locked and closed." in words
    assert "Traceback" not in words


def look(world, tmp_path, path, **settings):
    visit = Visit(Wallet(world.surroundings(tmp_path)), random=os.urandom)
    app = create_app(WalletSettings(**settings), visit)
    return call(app, "GET", path, headers=HOST)


def test_brand_comes_from_the_settings(world, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg/>")
    brand = {"brand": "Hafan", "brand_colour": "#00264d", "brand_font": "Lato"}
    sheet = look(world, tmp_path, "/brand/look.css", **brand)
    assert "--brand: #00264d" in sheet.text
    assert '"Lato", ' in sheet.text
    assert look(world, tmp_path, "/brand/logo", brand_logo=logo).body == b"<svg/>"
    page = look(world, tmp_path, "/", brand_logo=logo, **brand).text
    assert "Hafan" in page
    assert "/brand/logo" in page


def test_without_a_logo_there_is_none(world, tmp_path):
    assert look(world, tmp_path, "/brand/logo").status == 404
    assert look(world, tmp_path, "/brand/logo", brand_logo=tmp_path / "x.exe").status == 404
    assert "/brand/logo" not in look(world, tmp_path, "/").text


@pytest.mark.parametrize(
    "settings",
    [
        {"brand_colour": "#ffffff"},
        {"brand_colour": "#777777"},
        {"brand_colour": "red; } body { display: none"},
        {"brand_font": 'x"; } body { display: none'},
        {"brand": ""},
        {"web_port": 70000},
    ],
)
def test_a_look_that_cannot_be_read_is_refused(settings):
    with pytest.raises(ValidationError):
        WalletSettings(**settings)
