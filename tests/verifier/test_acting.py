"""What staff are told of somebody who acts for the patient, and of safeguarding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from healthpassport.credential import DeskState, Verdict, VerifiedSection, VerifiedSummary
from healthpassport.summary import Item
from verifier.service.acting import SAFEGUARDING, acting_words, safeguarding_words

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ADULT = {"familyName": "Zephyrine", "givenNames": ["Quillon"], "birthDate": "1958-07-14"}


def section(kind="PatientIdentity", *units, subject=None, state=DeskState.ITEMS, **more):
    return VerifiedSection(
        query_id=kind,
        record_type=kind,
        state=state,
        shown=len(units),
        total=len(units),
        items=tuple(Item(unit) for unit in units),
        subject=ADULT if subject is None else subject,
        issued_at=more.pop("issued_at", NOW),
        **more,
    )


def proxy(state=DeskState.ITEMS, subject=None, issued_at=NOW, old=False, **unit):
    told = {"text": "Mair Morgan", "status": "active", "relationship": {"text": "Parent"}} | unit
    return section(
        "ProxyAuthority", told, subject=subject, state=state, issued_at=issued_at, old=old
    )


def summary(*sections):
    return VerifiedSummary(Verdict.ACCEPTED, sections, NOW, timedelta())


def test_nothing_is_said_where_nobody_acts():
    assert acting_words(summary(section()), said=False) == ""
    assert acting_words(summary(), said=False) == ""


def test_with_proof_the_proxy_is_named_and_staff_look():
    words = acting_words(summary(section(), proxy()), said=True)
    assert words == (
        "Shown by a person acting for ZEPHYRINE, Quillon, with proof of authority:"
        " Mair Morgan (Parent). Check who is with you."
    )


def test_proof_alone_does_not_say_who_shows_it():
    words = acting_words(summary(section(), proxy()), said=False)
    assert words.startswith("Proof of authority to act for ZEPHYRINE, Quillon was shown: Mair")


def test_the_wallets_own_word_proves_nothing():
    words = acting_words(summary(section()), said=True)
    assert words == (
        "Shown by a person acting for ZEPHYRINE, Quillon, without proof of authority."
        " Check who is with you."
    )


def test_a_person_whom_no_readable_record_names_is_not_named():
    hidden = section(state=DeskState.FAILED_CHECK)
    assert "acting for somebody who is not named" in acting_words(summary(hidden), said=True)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(proxy(state=DeskState.OUT_OF_DATE), id="out of date"),
        pytest.param(proxy(state=DeskState.COULD_NOT_CHECK), id="not checked"),
        pytest.param(proxy(old=True), id="old"),
        pytest.param(proxy(status="inactive"), id="inactive"),
        pytest.param(proxy(status="draft"), id="a draft"),
        pytest.param(proxy(end="2026-11-24"), id="over since yesterday"),
        pytest.param(proxy(end="2026-10"), id="over since last month"),
        pytest.param(proxy(end="2025"), id="over since last year"),
        pytest.param(proxy(end="2026-11-24T23:59:59Z"), id="over since last night"),
        pytest.param(proxy(start="2026-11-26"), id="not begun"),
        pytest.param(
            proxy(subject=ADULT | {"birthDate": "2015-11-20"}, issued_at=NOW - timedelta(days=10)),
            id="issued before the eleventh birthday",
        ),
        pytest.param(
            proxy(subject=ADULT | {"birthDate": "2010-11-20"}, issued_at=NOW - timedelta(days=10)),
            id="issued before the sixteenth birthday",
        ),
    ],
)
def test_what_is_not_in_force_or_not_checked_is_no_proof(found):
    words = acting_words(summary(section(), found), said=True)
    assert "without proof of authority." in words
    assert "old, ended, or could not be checked" in words
    assert acting_words(summary(section(), found), said=False) == ""


@pytest.mark.parametrize(
    "state", [DeskState.FAILED_CHECK, DeskState.NOT_MATCHED, DeskState.NOT_SHARED]
)
def test_what_is_hidden_is_not_even_spoken_of(state):
    words = acting_words(summary(section(), proxy(state=state)), said=True)
    assert "without proof" in words
    assert "Mair" not in words


@pytest.mark.parametrize(
    "unit", [{"end": "2026-11-25"}, {"end": "2026"}, {"end": "2026-11"}, {"start": "2026"}, {}]
)
def test_what_is_in_force_today_is_proof(unit):
    assert "with proof" in acting_words(summary(section(), proxy(**unit)), said=True)


def test_two_parents_are_both_named():
    both = section(
        "ProxyAuthority", {"text": "Mair Morgan"}, {"text": "Ann Other", "status": "active"}
    )
    assert "Mair Morgan; Ann Other" in acting_words(summary(section(), both), said=True)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"birthDate": "2008-11-26"}, True),
        ({"birthDate": "2008-11-25"}, False),
        ({"birthDate": "2008"}, True),
        ({"birthDate": "2008-11"}, True),
        ({"birthDate": "2008-12"}, True),
        ({"birthDate": "2007"}, False),
        ({"birthDate": "2008-10"}, False),
        ({"birthDate": "soon"}, False),
        ({"ageOver18": False}, True),
        ({"ageOver18": True}, False),
        ({}, False),
    ],
)
def test_under_18_staff_are_told_to_look_for_safeguarding(subject, expected):
    words = safeguarding_words(summary(section(subject=subject)))
    assert words == (SAFEGUARDING if expected else "")


def test_of_pregnancy_too_wherever_it_is_told():
    own = section("PregnancyStatus", {"text": "Pregnant"})
    short = section("EmergencySummary", {"section": "pregnancy", "entry": {"text": "Pregnant"}})
    other = section("EmergencySummary", {"section": "allergies", "entry": {"text": "Nut"}})
    hidden = section("PregnancyStatus", {"text": "Pregnant"}, state=DeskState.FAILED_CHECK)
    assert [bool(safeguarding_words(summary(one))) for one in (own, short, other, hidden)] == [
        True, True, False, False,
    ]  # fmt: skip
