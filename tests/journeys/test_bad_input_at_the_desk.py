"""Everything that may go wrong with an answer, from the wallet's post to the page that staff read.

Each time: the wallet and the page are told what failed and whose side it is on; no word of what
failed stands on any screen; and no file of the desk holds a word of it, then or afterwards.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from bad_input_world import (
    ALLERGY,
    ALLERGY_2,
    FORM,
    MEDICINE,
    NAME,
    OTHER,
    OTHER_NAME,
    PERSON,
    Counter,
    found_in,
    nothing_kept,
    of_allergies,
    of_medicines,
    of_person,
    shown,
    told,
)
from desk_world import Clock, Wallet, World, make_world, seal, wallet_with

from healthpassport.credential import Credential, Presentation
from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.protocols.oid4vp import build_vp_token
from verifier.web.app import DESK


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def standing(world, tmp_path_factory):
    made = Counter(world, tmp_path_factory.mktemp("standing") / "desk", Clock())
    yield made
    made.desk.shut()


@pytest.fixture
def counter(standing):
    standing.clock.offset = timedelta()
    standing.ask()
    return standing


# -- answers that the desk does not take ----------------------------------------------------


def test_a_good_answer_is_seen_and_kept_in_no_file(counter):
    assert counter.share(counter.presentation()).status == 200
    assert {NAME, ALLERGY, ALLERGY_2, MEDICINE} <= found_in(counter.page())
    nothing_kept(counter)


def test_a_replay_is_refused_and_the_first_answer_stays_as_it_is(counter):
    body = seal(
        counter.request, build_vp_token(counter.presentation(), state=counter.request.state)
    )
    assert counter.post(body).status == 200
    before = counter.page()
    told(counter.post(body), "transaction.closed")
    assert counter.page() == before
    nothing_kept(counter)


def test_of_two_answers_the_second_shows_nothing(counter):
    assert counter.share(counter.presentation()).status == 200
    other = wallet_with(
        counter.world, replace(of_person(), subject=OTHER), of_allergies(subject=OTHER)
    )
    told(counter.share(counter.presentation(other)), "transaction.closed")
    assert OTHER_NAME not in found_in(counter.page())
    nothing_kept(counter)


def test_an_answer_that_comes_too_late_is_refused(counter):
    shown_ = counter.presentation()
    counter.clock.offset = timedelta(minutes=5, seconds=1)
    told(counter.share(shown_), "transaction.expired")
    assert "The time has run out" in counter.page()
    assert not found_in(counter.page())
    nothing_kept(counter)


def test_an_answer_after_the_question_was_closed_is_refused(counter):
    shown_ = counter.presentation()
    counter.desk.close(counter.view.id, desk=DESK)
    told(counter.share(shown_), "transaction.closed")
    assert not found_in(counter.page())


def test_an_answer_to_another_question_is_refused_and_this_one_stays_open(counter):
    told(counter.share(counter.presentation(), state="x" * 22), "transaction.unknown")
    assert "<svg" in counter.page()
    nothing_kept(counter)


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"response=" + b"a" * 10_000_000, FORM, "limit.size"),
        (b"response=" + b"a" * 300_000, FORM, "vp.format"),
        (b"a=1&" * 1000, FORM, "limit.size"),
        (b"vp_token=%7B%7D&state=x", FORM, "vp.not_encrypted"),
        (b"response=a.b.c.d.e", FORM, "b64.not_canonical"),
        (b"\xff\xfe", FORM, "vp.format"),
        (b"", FORM, "vp.format"),
        (b"{}", {"content-type": "application/json"}, "http.media_type"),
    ],
    ids=["10 MB", "300 kB", "members", "plain", "no jwe", "bytes", "nothing", "json"],
)
def test_a_message_that_is_no_answer_is_refused_and_a_good_one_still_taken(
    counter, body, headers, code
):
    answer = counter.post(body, headers)
    assert answer.json["code"] == code
    told(answer, code)
    assert "<svg" in counter.page()
    assert counter.share(counter.presentation()).status == 200


# -- answers to something else --------------------------------------------------------------


def test_a_wrong_record_is_named_and_hidden(counter):
    answers = counter.presentation().answers
    told(counter.share(Presentation({"allergies": answers["medications"]})), "dcql.type_mismatch")
    shown(counter.page(), "dcql.type_mismatch")
    assert not found_in(counter.page())
    nothing_kept(counter)


def test_an_answer_without_the_record_that_is_needed_shows_nothing_at_all(counter):
    counter.ask("medicines_check")
    answers = dict(counter.presentation().answers)
    del answers["medications"]
    told(counter.share(Presentation(answers)), "dcql.set_unsatisfied")
    shown(counter.page(), "dcql.set_unsatisfied")
    assert not found_in(counter.page())
    nothing_kept(counter)


def test_an_answer_with_a_part_that_nobody_asked_for_is_not_read(counter):
    answers = dict(counter.presentation().answers)
    answers["more"] = answers["allergies"]
    told(counter.share(Presentation(answers)), "dcql.unknown_id")
    assert "<svg" in counter.page()
    nothing_kept(counter)


def test_records_of_two_people_are_all_hidden(counter):
    mixed = wallet_with(counter.world, of_person(), of_allergies(subject=OTHER), of_medicines())
    told(counter.share(counter.presentation(mixed)), "match.subject_mismatch")
    shown(counter.page(), "match.subject_mismatch")
    assert not found_in(counter.page())
    nothing_kept(counter)


def test_a_record_that_names_nobody_is_hidden_and_the_others_shown(counter):
    nobody = {name: PERSON[name] for name in ("givenNames",)}
    held = wallet_with(counter.world, of_person(), of_allergies(subject=nobody), of_medicines())
    full = counter.presentation(held)
    counter.share(full)
    assert not {ALLERGY, ALLERGY_2} & found_in(counter.page())
    assert "No known allergies" not in counter.page()
    nothing_kept(counter)


# -- records that must not be believed ------------------------------------------------------


def with_first(presentation: Presentation, change, name: str = "allergies") -> Presentation:
    """``presentation`` with ``change`` made to the text of one record."""
    (one,) = presentation.answers[name]
    changed = Credential(one.format, change(one.value))
    return Presentation({**presentation.answers, name: (changed,)})


def disclosure_changed(text: str) -> str:
    parts = text.split("~")
    for place, part in enumerate(parts[1:-1], 1):
        plain = b64url_decode(part).decode()
        if "text" in plain:
            parts[place] = b64url_encode(plain.replace("Canar", "Canbr").encode())
            return "~".join(parts)
    raise AssertionError


def disclosure_lost(text: str) -> str:
    parts = text.split("~")
    return "~".join([parts[0], *parts[2:]])


def signature_changed(text: str) -> str:
    head, _, rest = text.partition("~")
    cut = head.rindex(".") + 10
    other = "A" if head[cut] != "A" else "B"
    return f"{head[:cut]}{other}{head[cut + 1 :]}~{rest}"


def payload_changed(text: str) -> str:
    head, _, rest = text.partition("~")
    first, payload, signature = head.split(".")
    claims = json.loads(b64url_decode(payload)) | {"exp": 4_000_000_000}
    return ".".join([first, b64url_encode(json.dumps(claims).encode()), signature]) + "~" + rest


def binding_lost(text: str) -> str:
    return text.rpartition("~")[0] + "~"


ALTERED = {
    "a word": disclosure_changed,
    "a part left out": disclosure_lost,
    "the signature": signature_changed,
    "the last day": payload_changed,
    "the proof of the holder": binding_lost,
    "garbage": lambda _text: "garbage",
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_an_altered_record_is_named_and_hidden(counter, change):
    answer = counter.share(with_first(counter.presentation(), change))
    assert answer.status == 200  # the other records are good: the wallet is thanked for those
    page = counter.page()
    assert not {ALLERGY, ALLERGY_2} & found_in(page)
    assert {NAME, MEDICINE} <= found_in(page)
    assert "Allergies unavailable" in page
    section = next(
        s
        for s in counter.desk.look(counter.view.id, desk=DESK).summary.sections
        if s.record_type == "AllergySummary"
    )
    shown(page, section.code)
    nothing_kept(counter)


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_an_answer_of_one_altered_record_tells_the_wallet_too(counter, change):
    alone = Presentation({"allergies": counter.presentation().answers["allergies"]})
    answer = counter.share(with_first(alone, change))
    assert answer.status == 400
    told(answer, answer.json["code"])
    shown(counter.page(), answer.json["code"])
    assert not found_in(counter.page())
    nothing_kept(counter)


@pytest.mark.parametrize(("status", "code"), [(1, "status.revoked"), (2, "status.suspended")])
def test_a_withdrawn_or_suspended_record_is_named_and_hidden(counter, status, code):
    try:
        counter.world.set_status(status)
        counter.desk.update()
        told(counter.share(counter.presentation()), code)
    finally:
        counter.world.set_status(0)
        counter.desk.update()
        counter.desk.update()
    shown(counter.page(), code)
    assert not found_in(counter.page())
    nothing_kept(counter)


def test_an_issuer_that_nobody_knows_is_named_and_hidden(counter):
    def strange(record):
        return counter.world.credential(record, iss="https://elsewhere.example")

    held = {str(n): strange(r) for n, r in enumerate((of_person(), of_allergies()))}
    told(counter.share(counter.presentation(Wallet(counter.world, held))), "trust.issuer_unknown")
    shown(counter.page(), "trust.issuer_unknown")
    assert not found_in(counter.page())
    nothing_kept(counter)
