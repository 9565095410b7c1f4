"""The log of a serving issuer, with real records through every door: no line holds any value."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
import structlog
from asgi_calls import call
from console_world import NUMBER, Practice, Walk
from simulated_issuer import Wallet

from issuer import service
from issuer.cli.logs import QUIET, log_to_stderr
from issuer.cli.watched import Watching
from issuer.service.offers import offer_at

OWN = {"A12345", "Example Surgery"}
LONG = 6  # characters of a value that does not occur by chance
KEYS = {"at", "level", "logger", "event", "error", "request", "app", "method", "route", "status"}
KEYS |= {"ms", "code", "entry", "head"}


@pytest.fixture(scope="module")
def told():
    """A stream that gets the log of this process, put back as it was."""
    root, stream = logging.getLogger(), io.StringIO()
    lasting = [one for one in root.handlers if type(one).__name__ != "LogCaptureHandler"]
    levels = {name: logging.getLogger(name).level for name in ("root", *QUIET)}
    raising = logging.raiseExceptions
    log_to_stderr("debug", stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = raising
    root.handlers[:] = lasting
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def values(part):
    """Every text of a bundle that says something of somebody."""
    if isinstance(part, dict):
        return {v for name, entry in part.items() if name != "resourceType" for v in values(entry)}
    if isinstance(part, list):
        return {v for entry in part for v in values(entry)}
    text = str(part)
    is_word = text.isascii() and text.isalpha() and text.islower()
    is_name = text.startswith(("http", "urn:"))
    return set() if is_word or is_name or len(text) < LONG else {text}


@pytest.fixture(scope="module")
def lived(told, tmp_path_factory):
    """An issuer after a day's work and a night's trouble; the secrets of it."""
    practice = Practice(tmp_path_factory.mktemp("practice"))
    site = practice.site
    watching = Watching(site.issuer)
    site.app = watching.around(site.app, "wallets")
    practice.app = watching.around(practice.app, "console")
    held = json.loads((practice.folder / "source" / "rowan-ashdown.json").read_bytes())
    secrets = {*issued(site, held), *refused(site, held), *console(practice), *broken(site, held)}
    return practice, values(held) - OWN, secrets, told.getvalue()


def issued(site, held):
    """By a record system to a wallet."""
    headers = {"authorization": f"Bearer {site.api_key}", "content-type": "application/json"}
    body = json.dumps({"bundle": held}).encode()
    made = site.call("POST", "/offers", body=body, headers=headers)
    assert made.status == 201, made.body
    offered = made.json()
    uri = offered["credential_offer_uri"]
    assert site.call("GET", uri.removeprefix(site.settings.iss)).status == 200
    wallet = Wallet(
        site,
        service.NewOffer(
            offered["offerId"],
            offer_at(site.issuer, uri.rpartition("/")[2]),
            uri,
            offered["link"],
            offered["pin"],
            site.now,
            tuple(offered["recordTypes"]),
        ),
    )
    assert wallet.ask_token("000000x").status == 400
    assert wallet.ask_token().status == 200
    for record_type in offered["recordTypes"]:
        assert wallet.ask_credential(record_type).status == 200
    code = wallet.made.offer.grants.pre_authorized.code
    return {site.api_key, wallet.token, code, uri.rpartition("/")[2]}


def refused(site, held):
    """A stranger, a wrong bundle, and addresses that hold what they should not."""
    body = json.dumps({"bundle": held}).encode()
    for key in ("no-key-of-anybody", site.api_key):
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        worse = body if key != site.api_key else body.replace(b'"Patient"', b'"Sandwich"')
        assert site.call("POST", "/offers", body=worse, headers=headers).status >= 400
    for path in (f"/offers/{NUMBER}", f"/nowhere/{NUMBER}", f"/o/{NUMBER}?name=Rowan+Ashdown"):
        assert site.call("GET", path).status >= 400
    return {"no-key-of-anybody"}


def console(practice):
    """Staff at the pages, with a refusal or two."""
    walk = Walk(practice.browser("clinician"))
    handed = walk.offered()
    pin = walk.pin(handed)
    walk.browser.post("/given", nhs_number=NUMBER)
    walk.browser.get(f"/find/{NUMBER}?name=Ashdown")
    walk.browser.post("/find", nhs_number="9990000019")
    practice.browser().get("/find")
    assert len(pin) >= LONG
    return {*walk.browser.cookies.values(), f'"{pin}"'}


def broken(site, held):
    """Exceptions that hold a record, where nobody expects one; and careless libraries."""
    number, name = NUMBER, held["entry"][0]["resource"]

    def failing(*_args, **_kwargs):
        raise RuntimeError(f"could not write {number} of {name}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "offer_bundle", failing)
        patch.setattr("issuer.service.readiness.issuances.newest", failing)
        with pytest.raises(RuntimeError):
            call(site.app, "GET", "/readyz")
    try:
        failing()
    except RuntimeError as error:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        logging.getLogger("issuer.api").warning("The sweep failed: %s", error)
        structlog.get_logger("issuer").info("patient.refused", code=str(error), reason=number)
        logging.getLogger("asyncio").exception("Task <%r> failed" % error)  # noqa: G002, TRY401, UP031
    logging.getLogger("uvicorn.access").info('%s - "GET %s" %d', "192.0.2.1", f"/o/{number}", 200)
    logging.getLogger("py.warnings").warning("%s", f"file.py:7: UserWarning: {number} is odd")
    return set()


def lines(text):
    return [json.loads(one) for one in text.splitlines()]


def test_prv_006_no_value_of_a_record_and_no_secret_is_in_any_line(lived):
    _, held, secrets, text = lived
    assert len(held) > 20
    assert not sorted(one for one in held | secrets | {NUMBER, "Ashdown"} if one in text)
    assert "?" not in "".join(one.get("route", "") for one in lines(text))


def test_prv_006_every_line_is_json_of_known_fields(lived):
    found = lines(lived[3])
    assert found
    assert set().union(*found) <= KEYS
    assert {one["logger"].partition(".")[0] for one in found} >= {"healthpassport", "issuer"}


def test_each_request_is_told_by_its_route_with_its_refusal(lived):
    found = lines(lived[3])
    requests = {
        (one["app"], one["method"], one["route"], one["status"], one.get("code"))
        for one in found
        if one["event"] == "request"
    }
    assert ("wallets", "POST", "/credential", 200, None) in requests
    assert ("wallets", "POST", "/token", 200, None) in requests
    assert ("wallets", "GET", "other", 404, "not_found") in requests
    assert ("wallets", "GET", "/readyz", 500, "internal") in requests
    assert ("console", "POST", "/find", 200, None) in requests
    refusals = {(route, status) for *_, route, status, code in requests if code}
    assert {("/token", 400), ("/offers", 401)} <= refusals
    templates = {route for app, _, route, _, _ in requests}
    assert any("{" in route for route in templates)
    assert not any(re.search(r"[0-9]{4}", route) for route in templates)


def test_what_broke_off_is_found_by_the_number_of_the_request(lived):
    found = lines(lived[3])
    [broke] = [one for one in found if one["event"] == "A request broke off"]
    [request] = [one for one in found if one.get("code") == "internal"]
    assert broke["request"] == request["request"]
    assert broke["error"][0]["kind"] == "builtins.RuntimeError"
    assert "failing" in broke["error"][0]["at"][0]


def test_the_search_finds_what_a_log_without_this_would_hold(lived, caplog):
    logging.getLogger("issuer.api").warning("patient %s", NUMBER)
    assert NUMBER in caplog.text
