"""Handing over ends a preparation in one transaction; both by letter asks for a second look."""

from __future__ import annotations

import pytest
from console_world import Practice, Walk, refused
from sqlalchemy import func, select

from issuer.service.console import handing
from issuer.service.console.channels import LettersReason
from issuer.store import Wanted, audit
from issuer.store.staff_tables import handed as handed_rows
from issuer.store.tables import offers

BOTH = {"link_by": "letter", "pin_by": "letter"}


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    made = Practice(tmp_path_factory.mktemp("practice"))
    yield made
    made.issuer.store.close()


@pytest.fixture
def walk(practice):
    return Walk(practice.browser("clinician"))


@pytest.fixture
def signed(walk):
    """The address of a preparation that was signed off."""
    where = walk.opened()
    walk.identified(where)
    assert walk.signed(where).status == 303
    return where


def counted(practice):
    with practice.issuer.store.reading() as tx:
        return [
            tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (offers, handed_rows)
        ]


def meanwhile(monkeypatch, work):
    """``work`` happens once, while an offer is being sealed."""
    real, todo = handing.prepare_offer, [work]

    def slow(*args, **more):
        made = real(*args, **more)
        if todo:
            todo.pop()()
        return made

    monkeypatch.setattr(handing, "prepare_offer", slow)


def test_what_is_dropped_while_it_is_handed_over_is_not_offered(
    practice, walk, signed, monkeypatch
):
    before = counted(practice)
    meanwhile(monkeypatch, lambda: walk.browser.post(f"{signed}/drop"))
    refused(walk.handed(signed), "console.gone", 404)
    assert counted(practice) == before


def test_a_hand_over_that_takes_minutes_is_made_once(practice, walk, signed, monkeypatch):
    before, other = counted(practice), []

    def again():
        practice.site.pass_time(minutes=10)
        other.append(walk.handed(signed).headers["location"])

    meanwhile(monkeypatch, again)
    assert walk.handed(signed).headers["location"] == other[0]
    assert counted(practice) == [number + 1 for number in before]
    assert len(walk.pin(other[0])) == 6


def test_a_step_that_fails_leaves_the_preparation_and_no_offer(practice, walk, signed, monkeypatch):
    before = counted(practice)

    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(practice.console.handed, "add_in", fail)
    with pytest.raises(RuntimeError):
        handing.hand_over(
            practice.console,
            practice.console.sign_in.member(next(iter(walk.browser.cookies.values()))),
            signed.rsplit("/", 1)[1],
            phone="private",
            link_by="screen",
            pin_by="voice",
        )
    assert counted(practice) == before
    monkeypatch.undo()
    assert walk.handed(signed).status == 303


def test_who_drops_what_was_offered_before_is_shown_the_offer(walk, signed):
    offer = walk.handed(signed).headers["location"].rsplit("/", 1)[1]
    assert walk.browser.post(f"{signed}/drop").headers["location"] == f"/offers/{offer}"


def test_both_by_letter_is_asked_about_and_nothing_is_offered_before(practice, walk, signed):
    before = counted(practice)
    assert 'name="letters"' not in walk.browser.get(f"{signed}/hand-over").text
    answer = walk.handed(signed, **BOTH)
    refused(answer, "console.both_letters", 409)
    for one in LettersReason:
        assert f'value="{one.value}"' in answer.text
    for ticked in ("private", "letter"):
        assert f'value="{ticked}" checked' in answer.text
    refused(walk.handed(signed, **BOTH, letters="because"), "console.both_letters", 409)
    assert counted(practice) == before


def test_both_go_by_letter_with_a_reason_that_stands_in_the_trail(practice, walk, signed):
    assert walk.handed(signed, **BOTH, letters="no_phone").status == 303
    practice.issuer.audit.settle(everything=True)
    with practice.issuer.store.reading() as tx:
        found = audit.find(tx, Wanted(event="offer.pin_given"), 100)
    assert any('"reason":"no_phone"' in one.entry for one in found)


@pytest.mark.parametrize("ways", [("letter", "voice"), ("screen", "letter")])
def test_one_of_the_two_goes_by_letter_without_a_question(walk, signed, ways):
    link_by, pin_by = ways
    assert walk.handed(signed, link_by=link_by, pin_by=pin_by).status == 303
