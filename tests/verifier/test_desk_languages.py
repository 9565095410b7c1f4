"""What staff read in Welsh: the four headings, states, rules, faults of forms; English is exact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from asgi_calls import call
from card_desk import made
from card_form import HEADERS, send

from healthpassport.cards import typed
from healthpassport.credential import (
    DeskState,
    FiredRule,
    Rule,
    Verdict,
    VerifiedSection,
    VerifiedSummary,
)
from healthpassport.languages import ENGLISH
from healthpassport.summary import Item
from verifier.service.problem_words import problem_words
from verifier.service.rule_words import rule_words
from verifier.service.words import STATES, age_words, allergy_heading, day, state_words
from verifier.web.languages import words
from verifier.web.pages import result_page

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WELSH = {"cookie": "desk-language=cy"}
FORM = {
    **WELSH,
    "origin": "http://localhost",
    "content-type": "application/x-www-form-urlencoded",
}
CY = words("cy")
PENICILLIN = Item({"text": "Penicillin", "clinicalStatus": "active"})


def summary(state, *items, **more):
    section = VerifiedSection(
        "q", "AllergySummary", state, len(items), len(items), items=items, **more
    )
    return VerifiedSummary(Verdict.ACCEPTED, (section,), NOW, timedelta(hours=3))


@pytest.mark.parametrize(
    ("found", "english", "welsh"),
    [
        (summary(DeskState.ITEMS, PENICILLIN), "Known allergies", "Alergeddau hysbys"),
        (summary(DeskState.NONE_KNOWN), "No known allergies", "Dim alergeddau hysbys"),
        (summary(DeskState.NOT_RECORDED), "Allergies not recorded", "Alergeddau heb eu cofnodi"),
        (summary(DeskState.WITHHELD), "Allergies unavailable", "Alergeddau ddim ar gael"),
    ],
    ids=["known", "none", "not recorded", "unavailable"],
)
def test_the_allergy_heading_is_one_of_four_in_each_language(found, english, welsh):
    assert allergy_heading(found).heading == english
    assert allergy_heading(found, CY).heading == welsh
    assert result_page(found, CY).allergies.is_known is (english == "Known allergies")


@pytest.mark.parametrize("state", STATES)
def test_only_somebodys_word_that_there_are_none_reads_as_none_in_welsh(state):
    heading = allergy_heading(summary(state), CY).heading
    assert (heading == "Dim alergeddau hysbys") is (state is DeskState.NONE_KNOWN)


def test_no_two_states_are_told_in_the_same_words():
    for say in (ENGLISH, CY):
        assert len({say(told) for told in STATES.values()}) == len(STATES)


def test_a_state_with_numbers_and_days_is_told_in_welsh():
    section = VerifiedSection("q", "AllergySummary", DeskState.PARTLY_SHARED, 1, 3)
    assert state_words(section, CY) == "Rhannwyd 1 o 3"
    gone = replace(section, state=DeskState.OUT_OF_DATE, valid_until=NOW)
    assert state_words(gone, CY) == "Wedi dyddio ers 20-Tach-2026"
    assert day(date(2026, 5, 1), CY) == "01-Mai-2026"


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (None, "heb ei chadw"),
        (timedelta(hours=3), "3 awr oed"),
        (timedelta(days=2), "2 ddiwrnod oed"),
        (timedelta(days=5), "5 diwrnod oed"),
    ],
)
def test_an_age_mutates_as_welsh_does(age, told):
    assert age_words(age, CY) == told


def test_a_rule_is_told_with_what_it_allows():
    fired = FiredRule(Rule.RECORD_AGE, timedelta(days=30), timedelta(days=45))
    assert rule_words(fired, CY) == "Hen: oedran 45 diwrnod. Y rheol yma: 30 diwrnod ar y mwyaf."


def test_what_a_record_says_is_never_translated():
    item = Item({"text": "Take one on Monday", "clinicalStatus": "confirmed"})
    page = result_page(summary(DeskState.ITEMS, item), CY)
    assert page.glance.allergies[0][0] == "Take one on Monday"


def test_a_fault_without_a_translation_says_whose_side_it_is_on_and_stands_in_english_below():
    told = problem_words("sdjwt.kb_at_issuance", CY)
    assert told.title == "Nid yw'r hyn a wnaeth y dyroddwr yn gywir."
    assert told.technical.startswith("An issuer sent a presentation")
    assert problem_words("sdjwt.kb_at_issuance").technical == ""
    assert problem_words("status.revoked", CY).technical == ""
    assert problem_words("access_denied", CY) is None


def test_faults_of_the_first_form_are_told_in_welsh(app):
    page = call(app, "POST", "/requests", headers=FORM, body=b"birth_day=31&birth_month=2").text
    assert "Dewiswch beth sydd ei angen arnoch" in page
    assert "dyddiad geni fod yn ddyddiad go iawn" in page
    assert "Gwall" in page
    assert "Error" not in page


def test_faults_of_a_card_are_told_in_welsh_with_the_line_that_is_wrong(app, world):
    rows = list(typed.lines(made(world)))
    rows[1] = rows[1].replace(rows[1][4], "0" if rows[1][4] != "0" else "2", 1)
    page = send(app, "\n".join(rows), headers={**HEADERS, **WELSH}).text
    assert "(llinell 2)" in page
    wrong = send(app, photo=b"no picture", headers={**HEADERS, **WELSH}, reason="", who="").text
    assert "Dewiswch pam rydych yn darllen y cerdyn" in wrong
    other = send(app, photo=b"no picture", headers={**HEADERS, **WELSH}).text
    assert "nid yw hwn yn llun y gellir ei agor" in other


def test_a_choice_of_language_is_a_cookie_that_scripts_cannot_read(app):
    answer = call(app, "POST", "/language", headers=FORM, body=b"language=en&back=/today")
    assert (answer.status, answer.headers["location"]) == (303, "/today")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "samesite=strict" in answer.headers["set-cookie"].lower()


def test_a_language_that_is_not_there_changes_nothing(app):
    answer = call(app, "POST", "/language", headers=FORM, body=b"language=../x&back=//a.example")
    assert answer.headers["location"] == "/"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("given", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_a_browser_that_a_guard_refuses_gets_a_page_in_its_language(app, given):
    headers = {**FORM, "accept": "text/html,*/*;q=0.8", **given}
    answer = call(app, "POST", "/requests", headers=headers)
    assert answer.status == 403
    assert '<html lang="cy"' in answer.text
    assert "content-security-policy" in answer.headers
    plain = call(app, "POST", "/requests", headers={**FORM, **given})
    assert plain.json["code"] in {"request.host", "csrf"}


def test_a_page_of_a_problem_leads_back_to_no_other_place(app):
    headers = {**FORM, "accept": "text/html", "referer": "http://evil.example//a.example/x"}
    page = call(app, "POST", "/requests/unknown/close", headers=headers).text
    assert 'name="back" value="/"' in page
