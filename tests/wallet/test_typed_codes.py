"""A code that is typed reaches the desk that it names, and nobody else."""

from __future__ import annotations

import pytest
from trust_changes import listed
from wallet_world import DESK

from healthpassport.fetch import HttpResponse
from healthpassport.protocols.oid4vp import spelled
from wallet.consent import ConsentQuestion, Refusal


def code_of(world, template="emergency_admission"):
    return world.ask(template)["short_code"]


@pytest.mark.parametrize(
    "typed", [str, str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("-", "")]
)
def test_a_code_leads_to_the_same_question_as_the_link(world, filled_wallet, typed):
    request = world.ask()
    by_code = filled_wallet.prepare(typed(request["short_code"]))
    by_link = filled_wallet.prepare(request["link"])
    assert by_code.asker == by_link.asker
    assert by_code.request.nonce == by_link.request.nonce
    filled_wallet.share(by_code)
    assert world.seen(request)["state"] == "answered"


def test_a_wrong_letter_never_leaves_the_wallet(world, filled_wallet):
    code = code_of(world)
    place = len(code) - 5
    wrong = code[:place] + ("2" if code[place] != "2" else "3") + code[place + 1 :]
    found = filled_wallet.consider(wrong)
    assert isinstance(found, Refusal)
    assert (found.kind, found.code) == ("link", "request.code")
    assert not world.wire.sent


def test_a_code_of_nobody_on_the_list_never_leaves_the_wallet(world, filled_wallet):
    found = filled_wallet.consider(spelled("ZZ999", "7K3M-9QTA"))
    assert found.code == "request.code_unknown"
    assert not world.wire.sent


def test_a_code_that_was_never_given_out_reaches_only_its_organisation(world, filled_wallet):
    ods = code_of(world).partition("-")[0]
    found = filled_wallet.consider(spelled(ods, "ZZZZ-ZZZZ"))
    assert (found.kind, found.code) == ("late", "transaction.unknown")
    assert world.wire.urls() == [f"{DESK}/oid4vp/codes/ZZZZ-ZZZZ"]


def test_a_code_that_leads_to_somebody_else_is_refused(world, filled_wallet):
    code = code_of(world)
    link = f"openid4vp://?client_id=x509_hash:{'A' * 43}&request_uri={DESK}/x"

    def bent(_request, _answer):
        return HttpResponse(200, {}, f'{{"link": "{link}"}}'.encode())

    world.wire.bend = bent
    assert filled_wallet.consider(code).code == "request.client_id"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<p>", "wallet.verifier_failed"),
        (b"{}", "wallet.verifier_failed"),
        (b'{"link": 7}', "wallet.verifier_failed"),
        (b'{"link": "https://x.example"}', "request.link"),
    ],
)
def test_an_answer_that_is_no_link_is_refused(world, filled_wallet, body, code):
    typed = code_of(world)
    world.wire.bend = lambda _request, _answer: HttpResponse(200, {}, body)
    assert filled_wallet.consider(typed).code == code


def test_without_an_address_on_the_list_nobody_is_asked(world, filled_wallet, monkeypatch):
    code = code_of(world)
    listed(
        monkeypatch,
        lambda rows: [{n: v for n, v in row.items() if n != "address"} for row in rows],
    )
    assert filled_wallet.consider(code).code == "request.code_unknown"
    assert not world.wire.sent


def test_two_organisations_whose_codes_look_alike_are_told_apart_by_nobody(
    world, filled_wallet, monkeypatch
):
    def change(rows):
        own = {**rows[0], "ods": "R01"}
        other = {**own, "ods": "RO1", "certificateHash": "B" * 43}
        return [own, {**other, "address": "https://evil.example"}]

    listed(monkeypatch, change)
    assert filled_wallet.consider(spelled("R01", "7K3M-9QTA")).code == "request.code_unknown"
    assert not world.wire.sent


def test_of_several_desks_of_one_organisation_the_right_one_is_found(
    world, filled_wallet, monkeypatch
):
    request = world.ask()
    world.wire.apps["second.example"] = world.wire.apps[DESK.removeprefix("https://")]

    def change(rows):
        other = {**rows[0], "certificateHash": "B" * 43, "address": "https://second.example"}
        return [other, *rows]

    listed(monkeypatch, change)

    def bent(asked, answer):
        if asked.url.startswith("https://second.example"):
            return HttpResponse(404, {}, b'{"code": "transaction.unknown"}')
        return answer

    world.wire.bend = bent
    found = filled_wallet.consider(request["short_code"])
    assert isinstance(found, ConsentQuestion)
    assert [url.partition("/oid4vp")[0] for url in world.wire.urls()][:2] == [
        "https://second.example",
        DESK,
    ]
