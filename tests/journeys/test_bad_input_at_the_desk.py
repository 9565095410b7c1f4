"""Everything that may go wrong with an answer, from the wallet's post to the page that staff read.

Each time: the wallet and the page are told what failed and whose side it is on; no word of what
failed stands on any screen; and no file of the desk holds a word of it, then or afterwards.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgi_calls import Answer, call
from desk_world import (
    Clock,
    Wallet,
    World,
    handle_of,
    identity,
    make_desk,
    make_world,
    peek,
    seal,
    wallet_with,
)
from record_examples import SUBJECT, allergies, medicines

from healthpassport.credential import Challenge, Credential, Presentation
from healthpassport.encoding import b64url_decode, b64url_encode
from healthpassport.errors import catalogue
from healthpassport.protocols.oid4vp import build_vp_token
from healthpassport.summary import Item
from verifier import api, web
from verifier.service import TransactionView
from verifier.service.sides import SIDES
from verifier.web.app import DESK

FORM = {"content-type": "application/x-www-form-urlencoded"}
OWN = FORM | {"origin": "http://localhost"}
# Words of the records in play: none may be seen where the record that holds them failed.
NAME, ALLERGY, ALLERGY_2, MEDICINE = "Canarysurname", "Canarillin", "Canarex", "Canaryprazole"
OTHER_NAME = "Otherperson"
PERSON = SUBJECT | {"familyName": NAME}
OTHER = {
    "nhsNumber": {"value": "9990000026", "verificationStatus": "01"},
    "familyName": OTHER_NAME,
    "givenNames": ["Another"],
    "birthDate": "1970-01-01",
}
CONTENT = (NAME, ALLERGY, ALLERGY_2, MEDICINE, OTHER_NAME, "9990000018", "9990000026")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def of_allergies(**changes: Any):
    units = ({"text": ALLERGY, "clinicalStatus": "active"}, {"text": ALLERGY_2})
    return allergies(**({"subject": PERSON, "items": tuple(map(Item, units))} | changes))


def of_medicines(**changes: Any):
    made = medicines("current", **changes)
    return replace(made, subject=PERSON, items=(Item({"text": MEDICINE, "group": "current"}),))


def of_person(**changes: Any):
    return replace(identity(), subject=PERSON | changes)


@dataclass
class Counter:
    """One desk with its two applications, one question, and a wallet in front of it."""

    world: World
    home: Any
    clock: Clock

    def __post_init__(self) -> None:
        self.desk = make_desk(self.world, self.home, clock=self.clock)
        self.pages = web.create_app(self.desk.settings, self.desk)
        self.wallets = api.create_app(self.desk.settings, desk=self.desk)
        self.wallet = wallet_with(self.world, of_person(), of_allergies(), of_medicines())

    def ask(self, template: str = "emergency_admission") -> TransactionView:
        self.view = self.desk.ask(template, desk=DESK)
        trust = self.desk.lists.views(self.view.created_at).trust
        self.request = self.wallet.read(self.desk, self.view.link, trust)
        return self.view

    def presentation(self, wallet: Wallet | None = None, **how: Any) -> Presentation:
        challenge = Challenge(self.request.nonce, self.request.client_id)
        return (wallet or self.wallet).presentation(self.request.query, challenge, **how)

    def post(self, body: bytes, headers: Any = FORM) -> Answer:
        path = f"/oid4vp/responses/{handle_of(self.view.link)}"
        return call(self.wallets, "POST", path, headers=headers, body=body)

    def share(self, shown: Presentation, *, state: str | None = None) -> Answer:
        token = build_vp_token(shown, state=state or self.request.state)
        return self.post(seal(self.request, token))

    def page(self, path: str = "") -> str:
        answer = call(self.pages, "GET", f"/requests/{self.view.id}{path}")
        assert answer.status < 500
        return answer.text

    def files(self) -> bytes:
        return b"".join(
            path.read_bytes()
            for path in self.home.rglob("*")
            if path.is_file() and "trust" not in path.parts
        )


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


def found_in(text: str | bytes) -> set[str]:
    """Which words of the records stand in ``text``, in any spelling that a page gives them."""
    raw = text.encode() if isinstance(text, str) else text
    flat = raw.lower().replace(b" ", b"")
    return {word for word in CONTENT if word.lower().encode() in flat}


def told(answer: Answer, code: str) -> None:
    """The wallet's side of a refusal: what, whose side, the next step, and no content."""
    entry = catalogue()[code]
    assert (answer.status, answer.json["code"]) == (entry.status, code)
    assert answer.json["party"] == entry.party
    assert answer.json["help"] == entry.hint
    assert not found_in(answer.body)


def shown(page: str, code: str) -> None:
    """The staff's side of it."""
    entry = catalogue()[code]
    words = re.sub(r"\s+", " ", page.replace("&#39;", "'"))
    assert entry.title in words
    assert entry.hint in words
    assert SIDES[entry.party] in words


