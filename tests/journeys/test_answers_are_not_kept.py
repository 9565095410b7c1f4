"""No cache and no other site learns from an answer (htt-024); no word breaks a log (htt-025)."""

from __future__ import annotations

import hashlib
import json
import logging

import pytest
import structlog
from asgi_calls import call
from desk_world import full_wallet, handle_of, make_desk, make_world
from simulated_issuer import Site, Wallet

from verifier import api, web
from verifier.cli.events import to_stderr
from verifier.web.app import DESK

FORM = {"content-type": "application/x-www-form-urlencoded"}
WARD = {"x-api-key": "ward-key"}
HOSTILE = "x\n{}\r\x1b[2J\x9b31m\u2028\u202eevil"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    world = make_world(folder)
    home = folder / "desk"
    home.mkdir()
    digest = hashlib.sha256(b"ward-key").hexdigest()
    (home / "api-keys.json").write_text(json.dumps({"ward": digest}))
    made = make_desk(world, home)
    made.world = world
    yield made
    made.shut()


def private(headers, referrer="no-referrer"):
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == referrer
    assert headers["x-content-type-options"] == "nosniff"


def test_htt_024_no_answer_of_the_issuer_to_a_wallet_is_kept(tmp_path):
    site = Site(tmp_path)
    wallet = Wallet(site, site.offer(wanted=["AllergySummary"]))
    place = wallet.made.uri.removeprefix(site.settings.iss)
    private(site.call("GET", place).headers)
    private(wallet.ask_token().headers)
    private(site.call("POST", "/nonce").headers)
    private(wallet.ask_credential().headers)
    private(wallet.ask_credential("MedicationSummary").headers)
    private(site.call("GET", "/issuances", headers={"x-api-key": site.api_key}).headers)
    private(site.call("GET", "/issuances").headers)


def test_htt_024_no_answer_of_a_desk_is_kept(desk):
    wallets, pages = api.create_app(desk.settings, desk=desk), web.create_app(desk.settings, desk)
    wanted = {"template": "emergency_admission"}
    made = call(wallets, "POST", "/requests", headers=WARD, body=wanted)
    handle = handle_of(made.json["link"])
    trust = desk.lists.views(desk.clock()).trust
    wallet = full_wallet(desk.world)
    body = wallet.answer(wallet.read(desk, made.json["link"], trust))
    place = f"/requests/{made.json['id']}"
    for answer in (
        made,
        call(wallets, "GET", f"/oid4vp/requests/{handle}"),
        call(wallets, "POST", f"/oid4vp/responses/{handle}", headers=FORM, body=body),
        call(wallets, "GET", place, headers=WARD),
        call(wallets, "GET", f"{place}/fhir", headers=WARD),
        call(wallets, "GET", place),
        call(wallets, "GET", "/nothing"),
    ):
        private(answer.headers)
    view = desk.ask("emergency_admission", desk=DESK)
    for path in ("/", "/today", f"/requests/{view.id}", "/nothing"):
        private(call(pages, "GET", path).headers, "same-origin")


def test_htt_025_a_hostile_word_is_one_line_of_a_log(capsys):
    to_stderr(logging.DEBUG)
    try:
        log = structlog.get_logger("verifier")
        log.warning(HOSTILE, code=HOSTILE, **{"a\nb": HOSTILE})
    finally:
        structlog.reset_defaults()
    [line, *more] = capsys.readouterr().err.split("\n")
    assert more == [""]
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["code"] == HOSTILE


def test_htt_025_what_strangers_send_breaks_no_log(desk, capsys):
    to_stderr(logging.DEBUG)
    app = api.create_app(desk.settings, desk=desk)
    try:
        for headers in ({"x-api-key": "k\x1b[2J"}, {"user-agent": "a\x1b[2J"}, {"host": "\x1b[2J"}):
            call(app, "GET", "/requests/%0a%1b[2J", headers=headers)
        call(app, "POST", "/oid4vp/responses/%0a", headers=FORM, body=b"error=%0a%1b[2J&state=%0a")
        call(app, "GET", "/oid4vp/codes/%0a%1b[2J")
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr()
    assert all(line.isprintable() for line in (said.out + said.err).splitlines())
    assert "[2J" not in said.out + said.err
