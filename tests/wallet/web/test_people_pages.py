"""Several people in one wallet on its pages: apart, counted, acted for, and removed on purpose."""

from __future__ import annotations

import re
import secrets

import pytest
from family import ANN, about, numbered
from wallet_pages import Browser, filled
from wallet_world import PASSPHRASE

from wallet.handing import invite

STRANGER = {"origin": "https://evil.example"}


@pytest.fixture
def family(world, tmp_path):
    made = filled(world, tmp_path)
    offer = world.offer(about(numbered(ANN), "Latex", "Peanuts", "Bee sting"))
    made.accept(made.add_offer(offer.link), offer.pin, person="new")
    yield made
    made.close()


@pytest.fixture
def inside(family):
    return Browser(family).enter()


def own(family, name):
    return family.people.find(name).id


def plain(answer):
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def test_the_first_page_counts_entries_and_says_for_whom_one_acts(inside):
    page = plain(inside.get("/"))
    assert "You are acting for Ann Zephyrine" in page
    assert "You are acting for Quillon" not in page
    assert "3 entries" in page
    assert "There are entries" not in page
    assert page.index("2 entries") < page.index("Ann Zephyrine") < page.index("3 entries")


def test_what_has_no_list_is_not_counted(inside, family):
    identity = next(r for r in family.records() if r.type == "PatientIdentity")
    page = plain(inside.get(f"/records/{identity.id}"))
    assert not re.search(r"[0-9] (entries|details)|There are", page)


def test_a_wallet_of_somebody_else_alone_says_whose_it_is(world, tmp_path):
    made = world.wallet(tmp_path / "other")
    offer = world.offer(about(numbered(ANN)))
    made.accept(made.add_offer(offer.link), offer.pin, person="new")
    assert "You are acting for Ann Zephyrine" in plain(Browser(made).enter().get("/"))
    made.close()


def test_a_word_of_ones_own_stands_beside_the_name(inside, family):
    path = f"/people/{own(family, 'Ann')}"
    assert inside.fill(path, {"label": "My girl"}).headers["location"] == "/people"
    assert "My girl" in plain(inside.get("/"))
    wrong = inside.fill(path, {"label": "x" * 61})
    assert wrong.status == 400
    assert "This name cannot be used." in wrong.text
    assert 'value="' + "x" * 61 in wrong.text


@pytest.mark.parametrize("path", ["", "/remove"])
def test_nothing_is_changed_from_elsewhere_or_while_locked(inside, family, path):
    person = own(family, "Ann")
    address = f"/people/{person}{path}"
    assert inside.fill(address, {"label": "Mine"}, **STRANGER).status == 403
    inside.visit.wallet.lock()
    assert inside.fill(address, {"label": "Mine"}).headers["location"] == "/unlock"
    assert inside.get(f"/people/{person}").headers["location"] == "/unlock"
    family.unlock(PASSPHRASE)
    assert [one.label for one in family.people.list()] == ["", ""]


def test_removing_says_what_goes_and_what_stays_and_takes_one_person_alone(inside, family):
    address = f"/people/{own(family, 'Ann')}/remove"
    page = plain(inside.get(address))
    for words in (
        "2 records",
        "go from this wallet for good",
        "The surgery still has its notes.",
        "What hospitals were shown stays with them.",
        "Withdraw it first, as later you cannot.",
    ):
        assert words in page
    assert len(family.people.list()) == 2
    assert inside.fill(address, {}).headers["location"] == "/people"
    assert [one.name for one in family.people.list()] == ["Quillon Zephyrine"]
    assert inside.fill(address, {}).status == 404


def test_who_is_lent_to_a_helper_is_not_removed_and_the_page_leads_to_the_end(inside, family):
    invitation = invite("Mair", now=family._around.clock(), random=secrets.token_bytes)
    lists = [r for r in family.records("Ann") if r.type == "AllergySummary"]
    family.helpers.give(invitation.invitation.text, [family.part(lists[0].id)])
    address = f"/people/{own(family, 'Ann')}/remove"
    answer = inside.fill(address, {})
    assert answer.status == 409
    assert "A helper still has records of this person." in answer.text
    assert 'href="/helping"' in answer.text
    assert "passport-wallet" not in answer.text
    assert len(family.people.list()) == 2


@pytest.mark.parametrize("person", ["zz", "0", "99", "%2e%2e", "<script>"])
def test_nobody_else_is_there(inside, person):
    answer = inside.get(f"/people/{person}")
    assert answer.status == 404
    assert "<script>" not in answer.text.replace('<script src="/static/wallet.js" defer>', "")
