"""An emergency card at the console, for somebody without a wallet: from ticks to paper and back."""

from __future__ import annotations

import html
import json
import re

import pytest
from console_world import Practice, Walk, refused

from healthpassport import cards
from healthpassport.card_sheets import word
from healthpassport.status.entries import VALID, WITHDRAWN
from issuer.service.audit_keeping import StoredTrail
from issuer.store import issuances


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return Practice(tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="module")
def browser(practice):
    return practice.browser("clinician")


@pytest.fixture
def where(browser):
    """The page on which a card of somebody who was identified is chosen."""
    walk = Walk(browser)
    opened = walk.opened()
    assert walk.identified(opened).status == 303
    return f"{opened}/card"


def boxes(text):
    """Every box of the page: whether it is ticked, by its key."""
    rows = re.findall(r'name="tick" value="([^"]+)"( checked)?', text)
    return {html.unescape(key): bool(ticked) for key, ticked in rows}


def usual(browser, where):
    """The ticks of a person who leaves off what would not fit."""
    page = browser.get(where).text
    off = set(re.findall(r'href="#tick-(\d+)"', page))
    numbered = re.findall(r'id="tick-(\d+)" name="tick" value="([^"]+)" checked', page)
    return [html.unescape(key) for number, key in numbered if number not in off]


def made(browser, where, keys=None, **more):
    keys = usual(browser, where) if keys is None else keys
    return browser.post(where, [("tick", key) for key in keys], do="make", **more)


def number_of(answer):
    assert answer.status == 303, answer.text
    return answer.headers["location"].removeprefix("/cards/")


def status(practice, card):
    with practice.issuer.store.reading() as tx:
        return issuances.find(tx, card).status


def events(practice):
    practice.issuer.audit.settle()
    return [json.loads(one.entry) for one in StoredTrail(practice.issuer.store).all()]


def test_number_and_address_are_not_ticked_and_allergies_stand_first(browser, where):
    page = browser.get(where).text
    found = boxes(page)
    assert not any(ticked for key, ticked in found.items() if key.startswith("detail:"))
    assert next(iter(found)).startswith("AllergySummary")
    assert all(ticked for key, ticked in found.items() if key.startswith("AllergySummary"))


def test_what_does_not_fit_makes_no_card_and_what_could_be_left_off_is_never_an_allergy(
    browser, where
):
    every = [key for key, ticked in boxes(browser.get(where).text).items()]
    answer = made(browser, where, every)
    assert answer.status == 409
    assert "does not fit on one card" in answer.text
    off = re.findall(r'href="#tick-(\d+)"', answer.text)
    assert off
    keys = dict(re.findall(r'id="tick-(\d+)" name="tick" value="([^"]+)"', answer.text))
    assert not [keys[number] for number in off if keys[number].startswith("AllergySummary")]
    assert all(boxes(answer.text).values())


def test_a_card_is_made_looked_at_printed_in_two_sizes_and_read_aloud(practice, browser, where):
    card = number_of(made(browser, where))
    shown = browser.get(f"/cards/{card}").text
    assert card in shown
    text = practice.console.cards.find(card).text
    assert cards.parse(text).claims.content.allergies.complete
    for path in ("print", "large"):
        page = browser.get(f"/cards/{card}/{path}").text
        assert "<svg" in page
        assert word("labels", "title")["en"] in page
    aloud = browser.get(f"/cards/{card}/aloud").text
    assert "Your NHS number is not on the card." in aloud
    forms = [
        (row["event"], row["facts"]["form"])
        for row in events(practice)
        if row["about"] == practice.issuer.audit.about(card) and row["event"].startswith("card.")
    ]
    assert forms == [
        ("card.shown", "screen"),
        ("card.printed", "small"),
        ("card.printed", "large"),
        ("card.shown", "aloud"),
    ]
    assert browser.post(f"/cards/{card}/forget").status == 303
    refused(browser.get(f"/cards/{card}/print"), "card.forgotten", 410)
    assert status(practice, card) == VALID


def test_fewer_allergies_than_the_list_has_need_a_second_look_at_just_these_ticks(browser, where):
    keys = usual(browser, where)
    allergies = [key for key in keys if key.startswith("AllergySummary")]
    fewer = [key for key in keys if key not in allergies[:1]]
    asked = made(browser, where, fewer)
    assert asked.status == 200
    assert html.escape(word("labels", "list_incomplete")["en"]) in asked.text or (
        "Allergies unavailable" in asked.text
    )
    sure = re.search(r'name="sure" value="([^"]+)"', asked.text)[1]
    assert [key for key, ticked in boxes(asked.text).items() if ticked] == fewer
    other = [key for key in keys if key not in allergies]
    assert made(browser, where, other, sure=sure).status == 200
    assert made(browser, where, fewer, sure=sure).status == 303


def test_a_lost_card_is_withdrawn_when_the_new_one_is_made(practice, browser, where):
    old = number_of(made(browser, where))
    assert f'name="instead" value="{old}"' in browser.get(where).text
    new = number_of(
        browser.post(
            where,
            [("tick", key) for key in usual(browser, where)] + [("instead", old)],
            do="make",
        )
    )
    assert (status(practice, old), status(practice, new)) == (WITHDRAWN, VALID)
    assert f'name="instead" value="{old}"' not in browser.get(where).text


def test_only_a_card_of_this_person_can_be_named_as_the_old_one(practice, browser, where):
    keys = [("tick", key) for key in usual(browser, where)]
    refused(browser.post(where, [*keys, ("instead", "x" * 22)], do="make"), "console.change", 409)


def test_a_tick_of_nothing_makes_no_card_and_an_unticked_box_stays_so(browser, where):
    keys = usual(browser, where)
    strange = browser.post(where, [("tick", keys[0]), ("tick", "AllergySummary:x")], do="make")
    assert strange.status == 409
    assert [key for key, ticked in boxes(strange.text).items() if ticked] == keys[:1]
    looked = browser.post(where, [("tick", keys[0])], do="look")
    assert looked.status == 200
    assert [key for key, ticked in boxes(looked.text).items() if ticked] == keys[:1]


def test_nobody_gets_a_card_before_it_is_said_who_they_are(browser):
    opened = Walk(browser).opened()
    refused(browser.get(f"{opened}/card"), "console.identity", 400)


def test_a_clerk_makes_no_card_and_opens_none(practice, browser, where):
    card = number_of(made(browser, where))
    clerk = practice.browser("clerk")
    refused(clerk.get(where), "staff.role", 403)
    refused(clerk.get(f"/cards/{card}"), "staff.role", 403)
    refused(clerk.post("/cards/lost", number=card), "staff.role", 403)


def test_a_lost_card_is_withdrawn_by_its_number_alone(practice, browser, where):
    card = number_of(made(browser, where))
    for typed in ("", "nothing", "x" * 22):
        refused(browser.post("/cards/lost", number=typed), "card.unknown", 404)
    assert browser.post("/cards/lost", number=f" {card} ").status == 200
    assert status(practice, card) == WITHDRAWN
    assert browser.post("/cards/lost", number=card).status == 200
