"""The desk over HTTP: keys, forms, problems, and what wallets may learn."""

from __future__ import annotations

import asyncio
import hashlib
import json

import pytest
from asgi_calls import call
from desk_world import full_wallet, handle_of, make_desk, peek

from healthpassport.errors import PassportError
from healthpassport.protocols.oid4vp import encode_error
from verifier.api import create_app

FORM = {"content-type": "application/x-www-form-urlencoded"}
WARD = {"authorization": "Bearer ward-key"}
OTHER = {"x-api-key": "other-key"}


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def served(world, tmp_path):
    home = tmp_path / "desk"
    home.mkdir()
    keys = {"ward": digest("ward-key"), "other": digest("other-key")}
    (home / "api-keys.json").write_text(json.dumps(keys))
    desk = make_desk(world, home)
    yield desk, create_app(desk.settings, desk=desk)
    desk.shut()


@pytest.fixture
def desk(served):
    return served[0]


@pytest.fixture
def app(served):
    return served[1]


def ask(app, template="emergency_admission"):
    answer = call(app, "POST", "/requests", headers=WARD, body={"template": template})
    assert answer.status == 201, answer.text
    return answer.json


def test_a_request_is_opened_answered_and_read(world, desk, app):
    made = ask(app)
    assert made["link"].startswith("openid4vp://?client_id=x509_hash:")
    assert made["qr_svg"].startswith("<svg")
    path = f"/oid4vp/requests/{handle_of(made['link'])}"
    signed = call(app, "GET", path)
    assert signed.headers["content-type"] == "application/oauth-authz-req+jwt"
    wallet = full_wallet(world)
    trust = desk.lists.views(desk.look(made["id"], desk="ward").created_at).trust
    body = wallet.answer(wallet.read(desk, made["link"], trust))
    sent = call(app, "POST", path.replace("requests", "responses"), headers=FORM, body=body)
    assert (sent.status, set(sent.json)) == (200, {"receipt"})
    assert sent.headers["cache-control"] == "no-store"
    seen = call(app, "GET", f"/requests/{made['id']}", headers=WARD).json
    assert seen["state"] == "answered"
    assert seen["result"]["verdict"] == "accepted"
    assert seen["result"]["allergyHeading"] == "Known allergies"
    sections = {section["type"]: section for section in seen["result"]["sections"]}
    assert sections["AllergySummary"]["items"][0]["unit"]["text"] == "Penicillin"
    assert sections["AllergySummary"]["issuer"]["ods"] == "A12345"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/templates"),
        ("POST", "/requests"),
        ("GET", "/requests/x"),
        ("GET", "/requests/x/events"),
        ("POST", "/requests/x/confirm"),
        ("DELETE", "/requests/x"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic d2FyZA=="},
        {"x-api-key": "x" * 300},
        {"authorization": f"Bearer {digest('ward-key')}"},
    ],
)
def test_without_a_good_key_staffs_calls_are_refused(app, method, path, headers):
    answer = call(app, method, path, headers=headers, body={"template": "x", "code": "1"})
    assert (answer.status, answer.json["code"]) == (401, "http.unauthorized")


def test_vpr_021_the_key_of_another_desk_opens_nothing(app):
    made = ask(app)
    for method in ("GET", "DELETE"):
        answer = call(app, method, f"/requests/{made['id']}", headers=OTHER)
        assert (answer.status, answer.json["code"]) == (404, "not_found")
    answer = call(app, "GET", f"/requests/{made['id']}/events", headers=OTHER)
    assert (answer.status, answer.json["code"]) == (404, "not_found")


BAD = [
    ("POST", "/requests", WARD, {"template": "no_such"}, 400, "verifier.template_unknown"),
    ("POST", "/requests", WARD, {}, 400, "http.invalid"),
    ("POST", "/requests", WARD, {"template": 5}, 400, "http.invalid"),
    ("POST", "/requests", WARD, {"template": "x", "more": 1}, 400, "http.invalid"),
    (
        "POST",
        "/requests",
        WARD,
        {"template": "medicines_check", "expected": {"birth_date": "14.7.58"}},
        400,
        "http.invalid",
    ),
    ("POST", "/requests", WARD, b"{", 400, "http.invalid"),
    ("GET", "/nothing", WARD, b"", 404, "not_found"),
    ("PUT", "/requests", WARD, b"", 405, "http.method"),
    ("GET", "/oid4vp/requests/none", {}, b"", 400, "transaction.unknown"),
    ("POST", "/oid4vp/requests/none", FORM, b"", 400, "transaction.unknown"),
    ("POST", "/oid4vp/requests/none", {}, b"", 415, "http.media_type"),
    ("POST", "/oid4vp/responses/none", FORM, b"response=a.b.c.d.e", 400, "transaction.unknown"),
    ("POST", "/oid4vp/responses/none", FORM, b"vp_token=x", 400, "vp.not_encrypted"),
    ("POST", "/oid4vp/responses/none", {}, {"response": "x"}, 415, "http.media_type"),
    ("GET", "/oid4vp/codes/AAAA-AAAA", {}, b"", 400, "transaction.unknown"),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "status", "code"), BAD)
