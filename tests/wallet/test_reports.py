"""Something wrong? The wallet tells the surgery, shows it at once, and reads the answer."""

from __future__ import annotations

import json

import pytest
from refreshing_world import HOST, LATEX, NUT, PASSPHRASE, RefreshingWorld, content
from wallet_world import with_json

from healthpassport.errors import FetchError, PassportError
from healthpassport.fetch import HttpResponse
from issuer import service
from issuer.service.reports import parse_answer

WORDS = "I can eat peanuts. That was Zanzibara."


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("reports") / "w")


@pytest.fixture
def world(whole):
    whole.begin()
    whole.take_reports()
    for one in service.all_reports(whole.issuer):
        answer(whole, one.id)
    return whole


@pytest.fixture
def wallet(world, tmp_path):
    made = world.filled(tmp_path)
    yield made
    made.close()


def refused(code):
    return pytest.raises(PassportError, match=f"^{code}: ".replace(".", r"\."))


def allergies(wallet):
    [view] = [view for view in wallet.records() if view.type == "AllergySummary"]
    return view


def answer(world, report, outcome="corrected", words="We changed it."):
    value = json.dumps({"outcome": outcome, "words": words}).encode()
    return service.answer_report(world.issuer, report, parse_answer(value))


def report(wallet, words=WORDS):
    return wallet.reports.report(allergies(wallet).id, words)


def test_the_surgery_alone_reads_the_words_and_the_record_is_disputed_at_once(world, wallet):
    view, sent = report(wallet)
    assert sent.done
    assert view.state == "open"
    assert view.status.startswith("The surgery has your note. They must answer by ")
    [waiting] = service.all_reports(world.issuer)
    assert service.open_report(world.issuer, waiting.id).words == WORDS
    assert not any(b"Zanzibara" in (request.body or b"") for request in world.wire.sent)
    assert allergies(wallet).disputed
    detail = wallet.show(allergies(wallet).id)
    assert "disputed" in detail.payload["warnings"]  # the copies say so too
    assert sum("part of this is wrong" in line.value for line in detail.lines) == 1
    disputed = {view.type for view in wallet.records() if view.disputed}
    assert disputed == {"AllergySummary", "EmergencySummary"}


def test_a_newer_offer_of_the_record_leaves_it_disputed_and_the_answer_still_comes(world, wallet):
    report(wallet)
    world.add(wallet)
    assert allergies(wallet).disputed
    assert "disputed" in wallet.show(allergies(wallet).id).payload["warnings"]
    [one] = service.all_reports(world.issuer)  # staff are asked once
    assert service.open_report(world.issuer, one.id).words == WORDS
    answer(world, one.id)
    world.add(wallet)  # the answer is found under the newest leave as well
    assert all(done.done for done in wallet.reports.update())
    assert wallet.reports.list()[0].state == "answered"
    assert not allergies(wallet).disputed


def test_a_newer_offer_of_a_record_that_nothing_is_wrong_with_asks_nothing_more(world, wallet):
    world.add(wallet)
    assert not [one for one in world.wire.urls() if "/holder/reports" in one]


def test_a_desk_is_told_that_it_is_disputed(world, wallet):
    report(wallet)
    world.world.desk.update()
    request = world.ask()
    wallet.share(wallet.prepare(request["link"]))
    assert "disputed" in json.dumps(world.seen(request)["result"])


def test_the_answer_comes_with_the_next_look_and_ends_the_dispute(world, wallet):
    view, _ = report(wallet)
    world.tell(LATEX)
    answer(world, view.id, words="You are right: peanuts are off.")
    [done] = wallet.reports.update()
    assert done.done
    assert any("peanut" in line for note in done.notes for line in note.lines("en"))
    [told] = wallet.reports.list()
    assert (told.state, told.outcome) == ("answered", "corrected")
    assert told.status == "The surgery has changed its notes."
    assert told.answer == "You are right: peanuts are off."
    assert not allergies(wallet).disputed
    world.wire.sent.clear()
    assert wallet.reports.update() == ()
    assert not world.wire.sent
    wallet.reports.forget(told.id)
    assert wallet.reports.list() == ()


def test_a_surgery_that_is_away_gets_the_report_later(world, wallet):
    world.wire.down.add(HOST)
    view, sent = report(wallet)
    assert not sent.done
    assert view.status == "Not sent yet. We will try again."
    assert allergies(wallet).disputed
    lines = [line.value for line in wallet.show(allergies(wallet).id).lines]
    assert lines[0].startswith("You told the surgery that part of this is wrong")
    world.wire.calm()
    assert all(done.done for done in wallet.reports.update())
    [told] = wallet.reports.list()
    assert told.state == "open"


