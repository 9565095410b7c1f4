"""The words a clinician reads: one of four allergy headings, states, dates, numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthpassport.credential import (
    DeskState,
    Verdict,
    VerifiedIssuer,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.summary import Item
from verifier.service.words import (
    STATES,
    age_in_years,
    age_words,
    allergy_heading,
    day,
    day_of_text,
    minutes_left,
    nhs_number,
    state_words,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ACTIVE = Item({"text": "Penicillin", "clinicalStatus": "active"})
UNSAID = Item({"text": "Latex"})
OVER = Item({"text": "Nuts", "clinicalStatus": "resolved"})
HIDDEN = (DeskState.FAILED_CHECK, DeskState.NOT_MATCHED)


def section(state, *items, total=None, **more):
    return VerifiedSection(
        query_id="allergies",
        record_type="AllergySummary",
        state=state,
        items=items,
        shown=len(items),
        total=len(items) if total is None else total,
        issuer=VerifiedIssuer("https://a.example", "A12345", "A"),
        **more,
    )


def summary(*sections):
    return VerifiedSummary(Verdict.ACCEPTED, sections, NOW, timedelta())


HEADINGS = [
    ("whole list", [section(DeskState.ITEMS, ACTIVE)], "Known allergies", False),
    ("no status said", [section(DeskState.ITEMS, UNSAID)], "Known allergies", False),
    ("part", [section(DeskState.PARTLY_SHARED, ACTIVE, total=5)], "Known allergies", True),
    ("old", [section(DeskState.ITEMS, ACTIVE, old=True)], "Known allergies", True),
    ("out of date", [section(DeskState.OUT_OF_DATE, ACTIVE)], "Known allergies", True),
    ("none known", [section(DeskState.NONE_KNOWN)], "No known allergies", False),
    ("old none known", [section(DeskState.NONE_KNOWN, old=True)], "Allergies unavailable", True),
    (
        "none known, some withheld",
        [section(DeskState.NONE_KNOWN, warnings=("deliberately-withheld",))],
        "Allergies unavailable",
        True,
    ),
    (
        "none known, a warning in the source's words",
        [section(DeskState.NONE_KNOWN, warnings=("Records are still to come",))],
        "Allergies unavailable",
        True,
    ),
    (
        "not recorded, in transit",
        [section(DeskState.NOT_RECORDED, warnings=("data-in-transit",))],
        "Allergies unavailable",
        True,
    ),
    (
        "whole list, some withheld",
        [section(DeskState.ITEMS, ACTIVE, warnings=("confidential-items",))],
        "Known allergies",
        True,
    ),
    (
        "none known, with what every record says",
        [section(DeskState.NONE_KNOWN, warnings=("some-kinds-left-out",))],
        "No known allergies",
        False,
    ),
    ("0 of 3", [section(DeskState.NOT_SHARED, total=3)], "Allergies unavailable", True),
    (
        "part without any",
        [section(DeskState.PARTLY_SHARED, total=3)],
        "Allergies unavailable",
        True,
    ),
    ("not shared", [section(DeskState.NOT_SHARED)], "Allergies unavailable", True),
    ("not asked", [section(DeskState.NOT_ASKED_FOR)], "Allergies unavailable", True),
    ("withheld", [section(DeskState.WITHHELD)], "Allergies unavailable", True),
    ("narrative", [section(DeskState.NARRATIVE_ONLY)], "Allergies unavailable", True),
    ("failed", [section(DeskState.FAILED_CHECK)], "Allergies unavailable", True),
    ("could not check", [section(DeskState.COULD_NOT_CHECK)], "Allergies unavailable", True),
    ("somebody else's", [section(DeskState.NOT_MATCHED, ACTIVE)], "Allergies unavailable", True),
    ("out of date none", [section(DeskState.OUT_OF_DATE)], "Allergies unavailable", True),
    ("not recorded", [section(DeskState.NOT_RECORDED)], "Allergies not recorded", False),
    ("no information", [section(DeskState.NO_INFORMATION)], "Allergies not recorded", False),
    ("only past", [section(DeskState.ONLY_INACTIVE, OVER)], "Allergies not recorded", False),
    ("counted but unreadable", [section(DeskState.ITEMS, OVER)], "Allergies unavailable", True),
    ("no section", [], "Allergies unavailable", True),
    (
        "two sources disagree",
        [section(DeskState.NONE_KNOWN), section(DeskState.ITEMS, ACTIVE)],
        "Known allergies",
        False,
    ),
    (
        "one source failed",
        [section(DeskState.NONE_KNOWN), section(DeskState.FAILED_CHECK)],
        "Allergies unavailable",
        True,
    ),
    (
        "one source says nothing",
        [section(DeskState.NONE_KNOWN), section(DeskState.NOT_RECORDED)],
        "No known allergies",
        False,
    ),
    (
        "known beside failed",
        [section(DeskState.ITEMS, ACTIVE), section(DeskState.FAILED_CHECK)],
        "Known allergies",
        True,
    ),
]


@pytest.mark.parametrize(
    ("sections", "heading", "incomplete"), [r[1:] for r in HEADINGS], ids=[r[0] for r in HEADINGS]
)
def test_the_allergy_heading_is_one_of_four(sections, heading, incomplete):
    found = allergy_heading(summary(*sections))
    assert (found.heading, found.incomplete) == (heading, incomplete)
    if found.incomplete:
        assert found.reasons


SECTIONS = st.builds(
    section,
    st.sampled_from(DeskState),
    total=st.integers(0, 5),
    old=st.booleans(),
)


@given(st.lists(SECTIONS, max_size=4))
def test_no_known_allergies_needs_a_whole_fresh_assertion_and_nothing_doubtful(sections):
    found = allergy_heading(summary(*sections))
    if found.heading == "No known allergies":
        assert any(s.state is DeskState.NONE_KNOWN for s in sections)
        assert not any(s.old for s in sections)
        doubtful = {DeskState.PARTLY_SHARED, DeskState.NOT_SHARED, *HIDDEN}
        assert doubtful.isdisjoint(s.state for s in sections)


def test_every_state_has_words():
    assert STATES.keys() == set(DeskState)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (section(DeskState.PARTLY_SHARED, ACTIVE, total=5), "1 of 5 shared"),
        (section(DeskState.NOT_SHARED, total=3), "0 of 3 shared"),
        (section(DeskState.NOT_SHARED), "Not shared (may not have it, or chose not to)"),
        (section(DeskState.OUT_OF_DATE, valid_until=NOW), "Out of date since 20-Nov-2026"),
    ],
)
def test_a_state_says_how_much_and_since_when(found, words):
    assert state_words(found) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1958-07-14", "14-Jul-1958"),
        ("2026-11-01T09:00:00Z", "01-Nov-2026"),
        ("2001", "2001"),
        ("2001-05", "May-2001"),
        ("12-May-2020", "12-May-2020"),
        ("2001-13", "2001-13"),
        (None, ""),
        (5, ""),
    ],
)
def test_dates_are_told_as_far_as_they_go(text, words):
    assert day_of_text(text) == words


def test_a_day_a_number_and_an_age_are_told_the_nhs_way():
    assert day(date(2026, 1, 2)) == "02-Jan-2026"
    assert nhs_number("9990000018") == "999 000 0018"
    assert nhs_number("12") == "12"
    assert nhs_number(None) == ""
    assert age_in_years("1958-11-21", NOW.date()) == 67
    assert age_in_years("1958-11-20", NOW.date()) == 68
    assert age_in_years("1958", NOW.date()) is None
    assert age_in_years(None, NOW.date()) is None


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (None, "not held"),
        (timedelta(minutes=59), "less than an hour old"),
        (timedelta(hours=1), "1 hour old"),
        (timedelta(hours=47), "47 hours old"),
        (timedelta(days=3), "3 days old"),
    ],
)
def test_how_old_a_list_is(age, words):
    assert age_words(age) == words


def test_minutes_are_rounded_up_and_never_negative():
    assert minutes_left(NOW + timedelta(seconds=61), NOW) == 2
    assert minutes_left(NOW - timedelta(seconds=61), NOW) == 0
