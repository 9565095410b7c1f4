"""A card that one clinician read and another looks at: the trail knows of both."""

from __future__ import annotations

import pytest
from card_desk import made
from card_form import HEADERS, send
from staff_world import Browser, entries


@pytest.fixture
def readers(staff_pages, login):
    found = {}
    for name in ("first", "second"):
        found[name] = Browser(staff_pages, login)
        found[name].sign_in("clinician", sub=f"id-{name}", name=name)
    return found


def read(browser, text):
    cookie = browser._headers({})["cookie"]
    return send(browser.app, text, headers={**HEADERS, "cookie": cookie}).headers["location"]


def openings(staff, about):
    found = [row for row in entries(staff, "result.opened") if row["about"] == about]
    return [row["who"]["subject"] for row in found]


def test_a_card_that_somebody_else_opens_is_an_opening_in_the_trail(world, staff, readers):
    where = read(readers["first"], made(world))
    about = entries(staff, "card.read")[-1]["about"]
    assert "Penicillin" in readers["first"].get(where).text
    assert openings(staff, about) == []  # the reading itself stands there
    for _ in range(2):
        assert "Penicillin" in readers["second"].get(where).text
    assert openings(staff, about) == ["id-second"]
    readers["second"].post(f"{where}/close")
    assert entries(staff, "card.closed")[-1]["who"]["subject"] == "id-second"


def test_care_does_not_wait_for_the_trail(world, staff, readers, monkeypatch):
    where = read(readers["first"], made(world))
    with monkeypatch.context() as patched:
        patched.setattr(type(staff.audit.entries), "append", lambda _self, _made: None)
        assert "Penicillin" in readers["second"].get(where).text
    staff.audit._pay()
    assert entries(staff, "result.opened")[-1]["who"]["subject"] == "id-second"
