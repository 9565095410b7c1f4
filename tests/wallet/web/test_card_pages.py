"""The pages of emergency cards, without a browser: ticks stay, allergies never drop unseen."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import pytest
from card_holder import HELD, HOME, TOO_MUCH, add
from record_examples import SUBJECT, allergies, identity
from wallet_pages import Browser
from wallet_world import ISSUER, PASSPHRASE

from healthpassport.summary import Item, PatientSummary

BOX = re.compile(
    r'type="checkbox" id="(tick-\d+)" name="tick" value="(\w+)"( checked)?'
    r".*?hp-box__value\">(.*?)</span>",
    re.DOTALL,
)


@pytest.fixture
def held(world, tmp_path):
    made = world.wallet(tmp_path)
    add(made, world, HELD)
    world.wire.calm()
    yield Browser(made).enter()
    made.close()


def of(world, folder, *records):
    made = world.wallet(folder)
    add(made, world, PatientSummary(records))
    world.wire.calm()
    return Browser(made).enter()


def boxes(page):
    """What each box says: its mark, and whether it is ticked."""
    return {html.unescape(words): (mark, bool(on)) for _, mark, on, words in BOX.findall(page.text)}


def marks(page, *without):
    return [
        mark
        for words, (mark, on) in boxes(page).items()
        if on and not any(words.startswith(one) for one in without)
    ]


def words(page):
    return html.unescape(page.text)


def said(browser, path):
    """The facts that are on each card of that page."""
    return re.findall(r"<dd>(\w+)</dd>", browser.get(path).text)


def cards(browser):
    return browser.visit.wallet.cards.list()


def make(browser, ticks, **more):
    return browser.fill("/cards/new", {"tick": ticks, "do": "make", **more})


def made(browser):
    answer = make(browser, marks(browser.get("/cards/new")))
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def test_what_is_of_other_people_and_what_finds_a_person_starts_unticked(held):
    found = boxes(held.get("/cards/new"))
    off = {said.split(":")[0] for said, (_, on) in found.items() if not on}
    assert {"NHS number", "Address", "Postcode"} <= off
    assert all(on for said, (_, on) in found.items() if said.startswith(("Penicillin", "Latex")))
    assert not any(on for said, (_, on) in found.items() if said.startswith("Maren"))


def test_the_page_says_who_can_read_it_and_what_it_will_say_of_allergies(held):
    page = words(held.get("/cards/new"))
    assert "Anyone who holds this card can read it." in page
    assert "Known allergies. 2 of 2 on this card. Right on 1 Nov 2026." in page
    assert held.visit.wallet.cards.list() == ()


def test_a_card_is_made_of_what_is_ticked_and_shown(held):
    page = words(held.get(made(held)))
    assert "Known allergies. 2 of 2 on this card. Right on 1 Nov 2026." in page
    assert "Anyone who holds this card can read it." in page
    assert "Penicillin" in page
    assert "999 000 0018" not in page
    assert "Example Street" not in page
    assert "In use" in words(held.get("/cards"))


def test_leaving_an_allergy_off_is_made_only_after_a_second_look(held):
    fewer = marks(held.get("/cards/new"), "Latex")
    again = make(held, fewer)
    assert again.status == 200
    assert cards(held) == ()
    assert "Known allergies. List incomplete. 1 of 2 on this card." in words(again)
    assert "The card will say that your allergy list is not whole." in words(again)
    assert sorted(marks(again)) == sorted(fewer)
    [sure] = re.findall(r'name="sure" value="(\w+)"', again.text)
    other = make(held, marks(again, "Penicillin"), sure=sure)  # a yes to some other card
    assert other.status == 200
    assert cards(held) == ()
    assert "It will not say that you have none." in words(other)
    done = make(held, fewer, sure=sure)
    assert done.status == 303
    page = words(held.get(done.headers["location"]))
    assert "List incomplete. 1 of 2 on this card." in page
    for paper in ("/print", "/large"):
        text = words(held.get(done.headers["location"] + paper))
        assert "List incomplete. 1 of 2 on this card." in text
        assert "No known allergies" not in text


def test_a_card_without_any_allergy_never_reads_as_none(held):
    again = make(held, marks(held.get("/cards/new"), "Penicillin", "Latex"))
    [sure] = re.findall(r'name="sure" value="(\w+)"', again.text)
    done = make(held, marks(again), sure=sure)
    for path in ("", "/print", "/large"):
        text = words(held.get(done.headers["location"] + path))
        assert "Allergies unavailable. 0 of 2 on this card." in text
        assert "No known allergies" not in text


def test_a_card_that_is_over_full_is_not_made_and_the_person_chooses(world, tmp_path):
    browser = of(world, tmp_path, *TOO_MUCH.records)
    ticks = marks(browser.get("/cards/new"))
    answer = make(browser, ticks)
    assert answer.status == 409
    assert cards(browser) == ()
    assert world.wire.sent == []
    assert "This does not fit on one card." in words(answer)
    assert sorted(marks(answer)) == sorted(ticks)  # nothing drops by itself
    off = set(re.findall(r'href="#(tick-\d+)"', answer.text))
    assert off
    rest = [m for place, m, on, _ in BOX.findall(answer.text) if on and place not in off]
    assert make(browser, rest).status == 303
    browser.visit.wallet.close()


def test_allergies_that_fill_a_card_alone_are_never_proposed_to_drop(world, tmp_path):
    many = tuple(Item({"text": f"Allergy {n * 7919:x} {n * 104729:x}"}) for n in range(60))
    browser = of(world, tmp_path, identity(), allergies(items=many))
    answer = make(browser, marks(browser.get("/cards/new")))
    assert answer.status == 409
    assert "Your allergies alone are too long for one card." in words(answer)
    assert 'href="#tick-' not in answer.text
    assert len(marks(answer)) == 60
    assert cards(browser) == ()
    browser.visit.wallet.close()


@pytest.mark.parametrize("strange", ["0", "x" * 18, "tick", "PatientIdentity.nhsNumber"])
def test_a_tick_that_fits_no_box_makes_no_card(held, world, strange):
    ticks = marks(held.get("/cards/new"))
    answer = make(held, [*ticks, strange])
    assert answer.status == 409
    assert "Your records have changed." in words(answer)
    assert sorted(marks(answer)) == sorted(ticks)
    assert cards(held) == ()
    assert world.wire.sent == []


def test_ticks_for_another_list_fit_no_box(held):
    page = held.get("/cards/new")
    lists = [r.id for r in held.visit.wallet.records() if r.type == "AllergySummary"]
    answer = held.fill(f"/cards/new?about={lists[0]}", {"tick": marks(page), "do": "make"})
    assert answer.status == 409
    assert cards(held) == ()


def test_a_surgery_that_is_gone_costs_no_tick(held, world):
    page = held.get("/cards/new")
    phone = boxes(page)["Maren Zephyrine, 01632 960001"][0]
    ticks = [*marks(page, "Medicine"), phone]
    world.wire.down.add(urlsplit(ISSUER).netloc)
    answer = make(held, ticks)
    assert answer.status >= 400
    assert "The network" in words(answer)
    assert sorted(marks(answer)) == sorted(ticks)
    assert cards(held) == ()


def test_a_change_of_language_and_a_lock_keep_the_ticks(held):
    fewer = marks(held.get("/cards/new"), "Latex", "Medicine")
    form = {"tick": fewer, "seen": "yes", "back": "/cards/new"}
    there = held.fill("/language", form | {"language": "cy"})
    page = held.follow(there)
    assert 'lang="cy"' in page.text
    assert sorted(marks(page)) == sorted(fewer)
    held.visit.wallet.lock()
    assert make(held, fewer, seen="yes").headers["location"] == "/unlock"
    back = held.fill("/unlock", {"secret": PASSPHRASE})
    assert sorted(marks(held.follow(back))) == sorted(fewer)
    assert cards(held) == ()


def test_boxes_that_are_all_unticked_stay_so(held):
    held.fill("/language", {"seen": "yes", "back": "/cards/new", "language": "cy"})
    assert marks(held.get("/cards/new")) == []


def test_without_an_allergy_list_the_next_step_is_said(world, tmp_path):
    browser = Browser(world.wallet(tmp_path)).enter()
    answer = browser.get("/cards/new")
    assert answer.status == 400
    assert "First, add your list of allergies." in words(answer)
    browser.visit.wallet.close()


def test_of_two_people_the_wallet_asks_for_which_list(held, world):
    other = SUBJECT | {"familyName": "Other", "nhsNumber": {"value": "9990000026"}}
    offer = world.offer(PatientSummary((allergies(subject=other),)))
    wallet = held.visit.wallet
    wallet.accept(wallet.add_offer(offer.link), offer.pin, person="new")
    page = held.get("/cards/new")
    assert "Which list is the card for?" in words(page)
    links = re.findall(r'href="(/cards/new\?about=\w+)"', page.text)
    assert len(links) == 2
    shown = [name for link in links for name in ("Example", "Other") if name in said(held, link)]
    assert sorted(shown) == ["Example", "Other"]
    for link in links:
        ticks = marks(held.get(link))
        assert held.fill(link, {"tick": ticks, "do": "make"}).status == 303
    assert len(cards(held)) == 2


def test_a_withdrawn_card_is_shown_as_such_and_printed_no_more(held):
    path = made(held)
    asked = held.get(path + "/withdraw")
    assert "You cannot undo this." in words(asked)
    assert held.fill(path + "/withdraw", {}).headers["location"] == path
    page = held.get(path)
    assert "Withdrawn" in words(page)
    assert "/print" not in page.text
    assert "<svg" not in page.text
    for paper in ("/print", "/large"):
        assert held.get(path + paper).headers["location"] == path


def test_a_withdrawal_that_could_not_be_told_is_said_and_told_later(held, world):
    path = made(held)
    world.wire.down.add(urlsplit(ISSUER).netloc)
    assert held.fill(path + "/withdraw", {}).status == 303
    assert "The surgery does not know this yet." in words(held.get(path))
    world.wire.calm()
    assert held.fill("/cards/tell", {}).headers["location"] == "/cards"
    assert "The surgery does not know this yet." not in words(held.get(path))


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:9"])
def test_htt_010_no_other_page_makes_or_withdraws_a_card(held, origin):
    path = made(held)
    ticks = marks(held.get("/cards/new"))
    for at, form in (
        ("/cards/new", {"tick": ticks, "do": "make"}),
        (path + "/withdraw", {}),
        ("/cards/tell", {}),
    ):
        assert held.fill(at, form, origin=origin).status == 403
    assert [card.state.value for card in cards(held)] == ["active"]


def test_a_locked_wallet_shows_no_card(held):
    path = made(held)
    held.visit.wallet.lock()
    for at in ("/cards", "/cards/new", path, path + "/print", path + "/large", path + "/withdraw"):
        assert held.get(at).headers["location"] == "/unlock"
    assert held.fill(path + "/withdraw", {}).headers["location"] == "/unlock"
    held.visit.wallet.unlock(PASSPHRASE)
    assert cards(held)[0].state.value == "active"


@pytest.mark.parametrize("name", ["1", "0" * 14, "new1", "..", "%00"])
@pytest.mark.parametrize("path", ["", "/print", "/large", "/withdraw"])
def test_a_card_that_is_not_there_is_not_found(held, name, path):
    assert held.get(f"/cards/{name}{path}").status == 404


def test_a_record_cannot_write_into_the_page_or_turn_it_round(world, tmp_path):
    evil = Item({"text": '<script>alert(1)</script>"><img src=x>\u202eenon'})
    browser = of(world, tmp_path, HOME, allergies(items=(evil,)))
    path = made(browser)
    for page in (
        browser.get("/cards/new"),
        *(browser.get(path + paper) for paper in ("", "/print", "/large")),
    ):
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "\u202e" not in page.text
    browser.visit.wallet.close()


def test_home_and_settings_lead_to_the_cards(held):
    for path in ("/", "/settings"):
        assert 'href="/cards"' in held.get(path).text
