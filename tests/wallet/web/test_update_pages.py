"""Keeping records up to date on the pages, and telling a surgery that something is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from refreshing_world import RefreshingWorld
from wallet_pages import Browser
from wallet_world import PASSPHRASE

from issuer import service
from issuer.service.reports import parse_answer
from wallet.service import Wallet
from wallet.vault import KdfCost


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return RefreshingWorld(tmp_path_factory.mktemp("update-pages") / "w")


@pytest.fixture
def inside(whole, tmp_path):
    whole.begin()
    whole.take_reports()
    browser = Browser(whole.filled(tmp_path)).enter()
    yield browser
    browser.visit.wallet.close()


def allergies(inside):
    return next(one for one in inside.visit.wallet.records() if one.type == "AllergySummary")


def test_records_are_brought_up_to_date_by_a_button(inside):
    page = inside.follow(inside.fill("/updates", {})).text
    assert "How it went" in page
    assert "Nothing has changed." in page
    assert inside.fill("/updates", {"do": "read"}).headers["location"] == "/updates"
    assert inside.visit.wallet.updates.changes(unread=True) == ()


def test_without_a_surgery_nothing_is_lost_and_the_page_says_so(inside, whole):
    before = inside.visit.wallet.records()
    whole.wire.down |= set(whole.wire.apps)
    page = inside.follow(inside.fill("/updates", {})).text
    whole.wire.down.clear()
    assert "Code for staff" in page
    assert inside.visit.wallet.records() == before


def test_what_is_still_to_come_is_asked_for_by_a_button_and_taken_off_by_another(whole, tmp_path):
    whole.begin()
    whole.change(sign_off="all", deferred_notification=True)
    browser = Browser(whole.wallet(tmp_path)).enter()
    wallet, offer = browser.visit.wallet, whole.offer_source()
    wallet.accept(wallet.add_offer(offer.link), offer.pin)
    assert "have not come yet" in browser.get("/").text
    assert "Look again" in browser.get("/updates").text
    assert "too soon" in browser.follow(browser.fill("/waiting", {})).text
    whole.change(sign_off="none")
    for one in service.waiting_records(whole.issuer):
        service.decide(whole.issuer, deferral=one.id, decision=service.Decision.DENY)
    whole.now += timedelta(seconds=whole.issuer.settings.deferred_interval_seconds)
    assert "said no" in browser.follow(browser.fill("/waiting", {})).text
    page = browser.get("/updates").text
    assert "wallet.record_denied" in page
    assert "Look again" not in page
    for one in wallet.waiting.list():
        answer = browser.fill(f"/waiting/{one.id}/forget", {})
        assert answer.headers["location"] == "/updates"
    assert "Still to come" not in browser.get("/updates").text
    wallet.close()


@pytest.mark.parametrize("words", ["", "   ", "x" * 3999])
def test_what_cannot_be_told_stays_in_the_form(inside, words):
    answer = inside.fill(f"/records/{allergies(inside).id}/wrong", {"words": words})
    assert answer.status == 400
    assert "words-error" in answer.text
    assert words.strip() in answer.text
    assert not allergies(inside).disputed


def test_a_record_is_disputed_until_the_surgery_answers(inside, whole):
    record = allergies(inside)
    answer = inside.fill(f"/records/{record.id}/wrong", {"words": "I can eat peanuts."})
    page = inside.follow(answer).text
    assert "I can eat peanuts." in page
    told = "You told the surgery that this is wrong."
    assert told in inside.get("/").text
    page = inside.get(f"/records/{allergies(inside).id}").text
    assert told in page
    assert page.index("Whose record it is") < page.index("Date of birth")
    (waiting,) = [one for one in service.all_reports(whole.issuer) if one.answered_at is None]
    words = b'{"outcome": "not_changed", "words": "It is in the letter of 2019."}'
    service.answer_report(whole.issuer, waiting.id, parse_answer(words))
    inside.follow(inside.fill("/reports", {}))
    page = inside.get("/reports").text
    assert "It is in the letter of 2019." in page
    assert told not in inside.get("/").text
    report = inside.visit.wallet.reports.list()[0]
    assert inside.fill(f"/reports/{report.id}/forget", {}).headers["location"] == "/reports"
    assert inside.fill(f"/reports/{report.id}/forget", {}).status == 404


def test_own_words_are_not_told_to_a_surgery(inside):
    said = inside.visit.wallet.say("Please speak slowly.")
    page = inside.get(f"/records/{said.id}").text
    assert "Something wrong?" not in page
    answer = inside.fill(f"/records/{said.id}/wrong", {"words": "No."})
    assert answer.status == 400


def test_a_wallet_without_the_list_of_who_may_ask_says_so_and_gets_it_by_a_button(whole, tmp_path):
    whole.begin()
    wallet = Wallet(whole.surroundings(tmp_path))
    wallet.init(PASSPHRASE, cost=KdfCost())
    browser = Browser(wallet).enter()
    refused = browser.get(browser.bring(whole.ask()["link"])).text
    assert "trust.missing" in refused
    assert 'href="/updates#list"' in refused
    assert "You have none yet." in browser.get("/updates").text
    assert browser.fill("/updates", {"do": "list"}).headers["location"] == "/updates"
    assert "You have none yet." not in browser.get("/updates").text
    wallet.close()


def test_without_a_network_the_list_of_who_may_ask_stays_as_it_was(inside, whole):
    before = inside.visit.wallet.trust().updated_at
    whole.wire.down |= set(whole.wire.apps)
    answer = inside.fill("/updates", {"do": "list"})
    whole.wire.down.clear()
    assert answer.status == 503
    assert inside.visit.wallet.trust().updated_at == before
