"""What a desk says before and after an answer, and where it must not lead."""

from __future__ import annotations

import dataclasses

import pytest
from wallet_world import DESK, past_of

import schemas
from healthpassport.encoding import dump_json
from healthpassport.errors import FetchError, PassportError
from healthpassport.fetch import HttpResponse
from wallet.service import HistoryKind

SIGNED = {"content-type": "application/oauth-authz-req+jwt"}


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ")


def posted(world):
    return [r for r in world.wire.sent if r.method == "POST" and r.url.startswith(DESK)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (HttpResponse(500, {}, b""), "wallet.verifier_failed"),
        (HttpResponse(400, {}, b'{"code": "vault.locked"}'), "wallet.verifier_failed"),
        (HttpResponse(200, {"content-type": "text/html"}, b"<p>"), "request.unsigned"),
        (HttpResponse(200, SIGNED, b"\xff"), "request.unsigned"),
        (HttpResponse(200, SIGNED, b"e30.e30."), "request.unsigned"),
    ],
)  # fmt: skip
def test_a_desk_that_gives_no_proper_request_gets_nothing(world, filled_wallet, answer, code):
    link = world.ask()["link"]
    world.wire.bend = lambda _request, _answer: answer
    with refused(code):
        filled_wallet.prepare(link)
    assert not posted(world)


def test_an_answer_that_is_not_taken_is_told(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    world.wire.bend = lambda _request, _answer: HttpResponse(400, {}, b'{"error": "x"}')
    with refused("wallet.not_accepted"):
        filled_wallet.share(question)
    assert past_of(filled_wallet)[0].kind is HistoryKind.NOT_DELIVERED
    with refused("consent.required"):
        filled_wallet.share(question)


@pytest.mark.parametrize(
    ("target", "blocked"),
    [
        pytest.param("javascript:alert(1)", True, id="vpq-030-javascript"),
        pytest.param("data:text/html,x", True, id="vpq-030-data"),
        pytest.param("https://localhost/x", True, id="vpq-030-loopback"),
        pytest.param("https://127.0.0.1/x", True, id="vpq-030-loopback-address"),
        pytest.param("https://2130706433/x", True, id="vpq-030-loopback-number"),
        pytest.param("https://0x7f.1/x", True, id="vpq-030-loopback-hexadecimal"),
        pytest.param("https://localhost./x", True, id="vpq-030-loopback-dot"),
        pytest.param("https://hospital.example/\x1b[2J", True, id="vpq-030-controls"),
        pytest.param("https://user@hospital.example/", True, id="vpq-030-user"),
        pytest.param("https://[::1", True, id="vpq-030-nonsense"),
        pytest.param("http://hospital.example/", True, id="vpq-030-http"),
        pytest.param("https://hospital.example/done", False, id="good"),
        pytest.param(None, False, id="none"),
        pytest.param(7, False, id="a-number"),
    ],
)
def test_a_page_to_go_on_to_must_be_safe(world, filled_wallet, target, blocked):
    question = filled_wallet.prepare(world.ask()["link"])
    body = dump_json({} if target is None else {"redirect_uri": target})
    world.wire.bend = lambda _request, _answer: HttpResponse(200, {}, body)
    receipt = filled_wallet.share(question)
    assert receipt.redirect_blocked is blocked
    assert receipt.redirect == (target if isinstance(target, str) and not blocked else None)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("0417", "0417"),
        ("AB-12", "AB-12"),
        (417, None),
        ("", None),
        ("1" * 13, None),
        ("0417\n<b>", None),
        (None, None),
    ],
)
def test_a_code_to_tell_the_staff_is_shown_if_it_can_be_told(world, filled_wallet, given, shown):
    question = filled_wallet.prepare(world.ask()["link"])
    body = dump_json({"confirm_code": given})
    world.wire.bend = lambda _request, _answer: HttpResponse(200, {}, body)
    assert filled_wallet.share(question).confirm_code == shown


@pytest.mark.parametrize(
    ("status", "target", "left_to"),
    [
        (200, "https://hospital.example/bye", ("https://hospital.example/bye", False, None)),
        (200, "javascript:alert(1)", (None, True, None)),
        (500, "https://hospital.example/bye", (None, False, None)),
    ],
)
def test_a_desk_may_lead_on_whoever_said_no(world, filled_wallet, status, target, left_to):
    question = filled_wallet.prepare(world.ask()["link"])
    body = dump_json({"redirect_uri": target, "confirm_code": "1234"})
    world.wire.bend = lambda _request, _answer: HttpResponse(status, {}, body)
    left = filled_wallet.decline(question)
    assert (left.redirect, left.redirect_blocked, left.confirm_code) == left_to


def test_an_answer_of_the_desk_that_is_no_json_leads_nowhere(world, filled_wallet):
    question = filled_wallet.prepare(world.ask()["link"])
    world.wire.bend = lambda _request, _answer: HttpResponse(200, {}, b"<p>thanks</p>")
    assert filled_wallet.share(question).redirect is None


def test_vpq_013_a_request_fetched_by_post_must_repeat_our_nonce(world, filled_wallet):
    request = world.ask()
    link = request["link"] + "&request_uri_method=post"
    question = filled_wallet.prepare(link)
    assert question.asker
    (sent,) = posted(world)
    assert b"wallet_nonce=" in sent.body
    plain = world.wire.fetch(dataclasses.replace(sent, method="GET", body=None))
    world.wire.bend = lambda _request, _answer: plain
    with refused("request.wallet_nonce"):
        filled_wallet.prepare(link)


def test_history_never_says_that_an_unconfirmed_answer_was_not_read(world, filled_wallet):
    def lost(request, answer):
        if "/oid4vp/responses/" in request.url:
            raise FetchError("net.timeout")
        return answer

    asked = world.ask()
    question = filled_wallet.prepare(asked["link"])
    world.wire.bend = lost
    with pytest.raises(FetchError):
        filled_wallet.share(question)
    assert world.seen(asked)["result"]["verdict"] == "accepted"
    entry = past_of(filled_wallet)[0]
    assert entry.what
    assert entry.kind is HistoryKind.NOT_DELIVERED
    words = schemas.load("receipts/words.json")["kinds"][entry.kind.value]
    assert words["en"] == "Sent, but it may not have come"
