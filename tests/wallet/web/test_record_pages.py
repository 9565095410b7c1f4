"""Adding, looking, removing, saying and deleting on the pages."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from family import ANN, about, numbered
from simulated_issuer import summary
from wallet_pages import Browser, empty
from wallet_world import PASSPHRASE

from healthpassport.errors import TrustError
from healthpassport.trust.model import TrustList


@pytest.fixture
def inside(world, tmp_path):
    made = empty(world, tmp_path)
    browser = Browser(made).enter()
    yield browser
    browser.visit.wallet.close()


def add(inside, world, pin=None):
    offer = world.offer()
    path = inside.bring(offer.link, "/add")
    return path, inside.fill(path, {"secret_pin": offer.pin if pin is None else pin})


def test_an_offer_is_looked_at_before_it_is_taken(inside, world):
    offer = world.offer()
    page = inside.get(inside.bring(offer.link)).text  # the scan page takes a surgery's code as well
    assert "Example Surgery" in page
    assert "Checked" in page
    assert "Allergies" in page
    assert inside.visit.wallet.records() == ()


def test_records_are_added_with_their_pin_and_listed(inside, world):
    _, answer = add(inside, world)
    assert "Added to your wallet" in inside.follow(answer).text
    home = inside.get("/").text
    assert "Allergies" in home
    assert "From Example Surgery" in home


@pytest.mark.parametrize("pin", ["", "000", "not a pin"])
def test_a_wrong_pin_is_told_beside_its_field_and_the_right_one_still_works(inside, world, pin):
    offer = world.offer()
    path = inside.bring(offer.link, "/add")
    wrong = inside.fill(path, {"secret_pin": pin})
    assert wrong.status == 400
    assert "pin-error" in wrong.text
    assert inside.fill(path, {"secret_pin": f" {offer.pin[:3]} {offer.pin[3:]} "}).status == 303


def test_an_offer_is_looked_at_again_after_the_wallet_was_locked(inside, world):
    offer = world.offer()
    path = inside.bring(offer.link, "/add")
    inside.fill("/lock", {"back": path, "secret_pin": offer.pin})
    page = inside.follow(inside.fill("/unlock", {"secret": PASSPHRASE})).text
    assert "Add these records?" in page
    assert offer.pin not in page
    assert inside.fill(path, {"secret_pin": offer.pin}).status == 303


def test_a_stranger_gets_no_pin(inside, world, monkeypatch):
    def nobody(_self, _iss):
        raise TrustError("trust.issuer_unknown")

    monkeypatch.setattr(TrustList, "issuer", nobody)
    offer = world.offer()
    path = inside.bring(offer.link, "/add")
    page = inside.get(path).text
    assert "We do not know who this is" in page
    assert 'name="secret_pin"' not in page
    answer = inside.fill(path, {"secret_pin": offer.pin})
    assert answer.status >= 400
    assert inside.visit.wallet.records() == ()


def test_a_record_says_what_it_is_about_first_and_from_whom(inside, world):
    add(inside, world)
    record = inside.visit.wallet.records()[-1]
    page = inside.get(f"/records/{record.id}").text
    assert page.index("Penicillin") < page.index("Whose record it is") < page.index("999 000 0018")
    for words in ("Example Surgery", "Good until", "Yes, when it came on"):
        assert words in page


def test_text_of_a_record_is_no_markup_and_turns_nothing_round(inside, world):
    offer = world.offer(summary("<script>alert(1)</script>\u202e"))
    path = inside.bring(offer.link, "/add")
    inside.fill(path, {"secret_pin": offer.pin})
    page = inside.get(f"/records/{inside.visit.wallet.records()[-1].id}").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_record_is_removed_after_a_second_question(inside, world):
    add(inside, world)
    record = inside.visit.wallet.records()[0]
    assert "Remove this record?" in inside.get(f"/records/{record.id}/remove").text
    assert len(inside.visit.wallet.records()) == 2
    assert inside.fill(f"/records/{record.id}/remove", {}).headers["location"] == "/"
    assert [r.id for r in inside.visit.wallet.records()] != [record.id]
    assert inside.get(f"/records/{record.id}").status == 404


def test_words_of_ones_own_are_kept_as_not_checked(inside, world):
    assert inside.fill("/say", {"words": "x"}).status == 400  # no record says whose they are
    add(inside, world)
    answer = inside.fill("/say", {"words": "Blood pressure", "reading": "128/82 mmHg"})
    page = inside.follow(answer).text
    assert "128/82 mmHg" in page
    assert "No. These are your own words." in page


@pytest.mark.parametrize(
    "fields", [{"words": " "}, {"words": "x", "day": "yesterday"}, {"words": "x", "day": "31/12"}]
)
def test_words_that_cannot_be_kept_stay_in_the_form(inside, world, fields):
    add(inside, world)
    answer = inside.fill("/say", fields)
    assert answer.status == 400
    assert all(value in answer.text for value in fields.values())


def test_words_outlive_the_lock(inside, world):
    add(inside, world)
    inside.visit.wallet.lock()
    inside.fill("/say", {"words": "Please speak slowly.", "reading": "none"})
    page = inside.follow(inside.fill("/unlock", {"secret": PASSPHRASE})).text
    assert "Please speak slowly." in page


def test_everything_is_deleted_by_who_can_open_it(inside, world, tmp_path):
    add(inside, world)
    assert inside.fill("/delete", {"secret": "not it at all"}).status == 400
    assert inside.visit.wallet.exists
    answer = inside.fill("/delete", {"secret": PASSPHRASE})
    assert "Everything is deleted" in inside.follow(answer).text
    assert not inside.visit.wallet.exists
    assert inside.get("/").headers["location"] == "/set-up"
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "trust" not in path.parts]
    assert left == []


def test_a_damaged_wallet_says_so_and_is_mended_with_a_copy_kept(inside, world, tmp_path):
    add(inside, world)
    inside.visit.wallet.lock()
    file = next(tmp_path.rglob("vault.db"))
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("delete from records where rowid = (select max(rowid) from records)")
    answer = inside.fill("/unlock", {"secret": PASSPHRASE})
    assert answer.status == 500
    assert "A part of your wallet was taken out by some other program." in answer.text
    assert "Mend my wallet" in answer.text
    assert inside.fill("/mend", {"secret": "not it at all"}).status == 400
    page = inside.follow(inside.fill("/mend", {"secret": PASSPHRASE})).text
    assert "Your wallet is mended" in page
    assert "Look if your list of allergies" in page
    assert list(tmp_path.rglob("vault-before-mend-*.db"))
    assert inside.get("/").status == 200


def test_whose_words_they_are_is_asked_by_name_and_only_where_there_are_several(inside, world):
    add(inside, world)
    assert 'name="about"' not in inside.get("/say").text
    offer = world.offer(about(numbered(ANN)))
    wallet = inside.visit.wallet
    wallet.accept(wallet.add_offer(offer.link), offer.pin, person="new")
    page = inside.get("/say").text
    assert page.count("<option") == 2
    assert "Ann Zephyrine</option>" in page
    ann = next(one for one in wallet.people.list() if "Ann" in one.title)
    theirs = next(one for one in wallet.records() if one.person == ann.id)
    answer = inside.fill("/say", {"words": "She likes tea.", "about": theirs.id})
    assert "Zephyrine" in inside.follow(answer).text
