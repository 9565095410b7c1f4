"""What a patient reads about staying up to date and about errors: plain, and in both languages."""

from __future__ import annotations

import re

import pytest
from reading import too_hard

import schemas
from healthpassport.errors import catalogue
from wallet.client.access import GRANT_CODES
from wallet.service import changes, outcomes, reports

FORBIDDEN = re.compile(r"\b(credential|verifier|claim|disclos|revok|token)", re.IGNORECASE)
LANGUAGES = {"en", "cy"}


def two_language_texts():
    for kind, row in schemas.load("updates/outcomes.json")["kinds"].items():
        yield f"{kind}-title", row["title"]
        yield f"{kind}-next", row["next"]
    for name, texts in reports._WORDS.items():
        yield f"report-{name}", texts
    for name in ("_ASK", "_ADDED", "_GONE", "_CHANGED", "_STATE", "_NOT_GIVEN", "_NEW_RECORD"):
        yield f"changes{name}", getattr(changes, name)
    yield "changes-same", changes._SAME
    row = schemas.load("records/_warnings.json")["disputed"]
    yield "disputed", {language: row[language]["patient"] for language in LANGUAGES}


TEXTS = dict(two_language_texts())


@pytest.mark.parametrize("name", TEXTS)
def test_words_stand_in_both_languages_and_are_plain(name):
    texts = TEXTS[name]
    assert texts.keys() == LANGUAGES
    assert texts["en"] != texts["cy"]
    said = re.sub(r"\{[^}]*\}", "it", texts["en"])
    assert not too_hard(said), said
    assert not FORBIDDEN.search(said)


def patient_codes():
    shown = [code for code in catalogue() if code.startswith(("grant.", "report."))]
    return [code for code in shown if code not in {"grant.unknown", "report.unknown"}]


@pytest.mark.parametrize(
    "code", [c for c in patient_codes() if catalogue()[c].hint.find("passport-issuer") < 0]
)
def test_what_a_surgery_says_of_a_link_is_plain(code):
    entry = catalogue()[code]
    if entry.party.value == "wallet" and code not in GRANT_CODES:
        pytest.skip("a program reads this one")
    if code in {"report.key", "report.unreadable", "report.answered", "grant.not_yours"}:
        pytest.skip("a program or staff read this one")
    assert not too_hard(entry.title), entry.title
    assert not too_hard(entry.hint), entry.hint


@pytest.mark.parametrize("code", GRANT_CODES)
def test_every_code_of_a_link_has_a_kind_of_its_own_words(code):
    if code.startswith("grant."):
        assert code in outcomes.kinds()


def test_a_code_stands_in_one_kind_only():
    rows = schemas.load("updates/outcomes.json")["kinds"].values()
    codes = [code for row in rows for code in row["codes"]]
    assert len(codes) == len(set(codes))
    known = {code for code in codes if code}
    assert known <= catalogue().keys()


def test_what_nobody_foresaw_has_words_too():
    found = outcomes.outcome("encoding.json_syntax", "cy", issuer="x", person="")
    assert found.kind == outcomes.UNCLEAR
    assert found.title