def test_a_refusal_is_a_problem_object(app, method, path, headers, body, status, code):  # noqa: PLR0917
    answer = call(app, method, path, headers=headers, body=body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["help"]


def test_vpr_003_an_unsolicited_answer_is_refused_with_400(app):
    answer = call(app, "POST", "/oid4vp/responses/" + "r" * 22, headers=FORM, body=b"error=x")
    assert (answer.status, answer.json["code"]) == (400, "transaction.unknown")


@pytest.mark.parametrize(
    "body", [b"response=" + b"a" * 1_100_000, b"a=1&" * 1_000_000], ids=["vpr-025-a", "vpr-025-b"]
)
def test_vpr_025_a_vast_form_is_refused(app, body):
    made = ask(app)
    path = f"/oid4vp/responses/{handle_of(made['link'])}"
    answer = call(app, "POST", path, headers=FORM, body=body)
    assert (answer.status, answer.json["code"]) == (413, "limit.size")


def test_vpr_028_a_wallet_may_post_for_the_request(app):
    path = f"/oid4vp/requests/{handle_of(ask(app)['link'])}"
    body = b"wallet_nonce=abc&wallet_metadata=%7B%22vp_formats_supported%22%3A%7B%7D%7D&x=1"
    answer = call(app, "POST", path, headers=FORM, body=body)
    assert answer.status == 200
    assert peek(answer.text)["wallet_nonce"] == "abc"


WALLET_FORMS = [
    ("vpr-028-large", b"wallet_metadata=" + b"a" * 1_000_000, "limit.size"),
    ("vpr-028-metadata", b"wallet_metadata=" + b"1" * 20_000, "limit.size"),
    ("no json", b"wallet_metadata=%7B", "json.invalid"),
    ("twice", b"wallet_nonce=a&wallet_nonce=b", "http.invalid"),
    ("empty nonce", b"wallet_nonce=", "http.invalid"),
    ("bytes", b"wallet_nonce=%ff", "http.invalid"),
    ("many", b"a=1&" * 100, "limit.size"),
]


@pytest.mark.parametrize(
    ("body", "code"), [r[1:] for r in WALLET_FORMS], ids=[r[0] for r in WALLET_FORMS]
)
def test_a_wallets_form_is_bounded_and_strict(app, body, code):
    path = f"/oid4vp/requests/{handle_of(ask(app)['link'])}"
    answer = call(app, "POST", path, headers=FORM, body=body)
    assert answer.json["code"] == code
    assert answer.status < 500


def test_a_declined_request_says_so_in_the_wallets_own_word(world, desk, app):
    made = ask(app)
    request = full_wallet(world).read(
        desk, made["link"], desk.lists.views(desk.look(made["id"], desk="ward").created_at).trust
    )
    path = f"/oid4vp/responses/{handle_of(made['link'])}"
    call(app, "POST", path, headers=FORM, body=encode_error("access_denied", state=request.state))
    seen = call(app, "GET", f"/requests/{made['id']}", headers=WARD).json
    assert (seen["state"], seen["problem"]["code"]) == ("declined", "access_denied")


def test_vpr_030_differences_from_the_person_admitted_are_told(world, desk, app):
    wanted = {"template": "emergency_admission", "expected": {"family_name": "Other"}}
    made = call(app, "POST", "/requests", headers=WARD, body=wanted).json
    wallet = full_wallet(world)
    trust = desk.lists.views(desk.look(made["id"], desk="ward").created_at).trust
    body = wallet.answer(wallet.read(desk, made["link"], trust))
    call(app, "POST", f"/oid4vp/responses/{handle_of(made['link'])}", headers=FORM, body=body)
    seen = call(app, "GET", f"/requests/{made['id']}", headers=WARD).json
    assert seen["differences"] == ["familyName"]
    assert seen["problem"]["code"] == "match.demographics"


def test_events_end_with_the_question(app):
    made = ask(app)
    call(app, "DELETE", f"/requests/{made['id']}", headers=WARD)
    answer = call(app, "GET", f"/requests/{made['id']}/events", headers=WARD)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: state" in answer.text
    assert '"state":"closed"' in answer.text.replace(" ", "")


def test_a_short_code_leads_to_the_link(app):
    made = ask(app)
    answer = call(app, "GET", f"/oid4vp/codes/{made['short_code'].lower()}")
    assert answer.json == {"link": made["link"]}


def test_templates_are_listed_in_the_patients_words(app):
    rows = call(app, "GET", "/templates", headers=WARD).json["templates"]
    ids = {row["id"] for row in rows}
    assert {"emergency_admission", "emergency_summary", "medicines_check"} == ids
    assert all(row["patientTitle"] and row["reason"] and row["sections"] for row in rows)


def test_health_and_readiness(app):
    assert call(app, "GET", "/healthz").json == {"status": "ok"}
    assert call(app, "GET", "/readyz").json == {"status": "ready"}


def test_the_schedule_updates_at_the_start_and_stops_with_the_application(world, tmp_path):
    desk = make_desk(world, tmp_path / "desk", updated=False)
    app = create_app(desk.settings, desk=desk)

    async def run():
        async with app.router.lifespan_context(app):
            for _ in range(100):
                await asyncio.sleep(0.05)
                if call_ready():
                    return True
        return False

    def call_ready():
        try:
            desk.check()
        except PassportError:
            return False
        return True

    assert asyncio.run(run())
    desk.shut()