def test_an_answer_that_is_lost_makes_no_second_report(world, wallet):
    def gone(request, reply):
        if request.url.endswith("/holder/reports") and request.method == "POST":
            raise FetchError("net.timeout")
        return reply

    world.wire.bend = gone
    view, sent = report(wallet)
    assert (sent.code, view.state) == ("net.timeout", "sending")
    world.wire.calm()
    wallet.reports.update()
    assert [one.id for one in service.all_reports(world.issuer)] == [view.id]


def test_reporting_what_was_uploaded_works_without_newer_copies(world, tmp_path):
    wallet = world.wallet(tmp_path)
    offer = world.offer()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    before = content(wallet)
    view, sent = report(wallet)
    assert (sent.done, view.state) == (True, "open")
    assert content(wallet) == before
    assert allergies(wallet).disputed
    wallet.close()


def test_a_late_answer_is_called_late(world, wallet):
    report(wallet)
    [told] = wallet.reports.list()
    assert not told.late
    world.pass_time(days=32)
    wallet.unlock(PASSPHRASE)
    [told] = wallet.reports.list()
    assert told.late


def test_welsh_words_are_there_for_every_state(world, wallet):
    view, _ = report(wallet)
    speaking = wallet.speaking("cy")
    assert speaking.reports.list()[0].status.startswith("Mae eich nodyn gan y feddygfa")
    answer(world, view.id, outcome="not_changed")
    wallet.reports.update()
    assert "wedi cadw" in speaking.reports.list()[0].status


@pytest.mark.parametrize("words", ["", "   ", "x" * 2_001])
def test_what_cannot_be_sent_is_refused_before_anything_is_kept(wallet, world, words):
    world.wire.sent.clear()
    with refused("report.words"):
        report(wallet, words)
    assert wallet.reports.list() == ()
    assert not world.wire.sent


def test_own_words_are_no_matter_for_the_surgery(wallet):
    view = wallet.say("I feel dizzy")
    with refused("report.wrong_record"):
        wallet.reports.report(view.id, "wrong")
    with refused("wallet.record_unknown"):
        wallet.reports.report("nothing", "wrong")


def test_a_surgery_that_takes_none_says_so(world, wallet):
    world.change(reports_jwk=None)
    _, sent = report(wallet)
    assert sent.code == "report.not_taken"
    assert sent.title


@pytest.mark.parametrize(
    "change",
    [
        with_json(lambda v: v.update(key={"kty": "EC"})),
        with_json(lambda v: v.update(key="key")),
        with_json(lambda v: v.update(reports=7)),
        lambda _a: HttpResponse(200, {}, b"[]"),
        lambda _a: HttpResponse(500, {}, b"oops"),
    ],
)
def test_a_hostile_or_failing_answer_loses_no_report(world, wallet, change):
    world.wire.bend = lambda request, reply: (
        change(reply)
        if request.url.endswith("/holder/reports") and request.method == "GET"
        else reply
    )
    view, _ = report(wallet)
    world.wire.calm()
    assert view.state in {"sending", "open"}
    wallet.reports.update()
    [told] = wallet.reports.list()
    assert told.state == "open"
    assert [one.id for one in service.all_reports(world.issuer)] == [view.id]


@pytest.mark.parametrize(
    "row",
    [
        {"answer": "not sealed"},
        {"answer": 7},
        {"answer": None},
        {"outcome": "free cakes"},
    ],
)
def test_an_answer_that_cannot_be_read_is_an_answer_all_the_same(world, wallet, row):
    view, _ = report(wallet)
    answer(world, view.id)
    world.wire.bend = lambda request, reply: (
        with_json(lambda v: v["reports"][0].update(row))(reply)
        if request.url.endswith("/holder/reports")
        else reply
    )
    wallet.reports.update()
    [told] = wallet.reports.list()
    assert told.state == "answered"
    assert told.status in {"The surgery has answered.", "The surgery has changed its notes."}
    assert not allergies(wallet).disputed


def test_a_day_that_is_no_day_leaves_the_report_as_it_was(world, wallet):
    world.wire.bend = lambda request, reply: (
        with_json(lambda v: v.update(due_by="soon"))(reply)
        if request.url.endswith("/holder/reports") and request.method == "POST"
        else reply
    )
    view, sent = report(wallet)
    assert (sent.code, view.state) == ("wallet.issuer_failed", "sending")
    assert NUT
