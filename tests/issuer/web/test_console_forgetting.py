"""Forgetting a patient at the console: what would go, in words and numbers, then a second look."""

from __future__ import annotations

import re

import pytest
from console_world import NUMBER, Practice, Walk, refused
from sqlalchemy import func, select

from healthpassport.errors import ServiceError
from healthpassport.status.entries import WITHDRAWN
from issuer.service.console.forgetting import forget
from issuer.service.console.staff import Action, Role, StaffMember
from issuer.store import Wanted, audit
from issuer.store.staff_tables import console_kept
from issuer.store.status_tables import status_marks
from issuer.store.tables import issuances, offers

OTHER = "9990000042"
MEANT = {"reason": "patient_asks", "told": "yes"}


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    made = Practice(tmp_path_factory.mktemp("practice"))
    yield made
    made.issuer.store.close()


@pytest.fixture
def walk(practice):
    return Walk(practice.browser("clinician"))


def looked(walk, number=NUMBER):
    """The page that says what would go, and the look that it was."""
    answer = walk.browser.post("/forget", nhs_number=number)
    assert answer.status == 200, answer.text
    found = re.search(r'name="seen" value="([^"]+)"', answer.text)
    return answer.text, found[1] if found else ""


def meant(walk, seen, number=NUMBER, **changes):
    return walk.browser.post("/forget/now", nhs_number=number, seen=seen, **{**MEANT, **changes})


def count(practice, table, *where):
    with practice.issuer.store.reading() as tx:
        query = select(func.count()).select_from(table).where(*where)
        return tx.execute(query).scalar_one()


def test_all_of_a_patient_goes_with_what_staff_have_in_hand_and_others_keep_theirs(practice, walk):
    walk.opened(OTHER)
    other = walk.browser.post("/find", nhs_number=OTHER)
    assert other.status == 200
    walk.collect(walk.offered())
    walk.offered()
    walk.opened()
    page, seen = looked(walk)
    assert [int(n) for n in re.findall(r"<dd>(\d+)</dd>", page)] == [2, 1, 0, 1]
    assert NUMBER not in page
    answer = meant(walk, seen)
    assert answer.headers["location"] == "/forget/done"
    assert walk.browser.get("/forget/done").status == 200
    assert count(practice, offers) == count(practice, issuances) == 0
    assert count(practice, status_marks, status_marks.c.status == WITHDRAWN) >= 1
    assert count(practice, console_kept, console_kept.c.kind == "told") == 0
    assert count(practice, console_kept, console_kept.c.kind == "preparation") == 1
    assert looked(walk)[1] == ""
    practice.issuer.audit.settle(everything=True)
    with practice.issuer.store.reading() as tx:
        (entry,) = audit.find(tx, Wanted(event="patient.forgotten"), 10)
    assert '"reason":"patient_asks"' in entry.entry
    assert "id-clinician" in entry.entry
    assert NUMBER not in entry.entry


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": ""}, "console.reason"),
        ({"reason": "tidiness"}, "console.reason"),
        ({"told": ""}, "console.forget_told"),
        ({"number": OTHER}, "console.forget_other"),
        ({"number": ""}, "console.number"),
        ({"number": "9990000019"}, "console.number"),
    ],
)
def test_nothing_goes_without_the_second_look(practice, walk, changes, code):
    walk.offered()
    _, seen = looked(walk)
    before = count(practice, offers)
    refused(meant(walk, seen, **changes), code)
    assert count(practice, offers) == before


@pytest.mark.parametrize("seen", ["", "x", "x.y"])
def test_nothing_goes_that_nobody_looked_at(walk, seen):
    refused(meant(walk, seen), "console.forget_other", 409)


def test_what_came_since_the_look_is_looked_at_first(practice, walk):
    _, seen = looked(walk)
    where = walk.opened()
    answer = meant(walk, seen)
    refused(answer, "console.forget_changed", 409)
    assert 'value="patient_asks" checked' in answer.text
    assert walk.browser.get(where).status == 200
    again = re.search(r'name="seen" value="([^"]+)"', answer.text)[1]
    assert again != seen
    assert meant(walk, again).status == 303


def test_what_is_handed_over_at_that_very_moment_is_looked_at_first(practice, walk, monkeypatch):
    where = walk.opened()
    walk.identified(where)
    walk.signed(where)
    _, seen = looked(walk)
    real = practice.console.preparations.drop

    def late(name):
        walk.handed(where)
        return real(name)

    monkeypatch.setattr(practice.console.preparations, "drop", late)
    refused(meant(walk, seen), "console.forget_changed", 409)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLINICIAN])
def test_only_a_clinician_forgets_somebody(practice, role):
    who = StaffMember("id", "Some One", frozenset({role}))
    assert not who.may(Action.FORGET)
    with pytest.raises(ServiceError, match=r"staff\.role"):
        forget(practice.console, who, NUMBER, seen="", reason="patient_asks", told=True)