def nothing_kept(counter: Counter) -> None:
    assert not found_in(counter.files())
    close = f"/requests/{counter.view.id}/close"
    assert call(counter.pages, "POST", close, headers=OWN).status == 303
    assert not found_in(counter.page())
    assert not found_in(call(counter.pages, "GET", "/today").body)
    assert not found_in(counter.files())


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


@pytest.mark.parametrize("status", [1, 2])
def test_a_withdrawn_or_suspended_record_is_named_and_hidden(counter, status):
    try:
        counter.world.set_status(status)
        counter.desk.update()
        told(counter.share(counter.presentation()), "status.revoked")
    finally:
        counter.world.set_status(0)
        counter.desk.update()
        counter.desk.update()
    shown(counter.page(), "status.revoked")
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


# -- lists that ran out, and clocks that lie ------------------------------------------------


def in_doubt(counter: Counter, code: str, what: str) -> None:
    """Everything is shown as could not check: never as checked, never as no allergies."""
    page = counter.page()
    assert f"{what}: could not check" in page
    assert f"{what}: checked" not in page
    assert "Not everything could be accepted" in page
    assert "No known allergies" not in page
    shown(page, code)
    nothing_kept(counter)


def test_an_expired_status_list_is_never_not_withdrawn(world, tmp_path):
    world.set_status(0, at=datetime.now(UTC) - timedelta(days=1, hours=23, minutes=58, seconds=30))
    counter = Counter(world, tmp_path / "desk", Clock())
    world.set_status(0)
    counter.ask()
    counter.clock.offset = timedelta(minutes=3)
    counter.share(counter.presentation(now=counter.clock()))
    in_doubt(counter, "status.expired", "Not withdrawn")
    counter.desk.shut()


def at(counter: Counter, **offset: float) -> None:
    """A question asked, answered by an honest phone, at a desk whose clock is off by ``offset``."""
    counter.clock.offset = timedelta(**offset)
    counter.view = counter.desk.ask("emergency_admission", desk=DESK)
    claims = peek(counter.desk.request_object(handle_of(counter.view.link)))
    counter.request = replace(
        counter.request,
        nonce=claims["nonce"],
        state=claims["state"],
        encryption_jwk=claims["client_metadata"]["jwks"]["keys"][0],
    )


def test_rel_005_lists_that_are_too_old_by_a_desks_fast_clock_check_nothing(counter):
    at(counter, days=8)
    counter.share(counter.presentation(now=counter.clock()))
    in_doubt(counter, "trust.stale", "Issuer on the trust list")


def test_rel_005_lists_from_the_future_of_a_desks_slow_clock_check_nothing(counter):
    at(counter, seconds=-90)
    counter.share(counter.presentation(now=counter.clock()))
    in_doubt(counter, "trust.stale", "Issuer on the trust list")


@pytest.mark.parametrize("minutes", [-10, 10])
def test_rel_005_where_the_desks_clock_is_wrong_an_honest_phone_is_refused_and_clocks_are_named(
    counter, minutes
):
    at(counter, minutes=minutes)
    answer = counter.share(counter.presentation())
    assert answer.status == 400
    assert "clock" in answer.json["help"]
    shown(counter.page(), answer.json["code"])
    assert not found_in(counter.page())
    nothing_kept(counter)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_rel_005_a_phone_whose_clock_is_ten_minutes_off_is_refused(counter, minutes):
    off = datetime.now(UTC) + timedelta(minutes=minutes)
    told(counter.share(counter.presentation(now=off)), "kb.iat")
    shown(counter.page(), "kb.iat")
    assert not found_in(counter.page())
    nothing_kept(counter)


@pytest.mark.parametrize("seconds", [-55, 55])
def test_rel_005_a_minute_is_forgiven(counter, seconds):
    off = datetime.now(UTC) + timedelta(seconds=seconds)
    assert counter.share(counter.presentation(now=off)).status == 200


def test_rel_005_a_clock_that_is_put_back_opens_no_question_again(counter):
    assert counter.share(counter.presentation()).status == 200
    shown_ = counter.presentation()
    counter.clock.offset = -timedelta(minutes=30)
    told(counter.share(shown_), "transaction.closed")
    counter.desk.close(counter.view.id, desk=DESK)
    counter.clock.offset = -timedelta(days=2)
    assert not found_in(counter.page())


@pytest.mark.parametrize("minutes", [-1, 0, 60])
def test_rel_005_an_older_list_is_refused_whatever_the_clock_says(counter, minutes):
    now = datetime.now(UTC)
    counter.world.set_status(1, at=now)
    counter.desk.update()
    counter.world.set_status(0, at=now - timedelta(hours=1))
    try:
        counter.clock.offset = timedelta(minutes=minutes)
        failed = counter.desk.update().failed
        assert [code for _, code in failed] == ["status.rollback"]
        counter.clock.offset = timedelta()
        told(counter.share(counter.presentation()), "status.revoked")
    finally:
        counter.world.set_status(0)
        counter.desk.update()
