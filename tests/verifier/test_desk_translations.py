"""Words of the desk's pages: all in both languages, none left behind, none in one alone."""

from __future__ import annotations

import re

import pytest
from desk_words import message_ids, templates, words
from page_words import untranslated
from repository import ROOT

import schemas
from healthpassport.languages import LANGUAGES, read_po
from healthpassport.sign_in import own_path
from verifier.web import languages
from verifier.web.languages import LOCALE

PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%%")
OTHERS = [code for code in LANGUAGES if code != "en"]
IDS = message_ids()
FORBIDDEN = re.compile(r"\b(credential|verifier|claim|disclos|revok|vault|invalid)", re.IGNORECASE)


def files(language):
    return {
        path.stem: read_po(path.read_text(encoding="utf-8"))
        for path in sorted((LOCALE / language).glob("*.po"))
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_of_the_desk_is_translated(language):
    known = languages.words(language)
    assert [text for texts in IDS.values() for text in texts if not known.knows(text)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_of_the_desk_is_left_behind_or_empty(language):
    for area, found in files(language).items():
        assert not set(found.messages) - IDS[area], area
        assert all(all(forms) for forms in found.messages.values()), area


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_of_the_desk_are_the_same_in_each_language(language):
    for found in files(language).values():
        for text, forms in found.messages.items():
            for form in forms:
                assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(form)), text


@pytest.mark.parametrize("language", OTHERS)
def test_translated_errors_stand_in_the_catalogue(language):
    everything = {row[name] for row in schemas.load_errors().values() for name in ("title", "hint")}
    for text in schemas.error_words(language):
        assert not set(read_po(text).messages) - everything


@pytest.mark.parametrize("path", templates(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_template_of_the_desk_has_no_words_in_one_language_alone(path):
    assert untranslated(path) == []


def test_staff_are_not_spoken_to_in_the_words_of_protocols():
    assert [text for texts in words().values() for text in texts if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize(
    "path", ["//elsewhere.example/", "/\\elsewhere.example", "https://x.y", ""]
)
def test_a_change_of_language_leads_nowhere_else(path):
    assert own_path(path) == "/"
    assert own_path("/requests/abc") == "/requests/abc"
